// Package feed lets readers wait for the changes of accounts. Who writes in this process
// wakes them; what other processes write is looked for from time to time. Readers of one
// company who wait at the end read together, once for each time they are woken.
package feed

import (
	"context"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
)

// Limits of what is read for those who wait.
const (
	pollEvery = 500 * time.Millisecond // for what other processes write
	readTime  = 10 * time.Second       // of one look, which is nobody's own
	together  = 101                    // changes that are read for all at once: a page, and whether there is more
)

// Store is what is looked at for changes.
type Store interface {
	LastChange(ctx context.Context, companyID int64) (int64, error)
}

// Records reads the changes behind a position: see account.Records.
type Records interface {
	Changes(ctx context.Context, actor identity.Actor, after int64, limit int) ([]account.HistoryEntry, error)
}

// Feed knows who waits for changes of which company.
type Feed struct {
	store   Store
	records Records
	heard   func() // see Tell

	mu      sync.Mutex
	tails   map[int64]*tail // by company, while somebody waits
	polling bool
}

// tail is the end of a company's feed, at which readers wait.
type tail struct {
	companyID int64
	readers   int
	turn      *turn
	polled    int64 // the last change, when it was looked for
}

// turn is the time from one wake to the next.
type turn struct {
	over chan struct{} // closed when there may be more

	once    sync.Once
	after   int64 // from where it was read for all
	entries []account.HistoryEntry
	err     error
}

func newTurn() *turn { return &turn{over: make(chan struct{})} }

// New returns the feed of a store.
func New(store Store, records Records) *Feed {
	return &Feed{store: store, records: records, heard: func() {}, tails: make(map[int64]*tail)}
}

// Tell has heard called, too, after each commit that has changes of any company, which
// waits for it. It must be called before there is one.
func (f *Feed) Tell(heard func()) { f.heard = heard }

// Wake makes those who wait for changes of a company look. It is called after each
// commit that has some.
func (f *Feed) Wake(companyID int64) {
	f.heard()
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.tails[companyID]; t != nil {
		t.wake()
	}
}

func (t *tail) wake() {
	close(t.turn.over)
	t.turn = newTurn()
}

// join adds a reader to those of a company.
func (f *Feed) join(companyID int64) (*tail, *turn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tails[companyID]
	if t == nil {
		t = &tail{companyID: companyID, turn: newTurn()}
		f.tails[companyID] = t
	}
	if !f.polling {
		f.polling = true
		go f.poll()
	}
	t.readers++
	return t, t.turn
}

func (f *Feed) leave(t *tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.readers--; t.readers == 0 {
		delete(f.tails, t.companyID)
	}
}

func (f *Feed) turnOf(t *tail) *turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return t.turn
}

// poll looks for what other processes write, as long as somebody waits.
func (f *Feed) poll() {
	for {
		time.Sleep(pollEvery)
		tails := f.waitedFor()
		if tails == nil {
			return
		}
		for _, t := range tails {
			f.look(t)
		}
	}
}

// waitedFor are the ends at which somebody waits. If there are none, the next one who
// comes begins to poll.
func (f *Feed) waitedFor() (tails []*tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tails {
		tails = append(tails, t)
	}
	f.polling = len(tails) > 0
	return tails
}

// look wakes those at the end of a company's feed if that has moved. What cannot be read
// now is looked for again.
func (f *Feed) look(t *tail) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	last, err := f.store.LastChange(ctx, t.companyID)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && last != t.polled {
		t.polled = last
		t.wake()
	}
}
