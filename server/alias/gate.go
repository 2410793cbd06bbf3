package alias

import (
	"context"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/identity"
)

// staleness is how long the alias may go on as it was after another server
// has changed a user's migration, which is as long as for a key that was revoked there.
// This server's own changes hold at once.
const staleness = 500 * time.Millisecond

// remembered is how many users' migrations are kept in memory.
const remembered = 10_000

// gate remembers users' migrations, so that a call of the alias costs no
// read of the store.
type gate struct {
	mu      sync.Mutex
	known   map[int64]*knownMigration // by user
	forgets int                       // how often forget was called
}

type knownMigration struct {
	migration Migration
	readAt    time.Time
}

func (k *knownMigration) fresh(now time.Time) bool {
	age := now.Sub(k.readAt)
	return age >= 0 && age < staleness
}

// lookUp returns a user's migration, which is at most as old as staleness
// and one read of the store.
func (g *gate) lookUp(ctx context.Context, store Reader, actor identity.Actor, now time.Time) (Migration, error) {
	g.mu.Lock()
	known, forgets := g.known[actor.User.ID], g.forgets
	if known != nil {
		if known.fresh(now) {
			defer g.mu.Unlock()
			return known.migration, nil
		}
		known.readAt = now // While this call reads, others go on with what is known.
	}
	g.mu.Unlock()

	m, err := store.AliasMigration(ctx, actor.CompanyID, actor.User.ID, now)
	if err != nil {
		return Migration{}, err
	}
	g.remember(m, now, forgets)
	return m, nil
}

// remember keeps what was read, unless it was changed since the read began.
func (g *gate) remember(m Migration, now time.Time, forgets int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.forgets != forgets {
		return
	}
	if len(g.known) >= remembered {
		for id, known := range g.known {
			if !known.fresh(now) {
				delete(g.known, id)
			}
		}
	}
	if len(g.known) >= remembered {
		clear(g.known)
	}
	if g.known == nil {
		g.known = make(map[int64]*knownMigration)
	}
	g.known[m.User.ID] = &knownMigration{migration: m, readAt: now}
}

// forget makes the next call read a user's migration.
func (g *gate) forget(userID int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forgets++
	delete(g.known, userID)
}

// Verdict is what a call of the alias is answered by.
type Verdict struct {
	Sunset time.Time // when the alias will end for the user; zero: no time is set
	Closed bool      // it has ended, or a rehearsal is held
}

// Use counts a call of the alias, and says whether it is to be answered.
func (s *Service) Use(ctx context.Context, actor identity.Actor, operation, userAgent string) (Verdict, error) {
	now := s.clock.Now()
	m, err := s.gate.lookUp(ctx, s.store, actor, now)
	verdict := Verdict{Sunset: m.Sunset, Closed: err == nil && m.closedFor(actor.KeyID, now)}
	if s.config.Counter != nil {
		s.config.Counter.Count(actor, operation, userAgent, now, verdict.Closed)
	}
	return verdict, err
}

// NoteLeniencies counts what a call of the alias needed to be read leniently.
func (s *Service) NoteLeniencies(actor identity.Actor, names []string) {
	if s.config.Counter != nil {
		s.config.Counter.CountLeniencies(actor, names, s.clock.Now())
	}
}
