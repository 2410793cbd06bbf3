package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

// reader reads records, each call with one statement or in a snapshot, so that
// it sees one state. What it may ask before is only which way is the fastest.
type reader struct {
	session session
	// driven is how many accounts a list may sort: see maxDriven.
	driven int
}

var _ account.Reader = reader{}

// transaction is one write's part of the writer's transaction. It is of no use
// once the write has ended.
type transaction struct {
	reader
	gate *gate
}

var _ account.Tx = (*transaction)(nil)

func newTransaction(statements *statements, driven int) *transaction {
	gate := &gate{}
	return &transaction{reader: reader{session{statements: statements, gate: gate, whole: true}, driven}, gate: gate}
}

// AccountForUpdate is Account: the writer runs one transaction at a time.
func (t *transaction) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	return t.Account(ctx, companyID, id)
}
