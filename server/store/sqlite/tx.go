package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

// reader reads records, each call with one statement, so that it sees one
// state.
type reader struct {
	session session
}

var _ account.Reader = reader{}

// transaction is one write's part of the writer's transaction. It is of no use
// once the write has ended.
type transaction struct {
	reader
	gate *gate
}

var _ account.Tx = (*transaction)(nil)

func newTransaction(statements *statements) *transaction {
	gate := &gate{}
	return &transaction{reader: reader{session{statements: statements, gate: gate, whole: true}}, gate: gate}
}

// AccountForUpdate is Account: the writer runs one transaction at a time.
func (t *transaction) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	return t.Account(ctx, companyID, id)
}
