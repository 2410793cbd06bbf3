package identity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/write"
)

// Limits of failed logins. Who is over one has to pause, longer each time.
const (
	freeFailures    = 10  // of one account from one remote address
	addressFailures = 50  // of all accounts from one remote address
	accountFailures = 100 // of one account from all addresses; from then on each address has one

	firstPause = time.Second
	maxPause   = 15 * time.Minute
	forgetting = time.Hour // after which failures count no more

	dropEvery = 10 * time.Minute // what counts no more
	dropMost  = 1000             // in one transaction, so that no other one waits long
)

// Failures are the failed logins of one account, of one remote address, or of one
// from the other.
type Failures struct {
	Key   KeyHash // of what they are counted for
	Count int
	Last  time.Time
	Until time.Time // the end of the pause; zero: none
	Told  time.Time // when they were last logged; zero: never
}

// fail counts a failure, which ends in a pause if it is over the limit.
func (f *Failures) fail(now time.Time, free int) {
	f.Count++
	f.Last = now
	if over := f.Count - free; over >= 0 {
		f.Until = now.Add(min(maxPause, firstPause<<min(over, 20)))
	}
}

// take takes a failure back.
func (f *Failures) take() {
	f.Count = max(0, f.Count-1)
	f.Until = time.Time{}
}

// guard counts failed logins in the store, those of unknown accounts as well, so that
// neither another server nor a restart is a way around the limits.
type guard struct {
	store Store

	mu      sync.Mutex
	dropped time.Time // when this process last dropped what counts no more
}

// trial is a login that is under way.
type trial struct {
	guard    *guard
	keys     [3]KeyHash // see failuresOf
	failures int        // of the account
	tell     bool       // that it is being guessed, if the login fails
	told     time.Time  // when that was told before
}

// failuresOf are what the failures of a login are counted for: the account, the
// remote address, and the one from the other. All count in this order, so that none
// waits for another one in a circle.
func failuresOf(account, address string) [3]KeyHash {
	return [3]KeyHash{HashToken("account\x00" + account), HashToken("address\x00" + address), HashToken("pair\x00" + account + "\x00" + address)}
}

// errWait is of a login that has to wait, and is not counted.
var errWait = errors.New("the login has to wait")

// begin counts a login of an account from a remote address as a failure until
// it proves to be none, so that many at once are no way around the limits. A
// login that has to wait is not counted.
func (g *guard) begin(ctx context.Context, account, address string, now time.Time) (t trial, wait time.Duration, err error) {
	t = trial{guard: g, keys: failuresOf(account, address)}
	// Who has to wait takes no place among the writes.
	counted, err := g.store.LoginFailures(ctx, t.keys[:])
	if err != nil {
		return t, 0, fmt.Errorf("load failed logins: %w", err)
	}
	if wait := pauseOf(counted, now); wait > 0 {
		return t, wait, nil
	}
	err = write.Do(ctx, g.store, func(ctx context.Context, tx Tx) error {
		counted, err := tx.LoginFailuresForUpdate(ctx, t.keys[:])
		if err != nil {
			return err
		}
		if wait = pauseOf(counted, now); wait > 0 {
			return errWait
		}
		t.count(counted, now)
		return tx.SaveLoginFailures(ctx, counted)
	})
	if errors.Is(err, errWait) {
		return t, wait, nil
	}
	if err != nil {
		return t, 0, fmt.Errorf("count login: %w", err)
	}
	g.drop(ctx, now)
	return t, 0, nil
}

// pauseOf is how long a login has to wait. An account alone makes nobody wait.
func pauseOf(counted []Failures, now time.Time) time.Duration {
	return max(counted[1].Until.Sub(now), counted[2].Until.Sub(now))
}

// count counts the login, and notes whether to tell that the account is being
// guessed: once in a while.
func (t *trial) count(counted []Failures, now time.Time) {
	for i := range counted {
		if now.Sub(counted[i].Last) > forgetting {
			counted[i] = Failures{Key: counted[i].Key}
		}
	}
	account, address, pair := &counted[0], &counted[1], &counted[2]
	free := freeFailures
	if account.Count >= accountFailures {
		free = 1 // An address that has not failed still has its chance.
	}
	account.fail(now, math.MaxInt)
	address.fail(now, addressFailures)
	pair.fail(now, free)
	guessing := pair.Count >= freeFailures || account.Count >= accountFailures
	t.failures, t.told, t.tell = account.Count, account.Told, guessing && now.Sub(account.Told) >= forgetting
	if t.tell {
		account.Told = now
	}
}

// cancel ends a login that was not carried out.
func (t trial) cancel(ctx context.Context) error { return t.end(ctx, false) }

// succeed ends a login with the right password.
func (t trial) succeed(ctx context.Context) error { return t.end(ctx, true) }

// end takes back that the login was counted as a failure.
func (t trial) end(ctx context.Context, right bool) error {
	err := write.Do(ctx, t.guard.store, func(ctx context.Context, tx Tx) error {
		counted, err := tx.LoginFailuresForUpdate(ctx, t.keys[:])
		if err != nil {
			return err
		}
		for i := range counted {
			counted[i].take()
		}
		if t.tell {
			counted[0].Told = t.told
		}
		if right {
			counted[2].Count = 0
		}
		return tx.SaveLoginFailures(ctx, counted)
	})
	if err != nil {
		return fmt.Errorf("take failed login back: %w", err)
	}
	return nil
}

// drop drops what counts no more, once in a while. What it leaves where the store
// fails, the next one drops.
func (g *guard) drop(ctx context.Context, now time.Time) {
	g.mu.Lock()
	due := now.Sub(g.dropped) >= dropEvery
	if due {
		g.dropped = now
	}
	g.mu.Unlock()
	for due {
		err := write.Do(ctx, g.store, func(ctx context.Context, tx Tx) error {
			dropped, err := tx.DropLoginFailures(ctx, now.Add(-forgetting), dropMost)
			due = dropped == dropMost
			return err
		})
		due = due && err == nil
	}
}
