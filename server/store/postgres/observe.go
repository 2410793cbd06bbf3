package postgres

import (
	"context"

	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/db"
)

var _ observe.Store = (*Store)(nil)

// Waiting is how many writes have not been begun by this server.
func (s *Store) Waiting() int { return s.engine.Waiting() + s.groups.len() }

// len is how many sets wait for their group.
func (g *groups) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, list := range g.waiting {
		n += len(list)
	}
	return n
}

var countFresh = db.Statement{Thing: "search texts", Text: `SELECT count(*) FROM search_texts WHERE NOT indexed`}

// TextBacklog is how many texts are not in the index of words yet.
func (s *Store) TextBacklog(ctx context.Context) (n int64, err error) {
	err = s.Session.Get(ctx, countFresh, nil, &n)
	return n, err
}
