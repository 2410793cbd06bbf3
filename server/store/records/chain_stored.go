package records

import (
	"context"
	"crypto/sha256"
	"math"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
)

// StoredEntry is an entry of history as its row has it, whatever that is.
type StoredEntry struct {
	Sequence  int64
	AccountID int64
	Kind      string
	Version   int64
	At        time.Time
	UserID    *int64
	KeyID     *int64
	Email     string
	Reason    *string
	Cause     *string // JSON
	Fields    string  // JSON
	Hash      []byte
	companyID int64
}

// firstSealed are the columns that there were when entries got hashes.
var firstSealed = db.NewTable(firstColumns)

func firstColumns(e *StoredEntry) []any {
	return []any{
		"sequence", &e.Sequence, "company_id", &e.companyID, "account_id", &e.AccountID, "kind", &e.Kind,
		"version", &e.Version, "at", (*db.Time)(&e.At), "user_id", &e.UserID, "key_id", &e.KeyID,
		"email", &e.Email, "fields", &e.Fields, "hash", &e.Hash,
	}
}

var storedEntries = db.NewTable(func(e *StoredEntry) []any {
	return append(firstColumns(e), "reason", &e.Reason, "cause", &e.Cause)
})

// Chained returns the hash that the entry must have behind one with another hash.
func (e *StoredEntry) Chained(before *Hash) Hash {
	buffer := sealing.Get().(*[]byte)
	defer sealing.Put(buffer)
	c := canonical{e.companyID, e.AccountID, e.Kind, e.Version, e.UserID, e.KeyID, e.Email, e.Reason, e.Cause}
	*buffer = c.appendParts(appendText(c.append((*buffer)[:0]), e.Fields))
	digest := Hash(sha256.Sum256(*buffer))
	return chained(before, e.Sequence, e.At, &digest)
}

// Head is the end of a company's history, as the company's row has it.
type Head struct {
	CompanyID  int64
	Name       string
	Sequence   int64 // of the last entry
	Hash       []byte
	LastNumber int64 // the last one assigned to an account
}

var (
	heads = db.NewTable(func(h *Head) []any {
		return []any{"id", &h.CompanyID, "name", &h.Name, "last_sequence", &h.Sequence, "last_hash", &h.Hash, "last_number", &h.LastNumber}
	})
	selectHeads       = db.Statement{Thing: "companies", Text: `SELECT ` + heads.List("") + ` FROM companies ORDER BY id`}
	fromStoredEntries = `SELECT ` + storedEntries.List("") + ` FROM changes `
	selectEntries     = db.Statement{Thing: "history", Text: fromStoredEntries + `WHERE company_id = ? AND sequence > ? ORDER BY sequence`}
	selectUnsealed    = db.Statement{Thing: "history", Text: `SELECT ` + firstSealed.List("") + ` FROM changes
WHERE company_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`}
	selectByAccount = db.Statement{Thing: "history", Text: fromStoredEntries + `{by changes_account}
WHERE company_id = ? AND account_id > ? AND account_id <= ? ORDER BY account_id, sequence`}
	saveHash = db.Statement{Thing: "history", Text: `UPDATE changes SET hash = ?3 WHERE company_id = ?1 AND sequence = ?2`}
)

// Heads returns the ends of all companies' histories.
func (r Reader) Heads(ctx context.Context) ([]Head, error) {
	return db.Collect(ctx, r.Session, selectHeads, nil, heads.Scan)
}

// EachEntry calls take with a company's entries in the order of their sequences. It
// keeps none: the entry is another one with the next call.
func (r Reader) EachEntry(ctx context.Context, companyID int64, take func(*StoredEntry) error) error {
	return r.eachStored(ctx, selectEntries, []any{companyID, int64(math.MinInt64)}, take)
}

// EachEntryOf is EachEntry of the accounts with ids above after, up to last, by their
// ids and then the sequences.
func (r Reader) EachEntryOf(ctx context.Context, companyID, after, last int64, take func(*StoredEntry) error) error {
	return r.eachStored(ctx, selectByAccount, []any{companyID, after, last}, take)
}

func (r Reader) eachStored(ctx context.Context, st db.Statement, args []any, take func(*StoredEntry) error) error {
	e := new(StoredEntry)
	dest := storedEntries.At(e)
	return r.Session.Each(ctx, st, args, func(row *db.Row) error {
		if err := row.Scan(dest...); err != nil {
			return err
		}
		return take(e)
	})
}

// sealedAtOnce is how many entries are read and sealed together.
const sealedAtOnce = 2000

// Seal makes the hashes of a history without any, in the transaction of a session:
// it is for the step to a schema that has them. It must do with the columns that
// there were then.
func Seal(ctx context.Context, s db.Session, progress func(done int64)) error {
	companies, err := Reader{Session: s}.Heads(ctx)
	if err != nil {
		return err
	}
	done := int64(0)
	for _, company := range companies {
		head, after := Hash{}, int64(math.MinInt64)
		for more := true; more; {
			entries, err := db.Collect(ctx, s, selectUnsealed, []any{company.CompanyID, after, sealedAtOnce}, firstSealed.Scan)
			if err != nil {
				return err
			}
			if err := sealAll(ctx, s, entries, &head); err != nil {
				return err
			}
			if more = len(entries) == sealedAtOnce; more {
				after = entries[len(entries)-1].Sequence
			}
			done += int64(len(entries))
			progress(done)
		}
		if err := s.Exec(ctx, saveChain, company.CompanyID, company.Sequence, &head); err != nil {
			return err
		}
	}
	return nil
}

// sealAll writes the hashes of entries that follow each other, and leaves the last in
// head.
func sealAll(ctx context.Context, s db.Session, entries []StoredEntry, head *Hash) error {
	lists := make([][]any, len(entries))
	for i := range entries {
		hash := entries[i].Chained(head)
		lists[i], *head = []any{&entries[i].companyID, &entries[i].Sequence, &hash}, hash
	}
	_, err := s.RunAll(ctx, saveHash, lists)
	return err
}
