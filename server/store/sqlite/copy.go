package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
)

// CopyTo writes the database as it is into a new file at path, in a folder that
// should be its owner's only. Neither readers nor writers need wait for it.
func (s *Store) CopyTo(ctx context.Context, path string) (err error) {
	if err := s.reads.enter(); err != nil {
		return err
	}
	defer s.reads.leave()
	// The connections for reads refuse it, since it writes.
	connector, err := driver.NewConnector(dsn(s.path, lockTimeout))
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}
