package identity

import (
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Limits of failed logins. Who is over one has to pause, longer each time.
const (
	freeFailures    = 10  // of one account from one remote address
	addressFailures = 50  // of all accounts from one remote address
	accountFailures = 100 // of one account from all addresses; from then on each address has one

	firstPause = time.Second
	maxPause   = 15 * time.Minute
	forgetting = time.Hour // after which failures count no more
	maxTallies = 1 << 14   // of each kind; the ones that were used least lately give way
)

// guard counts failed logins, those of unknown accounts as well. It counts for
// this process only, and forgets with it.
type guard struct {
	mu                         sync.Mutex
	accounts, addresses, pairs *simplelru.LRU[KeyHash, *tally]
}

func newGuard() *guard {
	return &guard{accounts: newTallies(), addresses: newTallies(), pairs: newTallies()}
}

func newTallies() *simplelru.LRU[KeyHash, *tally] {
	tallies, err := simplelru.NewLRU[KeyHash, *tally](maxTallies, nil)
	if err != nil {
		panic(err) // It only refuses a size below 1.
	}
	return tallies
}

// tally is the failures of one account, one remote address, or one of both.
type tally struct {
	failures int
	last     time.Time
	until    time.Time // the end of the pause
	told     time.Time // when it was last logged
}

// fail counts a failure, which ends in a pause if it is over the limit.
func (t *tally) fail(now time.Time, free int) {
	t.failures++
	t.last = now
	if over := t.failures - free; over >= 0 {
		t.until = now.Add(min(maxPause, firstPause<<min(over, 20)))
	}
}

// take takes a failure back.
func (t *tally) take() {
	t.failures = max(0, t.failures-1)
	t.until = time.Time{}
}

// find returns the tally under a key, a new one if its failures are forgotten.
func find(tallies *simplelru.LRU[KeyHash, *tally], key string, now time.Time) *tally {
	hash := HashToken(key)
	t, ok := tallies.Get(hash)
	if !ok || now.Sub(t.last) > forgetting {
		t = &tally{}
		tallies.Add(hash, t)
	}
	return t
}

// trial is a login that is under way.
type trial struct {
	guard                  *guard
	now                    time.Time
	account, address, pair *tally
}

// begin counts a login of an account from a remote address as a failure until
// it proves to be none, so that many at once are no way around the limits. A
// login that has to wait is not counted.
func (g *guard) begin(account, address string, now time.Time) (t trial, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t = trial{
		guard: g, now: now,
		account: find(g.accounts, account, now),
		address: find(g.addresses, address, now),
		pair:    find(g.pairs, account+"\x00"+address, now),
	}
	if wait := max(t.address.until.Sub(now), t.pair.until.Sub(now)); wait > 0 {
		return t, wait
	}
	free := freeFailures
	if t.account.failures >= accountFailures {
		free = 1 // An address that has not failed still has its chance.
	}
	t.account.fail(now, math.MaxInt)
	t.address.fail(now, addressFailures)
	t.pair.fail(now, free)
	return t, 0
}

// cancel ends a login that was not carried out.
func (t trial) cancel() {
	t.guard.mu.Lock()
	defer t.guard.mu.Unlock()
	for _, counted := range []*tally{t.account, t.address, t.pair} {
		counted.take()
	}
}

// succeed ends a login with the right password.
func (t trial) succeed() {
	t.cancel()
	t.guard.mu.Lock()
	defer t.guard.mu.Unlock()
	t.pair.failures = 0
}

// isGuessing tells, once in a while, that the account is being guessed, and how
// often that has failed.
func (t trial) isGuessing() (failures int, tell bool) {
	t.guard.mu.Lock()
	defer t.guard.mu.Unlock()
	guessing := t.pair.failures >= freeFailures || t.account.failures >= accountFailures
	if !guessing || t.now.Sub(t.account.told) < forgetting {
		return 0, false
	}
	t.account.told = t.now
	return t.account.failures, true
}
