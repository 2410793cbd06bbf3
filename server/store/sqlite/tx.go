package sqlite

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// reader reads records, each call with one statement or in a snapshot, so that
// it sees one state. What it may ask before is only which way is the fastest.
type reader struct {
	session db.Session
	// driven is how many accounts a list may sort: see maxDriven.
	driven int
	// text is the index to use, if there is one. The writer's connection has
	// none, since it must not take the lock of the index's file.
	text *textindex.Index
	// view is the index as it goes with the session, where that is a snapshot.
	view textindex.View
}

var _ store.Reader = reader{}

// transaction is one write's part of the writer's transaction. It is of no use
// once the write has ended.
type transaction struct {
	reader
	texts  bool // there is a text index, which has to hear of texts that change
	queued bool // it has heard of some
}

var _ store.Tx = (*transaction)(nil)

// AccountForUpdate is Account: the writer runs one transaction at a time.
func (t *transaction) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	return t.Account(ctx, companyID, id)
}

// The statements around a part of a transaction. A nested part hides the outer
// one of the same name until it ends.
var (
	savePart    = db.Statement{Thing: "savepoint", Text: "SAVEPOINT part"}
	releasePart = db.Statement{Thing: "savepoint", Text: "RELEASE part"}
	undoPart    = db.Statement{Thing: "savepoint", Text: "ROLLBACK TO part"}
)

// Isolate runs fn so that its failure undoes nothing but its own writes.
func (t *transaction) Isolate(ctx context.Context, fn func(ctx context.Context) error) error {
	if _, err := t.session.Exec(ctx, savePart); err != nil {
		return err
	}
	failure := fn(ctx)
	if failure != nil {
		if _, err := t.session.Exec(ctx, undoPart); err != nil {
			// fn's error is text only: its kind would say that all is well.
			return fmt.Errorf("undo after %q: %w", failure.Error(), err)
		}
	}
	if _, err := t.session.Exec(ctx, releasePart); err != nil {
		return err
	}
	return failure
}
