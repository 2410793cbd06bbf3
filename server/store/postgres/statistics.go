package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// The plan of a statement is kept, and made anew when the statistics of a table are. One
// that was made while the tables were all but empty takes any index for as good as
// another, so that a first import would read more with each row, until the database takes
// statistics of its own accord, a minute later or never.
const (
	// grown names the tables of which more was written since their statistics than was
	// there then.
	grown = `SELECT quote_ident(s.relname) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE s.schemaname = current_schema() AND s.n_mod_since_analyze > 100 + c.reltuples ORDER BY 1`
	// analyzeOne leaves out a table for which another server does so.
	analyzeOne = `ANALYZE (SKIP_LOCKED) `
)

// takeStatistics takes the statistics of tables that have grown much.
func (s *Store) takeStatistics(ctx context.Context) error {
	rows, err := s.engine.Pool().Query(ctx, grown)
	if err != nil {
		return fmt.Errorf("look for tables that have grown: %w", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, table := range tables {
		if err == nil {
			_, err = s.engine.Pool().Exec(ctx, analyzeOne+table)
		}
	}
	// One that does not own the tables is told so in a notice, and leaves it at that.
	if err != nil && !engine.IsRefused(err) {
		return fmt.Errorf("take statistics: %w", err)
	}
	return nil
}
