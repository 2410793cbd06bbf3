package account

import (
	"context"
	"errors"
	"time"
)

// More ways for imports to recognise an account and to treat it. By id an
// account must exist where a row names one; a row without an id is a new one.
const (
	MatchID     MatchBy = "id"
	MatchNumber MatchBy = "number"

	StrategyUpdate Strategy = "update" // apply the row as a patch
)

// importTime bounds how long one call of ImportRows keeps other writers
// waiting.
const importTime = 50 * time.Millisecond

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

// ImportRow is one row of a file. What could not be read of it is not in the
// patch, but among the offences, for which the row will be rejected.
type ImportRow struct {
	Patch    Patch
	Offences []FieldError
	Unusable bool // so little was read of it that the rest cannot be checked
}

// ImportRequest are rows to import.
type ImportRequest struct {
	Import          Import // as it was last returned
	Rows            []ImportRow
	Last            bool // no rows follow these
	MatchBy         MatchBy
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

// BeginImport returns how far the import has come if it was begun before, and
// else keeps that it begins, unless begin returns an error.
func (s *Service) BeginImport(ctx context.Context, i Import, begin func() error) (Import, error) {
	var kept Import
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		var err error
		if kept, err = tx.Import(ctx, i.CompanyID, i.Digest); err == nil || KindOf(err) != KindNotFound {
			return err
		}
		if err := begin(); err != nil {
			return err
		}
		kept = i
		return tx.SaveImport(ctx, i)
	})
	if err != nil {
		return Import{}, err
	}
	return kept, nil
}

// ForgetImport makes an import that is not complete start over. It undoes
// nothing of it.
func (s *Service) ForgetImport(ctx context.Context, i Import) error {
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		return tx.DeleteImport(ctx, i.CompanyID, i.Digest)
	})
	if err != nil && KindOf(err) != KindNotFound {
		return err
	}
	return nil
}

// ImportRows imports the first of the rows, at least one, and as many as others
// may be kept waiting for, in one transaction with the note of how far the
// import has come, which it returns. A row that cannot be imported is rejected,
// and leaves nothing behind. With the last row the import is complete, and
// forgotten. Errors: KindConflict if the import has meanwhile continued or ended
// elsewhere.
func (s *Service) ImportRows(ctx context.Context, actor Actor, req ImportRequest) (Import, error) {
	var after Import
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		kept, err := tx.Import(ctx, req.Import.CompanyID, req.Import.Digest)
		if err != nil && KindOf(err) != KindNotFound {
			return err
		}
		if err != nil || kept != req.Import {
			return &Error{Kind: KindConflict, Message: "another command has continued this import; make sure that only one runs"}
		}
		run := &importRun{tx: &importTx{Tx: tx}, req: req, done: kept}
		run.creation = creation{Service: s, tx: run.tx, actor: actor, partial: true}
		after, err = run.rows(ctx)
		return err
	})
	if err != nil {
		return Import{}, err
	}
	return after, nil
}

// importRun is one ImportRows in its transaction. Each row is a creation.
type importRun struct {
	creation creation
	tx       *importTx
	req      ImportRequest
	done     Import
	rejected []RejectedRow
}

func (r *importRun) rows(ctx context.Context) (Import, error) {
	start, complete := time.Now(), r.req.Last
	for i, row := range r.req.Rows {
		if i > 0 && time.Since(start) > importTime {
			complete = false
			break
		}
		if err := r.row(ctx, i, row); err != nil {
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
		return r.done, r.tx.DeleteImport(ctx, r.done.CompanyID, r.done.Digest)
	}
	return r.done, r.tx.SaveImport(ctx, r.done)
}

// row imports or rejects one row. An error is not the row's fault.
func (r *importRun) row(ctx context.Context, index int, row ImportRow) error {
	counts := &r.done.Counts
	count := &counts.Unchanged
	err := r.tx.Isolate(ctx, func(ctx context.Context) error {
		if row.Unusable {
			return Invalid(row.Offences)
		}
		result, changed, err := r.treatRow(ctx, row.Patch)
		switch {
		case result.Created:
			count = &counts.Created
		case changed:
			count = &counts.Updated
		}
		return withOffences(row.Offences, err)
	})
	if err == nil {
		*count++
		return nil
	}
	reasons := reasonsOf(err)
	if reasons == nil {
		return err
	}
	r.tx.properties = nil // They may be what the row made of them.
	r.rejected = append(r.rejected, RejectedRow{Index: index, Reasons: reasons})
	counts.Rejected++
	return nil
}

func (r *importRun) treatRow(ctx context.Context, p Patch) (CreateResult, bool, error) {
	if r.req.MatchBy != MatchID {
		p.ID = Field[int64]{} // It may be that of another database.
	} else if r.req.Strategy == StrategyUpdate && !p.ID.IsAbsent() {
		before, err := r.tx.AccountForUpdate(ctx, r.done.CompanyID, p.ID.Value)
		if err == nil {
			after, err := r.creation.applyAndSave(ctx, r.tx, r.creation.actor, before, p, r.req.AllowNewOptions)
			return CreateResult{Account: after}, after.Version != before.Version, err
		}
		// What else is wrong with the row is not found without an account.
	}
	r.creation.req = CreateRequest{
		Patch: p, MatchBy: r.req.MatchBy, Strategy: r.req.Strategy, AllowNewOptions: r.req.AllowNewOptions,
	}
	return r.creation.run(ctx)
}

// withOffences adds to the offences that were found in reading a row those of
// the rest of it. A member that could not be read was not missing.
func withOffences(found []FieldError, err error) error {
	if len(found) == 0 || (err != nil && reasonsOf(err) == nil) {
		return err
	}
	all := append([]FieldError(nil), found...)
	seen := make(map[string]bool, len(found))
	for _, f := range found {
		seen[f.Field()] = true
	}
	for _, f := range fieldsOf(err) {
		if !seen[f.Field()] {
			all = append(all, f)
		}
	}
	return Invalid(all)
}

// fieldsOf are the offences of a row that an error tells of.
func fieldsOf(err error) []FieldError {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || (e.Kind != KindInvalid && e.Kind != KindConflict):
		return nil
	case len(e.Fields) == 0:
		return []FieldError{{In: InBody, Message: e.Message}}
	}
	return e.Fields
}

// reasonsOf says why a row is rejected, or nil if the error is not the row's fault.
func reasonsOf(err error) []string {
	var reasons []string
	for _, f := range fieldsOf(err) {
		reasons = append(reasons, f.Message)
	}
	return reasons
}

// importTx reads the company's properties once for many rows.
type importTx struct {
	Tx
	properties []Property // nil: not read yet
}

// Properties returns the company's properties, which must not be changed.
func (t *importTx) Properties(ctx context.Context, companyID int64) ([]Property, error) {
	if t.properties == nil {
		properties, err := t.Tx.Properties(ctx, companyID)
		if err != nil {
			return nil, err
		}
		t.properties = properties
	}
	return t.properties, nil
}

// AddOption adds an option, which the next row must see.
func (t *importTx) AddOption(ctx context.Context, companyID int64, option NewOption) error {
	t.properties = nil
	return t.Tx.AddOption(ctx, companyID, option)
}
