package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/observe"
)

// Option is an option of Open.
type Option func(*limits)

func limitsOf(options []Option) limits {
	l := defaultLimits
	for _, option := range options {
		option(&l)
	}
	return l
}

// Watched has a watcher told of each group of writes.
func Watched(by observe.Groups) Option { return func(l *limits) { l.watcher = by } }

var _ observe.Store = (*Store)(nil)

// Waiting is how many writes have not been begun.
func (s *Store) Waiting() int { return s.writer.Waiting() }

// TextBacklog is how many texts are not in the index of words yet.
func (s *Store) TextBacklog(ctx context.Context) (int64, error) {
	if s.text == nil {
		return 0, nil
	}
	return s.text.Backlog(ctx, s.Session)
}
