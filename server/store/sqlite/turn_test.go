package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// insertMany returns a write that adds fifty accounts.
func insertMany(company int64, title string) func(ctx context.Context, tx store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		for i := range 50 {
			if err := insert(company, fmt.Sprintf("%s %d", title, i))(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// Next to a process that writes one long transaction after the other, as an import
// does, another one waits for the next of them, and not for chance.
func TestProcessesWriteInTurn(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	busy, other := open(t, path, sqlite.Limits{NoText: true}), open(t, path, sqlite.Limits{NoText: true})
	company := addCompany(t, other, "Sunrise")
	var written atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for w := range 3 { // so that one always waits
		writing.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := busy.Write(ctx, insertMany(company, fmt.Sprintf("Medlar %d %d", w, n))); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
				written.Add(1)
			}
		})
	}
	mailtest.Eventually(t, "it is busy", func() bool { return written.Load() > 0 })
	const writes = 20
	before := written.Load()
	for i := range writes {
		mustWrite(t, other, insert(company, fmt.Sprintf("Quince %d", i)))
	}
	between := written.Load() - before
	stop()
	writing.Wait()
	// Each waits for a commit, of three at most, and seldom for one more.
	if between > 8*writes {
		t.Errorf("%d writes waited for %d others", writes, between)
	}
}
