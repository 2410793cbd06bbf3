package sqlite

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
)

// reader reads records, each call with one statement or in a snapshot, so that
// it sees one state. What it may ask before is only which way is the fastest.
type reader struct {
	session session
	// driven is how many accounts a list may sort: see maxDriven.
	driven int
	// search is the index to use, if there is one. The writer's connection
	// has none, since it must not take the search file's lock.
	search *indexer
}

var _ account.Reader = reader{}

// transaction is one write's part of the writer's transaction. It is of no use
// once the write has ended.
type transaction struct {
	reader
	gate     *gate
	searched bool // note what becomes of texts that are searched
	queued   bool // it has
}

var _ account.Tx = (*transaction)(nil)

func newTransaction(statements *statements, limits limits) *transaction {
	gate := &gate{}
	return &transaction{
		reader:   reader{session: session{statements: statements, gate: gate, whole: true}, driven: limits.driven},
		gate:     gate,
		searched: limits.search,
	}
}

// AccountForUpdate is Account: the writer runs one transaction at a time.
func (t *transaction) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	return t.Account(ctx, companyID, id)
}

// The statements around a part of a transaction. A nested part hides the outer
// one of the same name until it ends.
var (
	savePart    = statement{thing: "savepoint", text: "SAVEPOINT part"}
	releasePart = statement{thing: "savepoint", text: "RELEASE part"}
	undoPart    = statement{thing: "savepoint", text: "ROLLBACK TO part"}
)

// Isolate runs fn so that its failure undoes nothing but its own writes.
func (t *transaction) Isolate(ctx context.Context, fn func(ctx context.Context) error) error {
	if _, err := t.session.exec(ctx, savePart); err != nil {
		return err
	}
	failure := fn(ctx)
	if failure != nil {
		if _, err := t.session.exec(ctx, undoPart); err != nil {
			// fn's error is text only: its kind would say that all is well.
			return fmt.Errorf("undo after %q: %w", failure.Error(), err)
		}
	}
	if _, err := t.session.exec(ctx, releasePart); err != nil {
		return err
	}
	return failure
}
