package alias_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

const anOperation = "GET /v1/accounts"

// counted is a counter on a store with one company, whose user has a key.
type counted struct {
	*alias.Counter
	store alias.Store
	actor identity.Actor
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	s := domaintest.New(t)
	return &counted{Counter: alias.NewCounter(), store: server.AliasStore(s.Store), actor: s.Actor}
}

// totals are the stored ones by user agent.
func (c *counted) totals(t *testing.T) map[string]alias.Total {
	t.Helper()
	list, err := c.store.AliasTotals(t.Context(), c.actor.CompanyID, []int64{c.actor.User.ID}, alias.Periods{})
	if err != nil {
		t.Fatal(err)
	}
	totals := make(map[string]alias.Total, len(list))
	for _, total := range list {
		totals[total.UserAgent] = total
	}
	return totals
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// No call is lost or counted twice while counts are written all the time.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	const workers, calls = 8, 2000
	ctx, cancel := context.WithCancel(t.Context())
	var writers, callers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for ctx.Err() == nil {
				if err := c.Flush(context.WithoutCancel(ctx), c.store); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for worker := range workers {
		callers.Go(func() {
			for i := range calls {
				c.Count(c.actor, anOperation, "curl/8", noon.Add(time.Duration(i)*time.Second), worker == 0)
			}
		})
	}
	callers.Wait()
	cancel()
	writers.Wait()
	if err := c.Flush(t.Context(), c.store); err != nil {
		t.Fatal(err)
	}
	got := c.totals(t)["curl/8"]
	if got.Month != workers*calls || got.Refused != calls {
		t.Errorf("%d calls, %d refused", got.Month, got.Refused)
	}
	if !got.First.Equal(noon) || !got.Last.Equal(noon.Add((calls-1)*time.Second)) {
		t.Errorf("from %s to %s", got.First, got.Last)
	}
}

// Counts that could not be written are kept, together with those that come
// after.
func TestFailedFlushLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	c.Count(c.actor, anOperation, "curl/8", noon, true)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Flush(cancelled, c.store); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	c.Count(c.actor, anOperation, "curl/8", noon.Add(-time.Second), false)
	if err := c.Flush(t.Context(), c.store); err != nil {
		t.Fatal(err)
	}
	got := c.totals(t)["curl/8"]
	if got.Month != 2 || got.Refused != 1 || !got.First.Equal(noon.Add(-time.Second)) || !got.Last.Equal(noon) {
		t.Errorf("stored %+v", got)
	}
}

// Leniencies are counted by name, key and day, and a flush that fails loses none.
func TestLeniencies(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	c.CountLeniencies(c.actor, []string{"a", "b"}, noon)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Flush(cancelled, c.store); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	c.CountLeniencies(c.actor, []string{"a"}, noon.Add(time.Second))
	c.CountLeniencies(c.actor, []string{"a"}, noon.Add(-24*time.Hour))
	if err := c.Flush(t.Context(), c.store); err != nil {
		t.Fatal(err)
	}
	got, err := c.store.AliasLeniencies(t.Context(), c.actor.CompanyID, []int64{c.actor.User.ID}, noon.Truncate(24*time.Hour))
	if err != nil || len(got) != 2 || got[0].Key.Calls != 2 || !got[0].Key.Last.Equal(noon.Add(time.Second)) || got[1].Name != "b" || got[1].Key.Calls != 1 {
		t.Errorf("%v, %+v", err, got)
	}
}

// However many names a key comes with, a bounded number of them is kept, and no
// call is lost.
func TestUserAgentsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	const names = 1000
	for round := range 2 {
		for i := range names {
			c.Count(c.actor, anOperation, fmt.Sprintf("bot/%d", i), noon, false)
		}
		if round == 0 {
			if err := c.Flush(t.Context(), c.store); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Count(c.actor, anOperation, "bot/999", noon.Add(24*time.Hour), false) // A new day knows it.
	c.Count(c.actor, anOperation, strings.Repeat("x", 500), noon.Add(24*time.Hour), false)
	c.Count(c.actor, anOperation, "a\r\n\x00b\xff", noon.Add(24*time.Hour), false)
	if err := c.Flush(t.Context(), c.store); err != nil {
		t.Fatal(err)
	}
	got, calls := c.totals(t), int64(0)
	for name, total := range got {
		calls += total.Month
		if len(name) > alias.MaxUserAgent {
			t.Errorf("a name of %d bytes", len(name))
		}
	}
	if calls != 2*names+3 {
		t.Errorf("%d calls, want %d", calls, 2*names+3)
	}
	if len(got) != 24 || got[alias.OtherAgents].Month != 2*(names-20) || got["bot/0"].Month != 2 || got["bot/999"].Month != 1 || got["a???b?"].Month != 1 {
		t.Errorf("%d names; %+v", len(got), got)
	}
}

// Run writes the last counts when it is stopped.
func TestRunWritesTheLastCounts(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx, c.store, func(err error) { t.Error(err) })
	}()
	c.Count(c.actor, anOperation, "curl/8", noon, false)
	cancel()
	<-done
	if got := c.totals(t)["curl/8"].Month; got != 1 {
		t.Errorf("%d calls", got)
	}
}
