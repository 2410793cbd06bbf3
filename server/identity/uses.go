package identity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/write"
)

// usesInterval is how often the times are written at which keys were last used. A
// process that is killed loses those of at most this time.
const usesInterval = time.Minute

// KeyUse is when a key was last used.
type KeyUse struct {
	CompanyID, KeyID int64
	At               time.Time
}

// uses remembers when keys were last used, until that is written: a request does
// not wait for it.
type uses struct {
	mu      sync.Mutex
	pending map[int64]KeyUse // by key
}

// note notes that a key was used.
func (u *uses) note(actor Actor, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.pending == nil {
		u.pending = make(map[int64]KeyUse)
	}
	u.pending[actor.KeyID] = KeyUse{CompanyID: actor.CompanyID, KeyID: actor.KeyID, At: now}
}

// overlay shows in keys that were read what is not written yet.
func (u *uses) overlay(keys []Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range keys {
		if use, ok := u.pending[keys[i].ID]; ok && use.At.After(keys[i].LastUsedAt) {
			keys[i].LastUsedAt = use.At.UTC().Truncate(time.Millisecond)
		}
	}
}

// take takes all that is to be written.
func (u *uses) take() []KeyUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := make([]KeyUse, 0, len(u.pending))
	for _, use := range u.pending {
		taken = append(taken, use)
	}
	u.pending = nil
	return taken
}

// putBack keeps what could not be written for the next time.
func (u *uses) putBack(taken []KeyUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, use := range taken {
		if _, later := u.pending[use.KeyID]; !later {
			if u.pending == nil {
				u.pending = make(map[int64]KeyUse)
			}
			u.pending[use.KeyID] = use
		}
	}
}

// FlushUses writes when keys were last used.
func (s *Keys) FlushUses(ctx context.Context) error {
	taken := s.uses.take()
	if len(taken) == 0 {
		return nil
	}
	err := write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error { return tx.SaveKeyUses(ctx, taken) })
	if err != nil {
		s.uses.putBack(taken)
		return fmt.Errorf("write when keys were used: %w", err)
	}
	return nil
}

// RunUses does so once a minute until ctx ends, and then once more. It reports what
// fails.
func (s *Keys) RunUses(ctx context.Context, report func(error)) {
	ticker := time.NewTicker(usesInterval)
	defer ticker.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-ticker.C:
		}
		// What is to be written at the end outlives ctx, if not by much.
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		if err := s.FlushUses(flush); err != nil {
			report(err)
		}
		cancel()
	}
}
