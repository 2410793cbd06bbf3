package db

import (
	"context"
	"database/sql"
)

// beginner is a Queryer that is no transaction yet.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Snapshot runs reads that together see one state. A transaction sees one
// anyway.
func (s Session) Snapshot(ctx context.Context, read func(Session) error) error {
	on, ok := s.Statements.on.(beginner)
	if s.Whole || !ok {
		return read(s)
	}
	if err := s.Gate.Enter(); err != nil {
		return err
	}
	defer s.Gate.Leave()
	tx, err := on.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.interpret(err, beginSnapshot)
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	snapshot := NewSession(tx)
	snapshot.Damage = s.Damage
	return read(snapshot)
}

// beginSnapshot is what errors say about its begin.
var beginSnapshot = Statement{Thing: "snapshot", Text: "SELECT"}
