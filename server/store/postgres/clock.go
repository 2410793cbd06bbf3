package postgres

import (
	"context"
	"time"
)

// The pauses between two looks at the clock of the database, and how long one may take.
const (
	clockEvery = 10 * time.Second
	clockTime  = 5 * time.Second
)

// Now returns the time that all servers of the database have: see store.ClockOf.
func (s *Store) Now() time.Time { return s.engine.Now() }

func (s *Store) setClock(ctx context.Context) error {
	ahead, changed, err := s.engine.SetClock(ctx)
	if changed && s.clockOff != nil {
		s.clockOff(ahead)
	}
	return err
}

// keepClock looks at the clock of the database again and again, until ctx ends. One that
// cannot be asked will be asked again.
func (s *Store) keepClock(ctx context.Context) {
	for rest(ctx, clockEvery, nil) {
		now, cancel := context.WithTimeout(ctx, clockTime)
		_ = s.setClock(now)
		cancel()
	}
}
