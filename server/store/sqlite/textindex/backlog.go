package textindex

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

var selectQueued = db.Statement{Thing: "search queue", Text: `SELECT count(*) FROM main.search_queue WHERE sequence > (SELECT position FROM search.state)`}

// Backlog returns how many records the file does not have as they are: those in the
// queue, and those of before that are still to be scanned. The session must be one of
// connections that the file was attached to.
func (x *Index) Backlog(ctx context.Context, session db.Session) (left int64, err error) {
	err = engine.Quiet(session).Snapshot(ctx, func(s db.Session) error {
		if err := s.Get(ctx, selectQueued, nil, &left); err != nil {
			return err
		}
		for _, kind := range x.kinds {
			var n int64
			if err := s.Get(ctx, selectUnscanned(kind.Name), nil, &n); err != nil {
				return err
			}
			left += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the backlog of the index: %w", err)
	}
	return left, nil
}

// selectUnscanned counts the records of a table beyond the one that was scanned last.
// NULL is after all of them.
func selectUnscanned(table string) db.Statement {
	return db.Statement{Thing: "search state", Text: `SELECT count(*) FROM main.` + table + ` WHERE id > (SELECT ` + table + `_scanned FROM search.state)`}
}
