package sqlite

import (
	"context"
	"database/sql"
)

// beginner is a queryer that is no transaction yet.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// snapshot runs reads that together see one state. A transaction sees one
// anyway.
func (s session) snapshot(ctx context.Context, read func(session) error) error {
	on, ok := s.statements.on.(beginner)
	if s.whole || !ok {
		return read(s)
	}
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	tx, err := on.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return interpretError(err, beginSnapshot)
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	return read(session{statements: newStatements(tx), gate: &gate{}})
}

// beginSnapshot is what errors say about its begin.
var beginSnapshot = statement{thing: "snapshot", text: "SELECT"}
