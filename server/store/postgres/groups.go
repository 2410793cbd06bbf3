package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/queue"
	"github.com/accountsd/accountsd/server/write"
)

// maxGroup is how many sets are written together. More take longer than they save.
const maxGroup = 64

// groups gathers sets by company. While a group of a company is being written, the
// sets that come are the next one.
type groups struct {
	mu      sync.Mutex
	waiting map[int64][]*waiting // by company; there is a list while there is a writer of it
}

// waiting is a set that waits for its group.
type waiting struct {
	*queue.Call
	set *encoded
}

// Commit writes what was decided before: plain updates in a group with others, and
// what else there is in a transaction of its own.
func (s *Store) Commit(ctx context.Context, set *account.WriteSet) error {
	if err := ctx.Err(); err != nil {
		return engine.Interpret(ctx, err, commitSet)
	}
	if !set.IsUpdates() {
		return s.Write(ctx, func(ctx context.Context, tx store.Tx) error { return set.Play(ctx, tx) })
	}
	if err := s.layOut(ctx); err != nil {
		return err
	}
	set.Stamp()
	e, err := s.encode(set)
	if err != nil {
		return err
	}
	w := &waiting{Call: queue.NewCall(ctx), set: e}
	s.join(w)
	if err = w.Wait(); err != nil && err == ctx.Err() { // It was given up before it was begun.
		return engine.Interpret(ctx, err, commitSet)
	}
	return err
}

var commitSet = db.Statement{Thing: "updates"}

// layOut makes the statement of groups when it is first needed.
func (s *Store) layOut(ctx context.Context) error {
	if s.layout.Load() != nil {
		return nil
	}
	accounts, err := typesOf(ctx, s.Session, "accounts")
	if err != nil {
		return err
	}
	changes, err := typesOf(ctx, s.Session, "changes")
	if err != nil {
		return err
	}
	l, err := newLayout(accounts, changes)
	if err == nil {
		s.layout.Store(&l)
	}
	return err
}

// join adds a set to those of its company that wait. The first one of them is
// written at once.
func (s *Store) join(w *waiting) {
	g, company := &s.groups, w.set.companyID
	g.mu.Lock()
	defer g.mu.Unlock()
	list, beingWritten := g.waiting[company]
	if len(list) >= engine.MaxWaiting {
		w.Claim()
		w.Answer(engine.ErrFull)
		return
	}
	if g.waiting == nil {
		g.waiting = make(map[int64][]*waiting)
	}
	g.waiting[company] = append(list, w)
	if !beingWritten {
		go s.writeGroups(company)
	}
}

// writeGroups writes the sets of a company until none waits.
func (s *Store) writeGroups(company int64) {
	for {
		group := s.groups.next(company)
		if group == nil {
			return
		}
		s.writeGroup(company, group)
	}
}

// next takes the sets of the next group; nil: there are none, and the next one that
// comes has to write.
func (g *groups) next(company int64) []*waiting {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.waiting[company]
	if len(list) == 0 {
		delete(g.waiting, company)
		return nil
	}
	var group, rest []*waiting
	taken := make(map[int64]bool) // the accounts of the group
	for _, w := range list {
		isTaken := slices.ContainsFunc(w.set.accounts, func(id int64) bool { return taken[id] })
		switch {
		case len(group) == maxGroup || isTaken:
			rest = append(rest, w)
		case w.Claim():
			group = append(group, w)
			for _, id := range w.set.accounts {
				taken[id] = true
			}
		}
	}
	if group == nil { // All of them were given up.
		delete(g.waiting, company)
		return nil
	}
	g.waiting[company] = rest
	return group
}

// writeGroup writes sets, and answers each.
func (s *Store) writeGroup(company int64, group []*waiting) {
	sets, deadline := make([]*encoded, len(group)), time.Time{}
	for i, w := range group {
		sets[i] = w.set
		if its, ok := w.Context().Deadline(); ok && its.After(deadline) {
			deadline = its
		}
	}
	if deadline.IsZero() {
		deadline = time.Now().Add(engine.DefaultTimeout)
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	l, sent := s.layout.Load(), time.Now()
	written, err := s.engine.Group(ctx, company, l.text, func(name string, at int64) []any {
		return l.args(company, sets, name, at)
	})
	missed := 0
	if err == nil {
		missed = len(group) - len(written)
		if slices.ContainsFunc(sets, func(e *encoded) bool { return len(e.parts) > 0 }) {
			s.wake()
		}
	}
	s.engine.Tell(sent, len(group), missed, err)
	for i, w := range group {
		switch {
		case err != nil:
			w.Answer(err)
		case slices.Contains(written, int64(i)):
			w.Answer(nil)
		default:
			w.Answer(write.ErrStale)
		}
	}
}
