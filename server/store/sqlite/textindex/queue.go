package textindex

import (
	"context"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// The queue says which records the index has to look at again. Writes add to
// it in their own transaction, which costs them next to nothing, while to
// index the text itself would cost more than the rest of the write. It holds a
// record once: the entry of a change replaces that of the one before, and is
// the last. So an entry stands for one state of the record's text.
var (
	enqueueRecord = db.Statement{Thing: "search queue", Text: `INSERT OR REPLACE INTO search_queue (company_id, kind, record_id) VALUES (?, ?, ?)`}
	// One entry stays, so that the next ones go on from it.
	pruneQueue = db.Statement{Thing: "search queue", Text: `DELETE FROM search_queue WHERE sequence < ?`}
	notePruned = db.Statement{Thing: "search state", Text: `UPDATE search_state SET pruned = max(pruned, ?)`}
)

// Changed notes in a transaction that a record's text is new, another, or gone:
// see records.Queue. Wake must follow once that has committed.
func (x *Index) Changed(ctx context.Context, tx db.Session, kind records.Kind, companyID, id int64, _ func() records.Text) error {
	return tx.Exec(ctx, enqueueRecord, companyID, kind.Name, id)
}

// Undone does nothing: what was noted in the transaction is undone with it.
func (x *Index) Undone() {}

// prune removes the entries up to one that the file has.
func prune(ctx context.Context, tx db.Session, position int64) error {
	if err := tx.Exec(ctx, pruneQueue, position); err != nil {
		return err
	}
	return tx.Exec(ctx, notePruned, position)
}
