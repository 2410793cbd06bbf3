package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// Who follows the feed sees every entry once, in the order of the sequences and
// without a gap, by whichever server, while both write.
func testSharedFeed(t *testing.T, f *shared) {
	const accounts, writers, rounds = 4, 8, 6
	ids := make([]int64, accounts)
	for i := range ids {
		ids[i] = f.create(t, f.servers[0], fmt.Sprintf("Shared %d", i)).ID
	}
	var written atomic.Bool
	var entries atomic.Int64
	entries.Add(accounts)
	feeds := make([]*feed, 2*len(f.servers))
	var followers sync.WaitGroup
	for i := range feeds {
		feeds[i] = &feed{store: f.servers[i%len(f.servers)].Store, page: 1 + 6*i}
		followers.Go(func() { feeds[i].follow(t.Context(), f.company.ID, &written) })
	}
	errs := f.onBoth(writers, func(s *rooms, i int) error {
		for round := range rounds {
			n, err := f.writeToFeed(t.Context(), s, ids, i, round)
			if err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
			entries.Add(n)
		}
		return nil
	})
	written.Store(true)
	followers.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, followed := range feeds {
		if followed.err != nil {
			t.Fatalf("follower %d: %v", i, followed.err)
		}
		if n := int64(len(followed.seen)); n != entries.Load() {
			t.Errorf("follower %d saw %d entries of %d", i, n, entries.Load())
		}
		equal(t, followed.seen, feeds[0].seen)
	}
	feeds[0].checkVersions(t)
}

// writeToFeed makes one write of each kind, and returns how many entries of the feed
// that is.
func (f *shared) writeToFeed(ctx context.Context, s *rooms, ids []int64, writer, round int) (n int64, err error) {
	text := fmt.Sprintf("%d-%d", writer, round)
	id, next := ids[(writer+round)%len(ids)], ids[(writer+round+1)%len(ids)]
	if _, err := s.accounts.Update(ctx, f.actor, account.UpdateRequest{ID: id, Patch: account.Patch{Description: patch.Set(text)}}); err != nil {
		return 0, fmt.Errorf("update: %w", err)
	}
	batch := account.BatchRequest{Updates: []account.BatchUpdate{
		{ID: next, Patch: account.Patch{Title: patch.Set("A " + text)}}, {ID: id, Patch: account.Patch{Title: patch.Set("B " + text)}},
	}}
	if _, err := s.accounts.Batch(ctx, f.actor, batch); err != nil {
		return 0, fmt.Errorf("batch: %w", err)
	}
	made, err := s.intake.Create(ctx, f.actor, intake.CreateRequest{Patch: titled(text), MatchBy: account.MatchNone})
	if err != nil {
		return 0, fmt.Errorf("create: %w", err)
	}
	if err := s.accounts.Delete(ctx, f.actor, account.DeleteRequest{ID: made.Account.ID}); err != nil {
		return 0, fmt.Errorf("delete: %w", err)
	}
	return 5, f.failInFeed(ctx, s, id)
}

// failInFeed adds an entry that is undone: its sequence is another one's.
func (f *shared) failInFeed(ctx context.Context, s *rooms, id int64) error {
	failure := errors.New("changed my mind")
	err := s.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		entry := account.HistoryEntry{CompanyID: f.company.ID, AccountID: id, Kind: account.ChangeUpdated, At: start}
		return errors.Join(tx.AddHistory(ctx, &entry), failure)
	})
	if !errors.Is(err, failure) {
		return fmt.Errorf("a write that fails: %w", err)
	}
	return nil
}

// feed is what one follower sees.
type feed struct {
	store store.Store
	page  int // entries of one read
	seen  []account.HistoryEntry
	err   error
}

// follow reads until there is nothing more after all was written.
func (f *feed) follow(ctx context.Context, companyID int64, written *atomic.Bool) {
	after := int64(0)
	for f.err == nil {
		isLast := written.Load() // before the read
		page, err := f.store.Changes(ctx, companyID, after, f.page)
		if err != nil {
			f.err = err
			return
		}
		if len(page) == 0 && isLast {
			return
		}
		for _, e := range page {
			if e.Sequence != after+1 {
				f.err = fmt.Errorf("sequence %d came after %d", e.Sequence, after)
			}
			after = e.Sequence
			f.seen = append(f.seen, e)
		}
	}
}

// checkVersions checks that the entries of each account come in the order of its
// versions, none of which is left out.
func (f *feed) checkVersions(t *testing.T) {
	t.Helper()
	versions := make(map[int64]int64)
	for _, e := range f.seen {
		if e.Version != versions[e.AccountID]+1 {
			t.Errorf("entry %d has version %d of account %d after %d", e.Sequence, e.Version, e.AccountID, versions[e.AccountID])
		}
		versions[e.AccountID] = e.Version
	}
}

// Accounts that are added at once have numbers of their own, without a hole, though
// some that were to be added were not.
func testSharedNumbers(t *testing.T, f *shared) {
	const n = 24
	numbers := make([]int64, n)
	failure := errors.New("changed my mind")
	f.race(t, n, func(s *rooms, i int) error {
		a := f.newAccount("Not yet")
		err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return errors.Join(tx.InsertAccount(ctx, &a), failure)
		})
		if !errors.Is(err, failure) {
			return err
		}
		made, err := s.intake.Create(t.Context(), f.actor, intake.CreateRequest{Patch: titled("New"), MatchBy: account.MatchNone})
		numbers[i] = made.Account.Number
		return err
	})
	slices.Sort(numbers)
	for i, number := range numbers {
		if number != int64(i+1) {
			t.Fatalf("numbers %v", numbers)
		}
	}
}

// What one server changes of the properties holds on the other one from its next
// write on, also where that remembers how they were.
func testSharedSchema(t *testing.T, f *shared) {
	zone := f.addProperty(t, textProperty("zone"))
	a := f.create(t, f.servers[0], "A")
	update := func(s *rooms, key string) error {
		_, err := s.accounts.Update(t.Context(), f.actor, account.UpdateRequest{ID: a.ID, Patch: customOf(key, "x")})
		return err
	}
	for round, s := range []*rooms{f.servers[0], f.servers[1], f.servers[0], f.servers[1]} {
		key := fmt.Sprintf("zone_%d", round)
		for _, s := range f.servers { // so that they remember
			wantKind(t, update(s, key), fault.KindInvalid)
		}
		err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			p := textProperty(key)
			p.CompanyID = f.company.ID
			return tx.InsertProperty(ctx, &p)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.servers {
			if err := update(s, key); err != nil {
				t.Error(err)
			}
		}
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.DeleteProperty(ctx, zone) })
	for _, s := range slices.Backward(f.servers) {
		wantKind(t, update(s, "zone"), fault.KindInvalid)
	}
	got, err := f.store.Account(t.Context(), f.company.ID, a.ID)
	if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got.Custom)), []string{"zone_0", "zone_1", "zone_2", "zone_3"}) {
		t.Errorf("%v %v", got.Custom, err)
	}
}
