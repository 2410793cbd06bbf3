package sqlite

import (
	"context"
	"database/sql"
)

// snapshot runs reads that together see one state. A transaction sees one
// anyway.
func (s session) snapshot(ctx context.Context, read func(session) error) error {
	if s.whole {
		return read(s)
	}
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	tx, err := s.statements.on.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return interpretError(err, beginSnapshot)
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	return read(session{statements: newStatements(inTx{tx}), gate: &gate{}})
}

// beginSnapshot is what errors say about its begin.
var beginSnapshot = statement{thing: "snapshot", text: "SELECT"}

// inTx is a transaction in which no other begins.
type inTx struct{ *sql.Tx }

// BeginTx returns the transaction itself.
func (t inTx) BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error) { return t.Tx, nil }
