package sqlite_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// orchard has accounts that are renamed from one fruit to another, most of which wait
// for the index.
type orchard struct {
	store    *sqlite.Store
	company  int64
	random   *rand.Rand
	accounts map[int64]account.Account
}

var fruits = []string{"quince", "medlar", "damson"}

func newOrchard(t *testing.T) *orchard {
	t.Helper()
	s := open(t, newPath(t), sqlite.Limits{})
	s.StopIndexer()
	o := &orchard{store: s, company: addCompany(t, s, "Sunrise"), random: rand.New(rand.NewPCG(1, 2)), accounts: make(map[int64]account.Account)}
	for range 20 {
		o.add(t)
	}
	return o
}

func (o *orchard) title() string {
	return fmt.Sprintf("%s %d", fruits[o.random.IntN(len(fruits))], o.random.IntN(10))
}

func (o *orchard) add(t *testing.T) {
	t.Helper()
	a := newAccount(o.company, o.title())
	mustWrite(t, o.store, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
	o.accounts[a.ID] = a
}

// write adds an account, renames some or deletes one.
func (o *orchard) write(t *testing.T) {
	t.Helper()
	ids := slices.Sorted(maps.Keys(o.accounts))
	id := ids[o.random.IntN(len(ids))]
	switch o.random.IntN(8) {
	case 0:
		o.add(t)
	case 1:
		mustWrite(t, o.store, func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, o.company, id) })
		delete(o.accounts, id)
	default:
		a := o.accounts[id]
		a.Title, a.Version = o.title(), a.Version+1
		mustWrite(t, o.store, func(ctx context.Context, tx store.Tx) error {
			return tx.UpdateAccount(ctx, a, patch.Changes{"title": {}})
		})
		o.accounts[id] = a
	}
}

// with are the ids of the accounts with a fruit in their title, as there are now.
func (o *orchard) with(fruit string) (ids []int64) {
	for id, a := range o.accounts {
		if a.Title[:len(fruit)] == fruit {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func search(fruit string) account.Query {
	q := where(query.Condition{Member: query.MemberText, Contains: fruit})
	q.Page.Limit = 100
	return q
}

func (o *orchard) want(t *testing.T, step int, state string, list []account.Account, want []int64) {
	t.Helper()
	got := accountIDs(list)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("step %d: the %s state has %v, want %v", step, state, got, want)
	}
}

// Searches of one state and of the one before find what there was in each, however
// much of it waits for the index.
func TestSearchOfWhatWaits(t *testing.T) {
	t.Parallel()
	o := newOrchard(t)
	if err := o.store.IndexRound(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for step := range 150 {
		fruit := fruits[o.random.IntN(len(fruits))]
		newest := func() {
			list, err := o.store.Accounts(t.Context(), o.company, search(fruit))
			if err != nil {
				t.Fatal(err)
			}
			o.want(t, step, "newest", list, o.with(fruit))
		}
		before := o.with(fruit)
		list, n, err := o.store.FindAfter(t.Context(), o.company, search(fruit), func() {
			for range o.random.IntN(4) {
				o.write(t)
			}
			newest()
			if o.random.IntN(10) == 0 {
				if err := o.store.IndexRound(t.Context(), o.random.IntN(2) == 0); err != nil {
					t.Fatal(err)
				}
				newest()
			}
		})
		if err != nil || int(n) != len(before) {
			t.Fatalf("step %d: counted %d, %v, want %d", step, n, err, len(before))
		}
		o.want(t, step, "former", list, before)
	}
}

// A search reads of the queue only what has come since the one before.
func TestSearchReadsWhatCame(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	const reads = "SEARCH search_queue USING INTEGER PRIMARY KEY (rowid>?)"
	steps := func() []string {
		t.Helper()
		plan, err := s.store.Explain(t.Context(), func(r store.Reader) error {
			_, err := r.Accounts(t.Context(), s.company, search("harbor"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return searchSteps(plan)
	}
	wantSteps(t, steps(), []string{"!" + reads})
	mustWrite(t, s.store, insert(s.company, "Harbor Books"))
	wantSteps(t, steps(), []string{reads})
	wantSteps(t, steps(), []string{"!" + reads})
}
