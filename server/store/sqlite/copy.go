package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

var vacuumInto = db.Statement{Thing: "copy", Text: `VACUUM INTO ?`}

// CopyTo writes the database as it is into a new file at path, in a folder that
// should be its owner's only. Neither readers nor writers need wait for it.
func (s *Store) CopyTo(ctx context.Context, path string) (err error) {
	if err := s.reads.Gate.Enter(); err != nil {
		return err
	}
	defer s.reads.Gate.Leave()
	// The connections for reads refuse it, since it writes.
	conn, err := engine.Open(ctx, engine.File(s.path, engine.LockTimeout))
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.Exec(ctx, vacuumInto, path); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}
