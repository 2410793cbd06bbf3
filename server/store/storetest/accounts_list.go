package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// listTests are the tests of lists of accounts.
var listTests = tests{
	"List":        testList,
	"Paging":      testPaging,
	"OneState":    testOneState,
	"ManyRanges":  testManyRanges,
	"Queries":     testQueries,
	"IndexStates": testIndexStates,
}

// wantList checks what a query lists and counts, where the page holds it all.
func (f *fixture) wantList(t *testing.T, q account.Query, want ...account.Account) {
	t.Helper()
	got, err := f.store.Accounts(t.Context(), f.company.ID, q)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, ids(got), ids(want))
	f.wantStoredList(t, q, got)
	n, err := f.store.CountAccounts(t.Context(), f.company.ID, q)
	if err != nil || n != int64(len(want)) {
		t.Fatalf("counted %d, %v, want %d", n, err, len(want))
	}
}

// later returns a new account that changed so many milliseconds after start.
func (f *fixture) later(ms int) account.Account {
	a := f.newAccount(fmt.Sprint("Later by ", ms))
	a.UpdatedAt = start.Add(time.Duration(ms) * time.Millisecond)
	return a
}

func testList(t *testing.T, f *fixture) {
	page := query.Page{Limit: 10}
	f.wantList(t, account.Query{Page: page})
	got, err := f.store.Accounts(t.Context(), f.company.ID, account.Query{Page: page})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []account.Account{})

	foreign := f.later(1)
	foreign.CompanyID = f.other.ID
	f.addAccount(t, foreign)
	archived := f.later(2)
	archived.Active = false
	archived = f.addAccount(t, archived)
	late, early, twin := f.addAccount(t, f.later(3)), f.addAccount(t, f.later(1)), f.addAccount(t, f.later(3))
	f.wantList(t, account.Query{Page: page}, twin, late, early)
	f.wantList(t, account.Query{Page: page, Ascending: true}, early, late, twin)
	f.wantList(t, account.Query{Page: page, IncludeArchived: true}, twin, late, archived, early)

	// A place need not be one of a record.
	between := &query.Cursor{UpdatedAt: start.Add(3 * time.Millisecond), ID: late.ID + 1}
	for _, c := range []struct {
		page      query.Page
		ascending bool
		want      []account.Account
	}{
		{query.Page{Limit: 10, After: between}, false, []account.Account{late, early}},
		{query.Page{Limit: 10, Before: between}, false, []account.Account{twin}},
		{query.Page{Limit: 10, After: between}, true, []account.Account{twin}},
		{query.Page{Limit: 1, Before: between}, true, []account.Account{late}},
		{query.Page{Limit: 2, Offset: 2}, false, []account.Account{early}},
		{query.Page{Limit: 2, Offset: 1 << 40}, false, nil},
	} {
		got, err := f.store.Accounts(t.Context(), f.company.ID, account.Query{Page: c.page, Ascending: c.ascending})
		if err != nil {
			t.Fatal(err)
		}
		wantIDs(t, ids(got), ids(c.want))
	}
	t.Run("in a write", f.testListInWrite)
}

func (f *fixture) testListInWrite(t *testing.T) {
	for _, c := range []query.Condition{
		{Member: account.MemberTitle, Ranges: []query.Range{{From: "own", To: "own"}}},
		{Member: query.MemberText, Contains: "own"},
	} {
		q := account.Query{Filter: query.Filter{Conditions: []query.Condition{c}}, Page: query.Page{Limit: 10}}
		failure := errors.New("not kept")
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			a := f.newAccount("Own")
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			own, err := tx.Accounts(ctx, f.company.ID, q)
			if err != nil {
				return err
			}
			n, err := tx.CountAccounts(ctx, f.company.ID, q)
			if len(own) != 1 || own[0].ID != a.ID || n != 1 {
				t.Errorf("the write lists %v and counts %d of its own", ids(own), n)
			}
			return errors.Join(err, failure)
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		f.wantList(t, q)
	}
}

