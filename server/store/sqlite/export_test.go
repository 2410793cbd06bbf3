package sqlite

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// Limits are the limits of OpenWith; zero is the default.
type Limits struct {
	Batch                      int
	PassivePages, RestartPages int64
}

// OpenWith is Open with other limits. A batch takes all that wait.
func OpenWith(ctx context.Context, path string, l Limits) (*Store, error) {
	limits := defaultLimits
	limits.batchTime = time.Minute
	if l.Batch != 0 {
		limits.batch = l.Batch
	}
	if l.PassivePages != 0 {
		limits.passivePages, limits.restartPages = l.PassivePages, l.RestartPages
	}
	return open(ctx, path, limits)
}

// Exec runs SQL in a transaction.
func Exec(ctx context.Context, tx account.Tx, text string) error {
	_, err := tx.(*transaction).session.exec(ctx, statement{thing: "test", text: text})
	return err
}

// PagesWritten returns the pages that were written to the log, ever.
func (s *Store) PagesWritten() int64 { return s.wal.written.Load() }

// Waiting returns how many writes wait for the writer.
func (s *Store) Waiting() int {
	s.writer.queue.mu.Lock()
	defer s.writer.queue.mu.Unlock()
	return len(s.writer.queue.waiting)
}
