package intake

import (
	"context"
	"errors"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

const (
	// importTime bounds how long one call of Rows keeps other writers waiting, but for
	// the rows that it has begun with.
	importTime = 10 * time.Millisecond
	// rowsAhead are rows that are read for together. All of them are imported, or a slow
	// machine would read for all and import one.
	rowsAhead = 50
)

// Digest is the SHA-256 that tells one import from another.
type Digest [32]byte

// Import is how far an import has come that is not complete.
type Import struct {
	CompanyID   int64
	Digest      Digest // of the file and of how it is imported
	Counts      ImportCounts
	Rejects     string // path of the file of the rejected rows
	RejectsSize int64  // its length with those that Counts includes
}

// ImportCounts says what became of the rows that are done.
type ImportCounts struct {
	Created, Updated, Unchanged, Rejected int64
}

// Rows returns how many rows are done.
func (c ImportCounts) Rows() int64 { return c.Created + c.Updated + c.Unchanged + c.Rejected }

// ImportRow is one row of a file. A row of whose patch something is wrong will be
// rejected.
type ImportRow struct {
	Patch    account.Patch
	Unusable bool // so little was read of it that the rest cannot be checked
}

// ImportRequest are rows to import.
type ImportRequest struct {
	Import          Import // as it was last returned
	Rows            []ImportRow
	Last            bool // no rows follow these
	MatchBy         account.MatchBy
	Strategy        Strategy
	AllowNewOptions bool

	// Reject keeps the rejected ones of Rows in the file of rejects, of which
	// only the first size bytes count, and returns its new length. It may be
	// called again with the same size, if the store asks for that.
	Reject func(size int64, rows []RejectedRow) (int64, error)
}

// RejectedRow is a row that was not imported.
type RejectedRow struct {
	Index   int // in the Rows of the request
	Reasons []string
}

// ImportStore is the part of a store about imports.
type ImportStore interface {
	write.Transactor[ImportTx]
}

// ImportTx keeps how far imports have come.
type ImportTx interface {
	account.Tx
	audit.Tx

	// Import returns how far the import of a file has come, or KindNotFound.
	// Two transactions that look for the same one run one after the other.
	Import(ctx context.Context, companyID int64, digest Digest) (Import, error)

	// SaveImport keeps how far an import has come, in place of what was kept
	// of the same one before.
	SaveImport(ctx context.Context, i Import) error

	// DeleteImport forgets an import. KindNotFound if there is none.
	DeleteImport(ctx context.Context, companyID int64, digest Digest) error
}

// Importer imports rows.
type Importer struct {
	intake *Service
	store  ImportStore
}

// NewImporter returns an importer of accounts.
func NewImporter(intake *Service, store ImportStore) *Importer {
	return &Importer{intake: intake, store: store}
}

// Parse reads a row: see ParsePatch.
func (i *Importer) Parse(body any) account.Patch { return account.ParsePatch(body, i.intake.region) }

// Begin returns how far the import has come if it was begun before, and else
// keeps that it begins, unless begin returns an error.
func (i *Importer) Begin(ctx context.Context, start Import, begin func() error) (Import, error) {
	return write.Run(ctx, i.store, write.Mode[Import]{}, func(ctx context.Context, tx ImportTx) (Import, error) {
		kept, err := tx.Import(ctx, start.CompanyID, start.Digest)
		if !fault.IsNotFound(err) {
			return kept, err
		}
		if err := begin(); err != nil {
			return Import{}, err
		}
		return start, tx.SaveImport(ctx, start)
	})
}

// Forget makes an import begin anew that is not complete. It undoes nothing of
// it.
func (i *Importer) Forget(ctx context.Context, begun Import) error {
	err := write.Do(ctx, i.store, func(ctx context.Context, tx ImportTx) error {
		return tx.DeleteImport(ctx, begun.CompanyID, begun.Digest)
	})
	if fault.IsNotFound(err) {
		return nil
	}
	return err
}

// Rows imports the first of the rows, at least one, and as many as others may be
// kept waiting for, in one transaction with the note of how far the import has
// come, which it returns. A row that cannot be imported is rejected, and leaves
// nothing behind. With the last row the import is complete, and forgotten.
// Errors: KindConflict if the import has meanwhile gone on or ended elsewhere.
func (i *Importer) Rows(ctx context.Context, actor identity.Actor, req ImportRequest) (Import, error) {
	done, err := i.rows(ctx, actor, req, false)
	if errors.Is(err, errHalfWritten) {
		return i.rows(ctx, actor, req, true)
	}
	return done, err
}

// errHalfWritten is of a row that failed after a part of it was written, which
// is rare: to be ready for it costs each row a savepoint.
var errHalfWritten = errors.New("a row was written in part")

// rows is Rows, which apart undoes a row that fails.
func (i *Importer) rows(ctx context.Context, actor identity.Actor, req ImportRequest, apart bool) (Import, error) {
	return write.Run(ctx, i.store, write.Mode[Import]{}, func(ctx context.Context, tx ImportTx) (Import, error) {
		kept, err := tx.Import(ctx, req.Import.CompanyID, req.Import.Digest)
		if err != nil && !fault.IsNotFound(err) {
			return Import{}, err
		}
		if err != nil || kept != req.Import {
			return Import{}, fault.Errorf(fault.KindConflict, "another command has continued this import; make sure that only one runs")
		}
		ahead := &aheadTx{Tx: tx}
		run := &importRun{tx: tx, ahead: ahead, req: req, done: kept, apart: apart}
		run.creation = creation{Service: i.intake, tx: ahead, actor: actor, partial: true}
		return run.rows(ctx)
	})
}

// importRun is one Rows in its transaction. Each row is a creation.
type importRun struct {
	creation creation
	tx       ImportTx
	ahead    *aheadTx
	req      ImportRequest
	done     Import
	rejected []RejectedRow
	apart    bool // a row that fails is undone, not all of them
}

func (r *importRun) rows(ctx context.Context) (Import, error) {
	start, complete := time.Now(), r.req.Last
	for first := 0; first < len(r.req.Rows); first += rowsAhead {
		if first > 0 && time.Since(start) > importTime {
			complete = false
			break
		}
		if err := r.some(ctx, first, min(first+rowsAhead, len(r.req.Rows))); err != nil {
			return Import{}, err
		}
	}
	if len(r.rejected) > 0 {
		size, err := r.req.Reject(r.done.RejectsSize, r.rejected)
		if err != nil {
			return Import{}, err
		}
		r.done.RejectsSize = size
	}
	if complete {
		if err := r.tx.DeleteImport(ctx, r.done.CompanyID, r.done.Digest); err != nil {
			return r.done, err
		}
		return r.done, audit.Add(ctx, r.tx, r.entry())
	}
	return r.done, r.tx.SaveImport(ctx, r.done)
}

// some imports the rows from the first on up to an end.
func (r *importRun) some(ctx context.Context, first, end int) error {
	if err := r.readAhead(ctx, r.req.Rows[first:end]); err != nil {
		return err
	}
	for i := first; i < end; i++ {
		if err := r.row(ctx, i, r.req.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// readAhead reads what rows will be matched with.
func (r *importRun) readAhead(ctx context.Context, rows []ImportRow) error {
	properties, err := r.creation.accounts.Schema(ctx, r.ahead, r.done.CompanyID)
	if err != nil {
		return err
	}
	all := make([]sought, len(rows))
	for i := range rows {
		all[i] = sought{by: r.req.MatchBy, strategy: r.req.Strategy, patch: &rows[i].Patch}
		if r.req.MatchBy == account.MatchID {
			all[i].id = rows[i].Patch.ID.Value
		}
	}
	return r.ahead.readAhead(ctx, r.done.CompanyID, properties, all)
}

// entry is the import in the audit log, once it is complete.
func (r *importRun) entry() audit.Entry {
	counts := r.done.Counts
	return audit.Entry{
		CompanyID: r.done.CompanyID, At: r.creation.clock.Now(), By: r.creation.actor.By(), Action: audit.AccountsImported,
		Details: map[string]any{"created": counts.Created, "updated": counts.Updated, "unchanged": counts.Unchanged, "rejected": counts.Rejected},
	}
}

// row imports or rejects one row. An error is not the row's fault.
func (r *importRun) row(ctx context.Context, index int, row ImportRow) error {
	counts := &r.done.Counts
	count := &counts.Unchanged
	treat := func(ctx context.Context) error {
		if row.Unusable {
			return fault.Invalid(row.Patch.Found)
		}
		result, changed, err := r.treatRow(ctx, row.Patch)
		switch {
		case result.Created:
			count = &counts.Created
		case changed:
			count = &counts.Updated
		}
		return err
	}
	before, err := r.ahead.writes, error(nil)
	if r.apart {
		err = r.tx.Isolate(ctx, treat)
	} else {
		err = treat(ctx)
	}
	if err == nil {
		*count++
		return nil
	}
	reasons := reasonsOf(err)
	switch {
	case reasons == nil:
		return err
	case !r.apart && r.ahead.writes > before:
		return errHalfWritten
	}
	if r.apart {
		r.ahead.forget() // What is remembered may be what the row made of it.
	}
	r.rejected = append(r.rejected, RejectedRow{Index: index, Reasons: reasons})
	counts.Rejected++
	return nil
}

func (r *importRun) treatRow(ctx context.Context, p account.Patch) (CreateResult, bool, error) {
	if r.req.MatchBy != account.MatchID {
		p.ID = patch.Field[int64]{} // It may be that of another database.
	} else if r.req.Strategy == StrategyUpdate && !p.ID.IsAbsent() {
		before, err := r.ahead.AccountForUpdate(ctx, r.done.CompanyID, p.ID.Value)
		if err == nil {
			after, err := r.creation.accounts.ApplyAndSave(ctx, r.ahead, r.creation.actor, before, p, r.req.AllowNewOptions)
			return CreateResult{Account: after}, after.Version != before.Version, err
		}
		// What else is wrong with the row is not found without an account.
	}
	r.creation.req = CreateRequest{
		Patch: p, MatchBy: r.req.MatchBy, Strategy: r.req.Strategy, AllowNewOptions: r.req.AllowNewOptions,
	}
	return r.creation.run(ctx)
}

// fieldsOf are the offences of a row that an error tells of.
func fieldsOf(err error) []fault.Offence {
	e, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok || (e.Kind != fault.KindInvalid && e.Kind != fault.KindConflict):
		return nil
	case len(e.Fields) == 0:
		return []fault.Offence{{In: fault.InBody, Message: e.Message}}
	}
	return fault.Offences(e.Fields).Distinct()
}

// reasonsOf says why a row is rejected, or nil if the error is not the row's fault.
func reasonsOf(err error) []string {
	var reasons []string
	for _, f := range fieldsOf(err) {
		reasons = append(reasons, f.Message)
	}
	return reasons
}