// testOneState lists accounts by a text that a writer gives and takes, and
// expects none without it.
func testOneState(t *testing.T, f *fixture) {
	all := make([]account.Account, 30)
	for i := range all {
		all[i] = f.addAccount(t, f.later(i))
	}
	q := account.Query{Filter: query.Filter{Conditions: []query.Condition{
		{Member: account.MemberDescription, Contains: "given"},
	}}, Page: query.Page{Limit: len(all)}}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- f.giveAndTake(ctx, all) }()
	for range 50 {
		got, err := f.store.Accounts(t.Context(), f.company.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range got {
			if !q.Filter.Matches(&a) {
				t.Fatalf("listed account %d as it was not when it was found", a.ID)
			}
		}
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func (f *fixture) giveAndTake(ctx context.Context, all []account.Account) error {
	for i := 0; ctx.Err() == nil; i++ {
		a := &all[i%len(all)]
		a.Version++
		if a.Description = nil; i/len(all)%2 == 0 {
			a.Description = new("Given")
		}
		if err := f.update(ctx, *a, "description"); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// testManyRanges asks for more values than a database may take at once.
func testManyRanges(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Zone", Key: "zone", Type: schema.Text, Index: schema.IndexReady})
	a := f.newAccount("Wanted")
	a.Custom = account.Custom{"zone": "z99999"}
	a, other := f.addAccount(t, a), f.addAccount(t, f.newAccount("Other"))
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return tx.IndexCustom(ctx, p, a.ID, []string{"z99999"})
	})
	for _, c := range []query.Condition{
		{Member: query.MemberCustom, Property: p},
		{Member: account.MemberTitle},
		{Member: account.MemberEmail},
		{Member: account.MemberAddress},
	} {
		for _, single := range []bool{true, false} {
			c := c
			for i := range 33_000 {
				r := query.Range{From: fmt.Sprintf("y%d", i), To: fmt.Sprintf("y%d", i)}
				r.ToOpen = !single
				c.Ranges = append(c.Ranges, r)
			}
			c.Ranges = query.Union(c.Ranges)
			q := account.Query{Filter: query.Filter{Conditions: []query.Condition{c}}, Ascending: true, Page: query.Page{Limit: 10}}
			f.wantList(t, q)
			q.Filter.Conditions[0].Negate = true
			f.wantList(t, q, a, other)
			if c.Member == query.MemberCustom {
				q.Filter.Conditions[0].Negate = false
				q.Filter.Conditions[0].Ranges = append(c.Ranges, query.Range{From: "z99999", To: "z99999"})
				f.wantList(t, q, a)
			}
		}
	}
}

// testPaging walks through a list while records change. One that does not is
// met once, and in its order.
func testPaging(t *testing.T, f *fixture) {
	const n, pageSize = 60, 7
	all := make([]account.Account, n)
	for i := range all {
		all[i] = f.addAccount(t, f.later(i/4)) // four with the same time
	}
	for _, ascending := range []bool{true, false} {
		for _, filter := range []query.Filter{
			{},
			{Conditions: []query.Condition{{Member: account.MemberTitle, Contains: "later"}}},
			{Conditions: []query.Condition{{Member: query.MemberText, Contains: "later"}}},
		} {
			t.Run(fmt.Sprint(ascending, len(filter.Conditions)), func(t *testing.T) { f.testWalk(t, all, ascending, filter, pageSize) })
		}
	}
}

func (f *fixture) testWalk(t *testing.T, all []account.Account, ascending bool, filter query.Filter, pageSize int) {
	q := account.Query{Filter: filter, Ascending: ascending, Page: query.Page{Limit: pageSize}}
	var met []account.Account
	changed := make(map[int64]bool)
	for round := 0; ; round++ {
		page, err := f.store.Accounts(t.Context(), f.company.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 || round > 3*len(all) {
			break
		}
		met = append(met, page...)
		last := page[len(page)-1]
		q.Page.After = &query.Cursor{UpdatedAt: last.UpdatedAt, ID: last.ID}
		for _, i := range []int{(7 * round) % len(all), slices.IndexFunc(all, func(a account.Account) bool { return a.ID == last.ID })} {
			if round < 5 { // the last one as well, so that the place has no record
				f.touch(t, &all[i])
				changed[all[i].ID] = true
			}
		}
	}
	var order, want []int64
	for _, a := range met {
		if !changed[a.ID] {
			order = append(order, a.ID)
		}
	}
	for _, a := range passing(all, q) {
		if !changed[a.ID] {
			want = append(want, a.ID)
		}
	}
	if len(want) < len(all)/2 {
		t.Fatalf("only %d accounts did not change", len(want))
	}
	wantIDs(t, order, want)
	f.testWalkBack(t, passing(all, q), q)
}

// touch changes an account, so that it is the latest.
func (f *fixture) touch(t *testing.T, a *account.Account) {
	t.Helper()
	f.touched++
	a.Version++
	a.UpdatedAt = start.Add(time.Minute + time.Duration(f.touched)*time.Millisecond)
	if err := f.update(t.Context(), *a, "description"); err != nil {
		t.Fatal(err)
	}
}

// testWalkBack walks from the end to the start, and expects the same list.
func (f *fixture) testWalkBack(t *testing.T, list []account.Account, q account.Query) {
	t.Helper()
	last := list[len(list)-1]
	q.Page.After, q.Page.Before = nil, &query.Cursor{UpdatedAt: last.UpdatedAt, ID: last.ID}
	met := []account.Account{last}
	for range list {
		page, err := f.store.Accounts(t.Context(), f.company.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		met = slices.Concat(page, met)
		q.Page.Before = &query.Cursor{UpdatedAt: page[0].UpdatedAt, ID: page[0].ID}
	}
	wantIDs(t, ids(met), ids(list))
}
