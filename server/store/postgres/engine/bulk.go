package engine

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/db"
)

var errOutside = errors.New("rows are added in bulk only in a transaction of the engine")

// CopyIn adds rows to a table in the transaction of a session, by the protocol that
// PostgreSQL has for many at once. No row may be there.
func CopyIn(ctx context.Context, s db.Session, table string, columns []string, rows [][]any) error {
	r, ok := s.Runner.(*runner)
	if !ok || !r.writes {
		return errOutside
	}
	st := db.Statement{Thing: table, Text: "INSERT INTO " + table}
	if err := r.enter(st); err != nil {
		return err
	}
	defer r.gate.Leave()
	next := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return bind(rows[i]) })
	if err := r.flush(ctx); err != nil {
		return r.interpret(ctx, err, st)
	}
	_, err := r.on.(*pgx.Conn).CopyFrom(ctx, pgx.Identifier{table}, columns, next)
	return r.interpret(ctx, err, st)
}
