package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

// reader reads records, each call with one statement, so that it sees one
// state. What it may ask before is only which statement is the fastest.
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
