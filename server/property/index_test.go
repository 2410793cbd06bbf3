package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

// addAmounts defines a property, and makes n accounts of which most have a
// value of it.
func addAmounts(t *testing.T, s *domaintest.Domain, n int) []account.Account {
	t.Helper()
	_, err := define(t, s, schema.Property{Name: "Amount", Type: schema.Numeric})
	if err != nil {
		t.Fatal(err)
	}
	accounts := make([]account.Account, 0, n)
	err = s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range n {
			a := account.Account{
				CompanyID: s.Company.ID, Version: 1, Title: fmt.Sprint(i), Address: []string{"x"}, Active: i%5 != 0,
				Custom: account.Custom{}, CreatedAt: s.Now, UpdatedAt: s.Now,
			}
			if i%7 != 0 {
				a.Custom["amount"] = json.Number(fmt.Sprint(i % 10))
			}
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			accounts = append(accounts, a)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

func setIndexed(t *testing.T, s *domaintest.Domain, indexed bool) schema.Property {
	t.Helper()
	p, err := s.Properties.Update(t.Context(), s.Actor, property.UpdateRequest{Key: "amount", Patch: property.Patch{Indexed: patch.Set(indexed)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func amount(t *testing.T, s *domaintest.Domain) schema.Property {
	t.Helper()
	properties, err := s.Properties.List(t.Context(), s.Actor)
	if err != nil || len(properties) != 1 {
		t.Fatal(properties, err)
	}
	return properties[0]
}

// set gives an account an amount; 0 is none.
func setAmount(ctx context.Context, s *domaintest.Domain, id int64, amount int) error {
	var value any
	if amount > 0 {
		value = json.Number(fmt.Sprint(amount))
	}
	_, err := s.Accounts.Update(ctx, s.Actor, account.UpdateRequest{ID: id, Patch: account.Patch{Custom: patch.Set(map[string]any{"amount": value})}})
	return err
}

// checkIndex compares what the index finds with what the accounts have.
func checkIndex(t *testing.T, s *domaintest.Domain) {
	t.Helper()
	p := amount(t, s)
	if p.Index != schema.IndexReady {
		t.Fatalf("the index is %q", p.Index)
	}
	page := query.Page{Limit: 10_000}
	all, err := s.Accounts.List(t.Context(), s.Actor, account.Query{IncludeArchived: true, Page: page})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		key := p.Keys(json.Number(fmt.Sprint(n)))[0]
		filter := query.Filter{Conditions: []query.Condition{{Member: query.MemberCustom, Property: p, Ranges: []query.Range{{From: key, To: key}}}}}
		found, err := s.Accounts.Count(t.Context(), s.Actor, account.Query{Filter: filter, IncludeArchived: true, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for _, a := range all {
			if filter.Matches(&a) {
				want++
			}
		}
		if found != want {
			t.Errorf("amount %d: the index finds %d accounts, %d have it", n, found, want)
		}
	}
}

func TestIndexIsBuiltWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	accounts := addAmounts(t, s, 2300)
	setIndexed(t, s, true)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; ctx.Err() == nil; i += 37 {
				if err := setAmount(t.Context(), s, accounts[i*31%len(accounts)].ID, i%10); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	err := s.Properties.BuildIndexes(t.Context())
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	checkIndex(t, s)
	if err := setAmount(t.Context(), s, accounts[0].ID, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Intake.Create(t.Context(), s.Actor, intake.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
		Title: patch.Set("new"), Address: patch.Set([]string{"x"}), Custom: patch.Set(map[string]any{"amount": json.Number("3.0")}),
	}}); err != nil {
		t.Fatal(err)
	}
	checkIndex(t, s)
}

// storeOf is the part of the store about properties.
func storeOf(s *domaintest.Domain) property.Store {
	return store.For(s.Store, func(tx store.Tx) property.Tx { return tx })
}

// newBuilder is a service that builds indexes over another store.
func newBuilder(over property.Store) *property.Service {
	return property.NewService(over, nil, nil, nil)
}

// intrusiveStore calls a function between the chunks of a build.
type intrusiveStore struct {
	property.Store
	between func(after int64)
}

func (i intrusiveStore) AccountsWith(ctx context.Context, p schema.Property, after int64, limit int) ([]account.Account, error) {
	i.between(after)
	return i.Store.AccountsWith(ctx, p, after, limit)
}

// A build that ends early leaves its state, from which the next one completes.
func TestIndexBuildIsResumed(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	addAmounts(t, s, 1500)
	setIndexed(t, s, true)
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := newBuilder(intrusiveStore{storeOf(s), func(after int64) {
		if after > 0 {
			cancel()
		}
	}})
	if err := interrupted.BuildIndexes(ctx); err == nil {
		t.Fatal("the build was not interrupted")
	}
	if p := amount(t, s); p.Index != schema.IndexBuilding {
		t.Fatalf("the index is %q", p.Index)
	}
	if err := s.Properties.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkIndex(t, s)
}

// An index that is dropped and begun again during a build is not taken for the
// one that the build began with: only a new build makes it ready.
func TestIndexBegunAgainDuringABuild(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	addAmounts(t, s, 1500)
	setIndexed(t, s, true)
	var once sync.Once
	overtaken := newBuilder(intrusiveStore{storeOf(s), func(after int64) {
		if after > 0 {
			once.Do(func() {
				setIndexed(t, s, false)
				setIndexed(t, s, true)
			})
		}
	}})
	if err := overtaken.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := amount(t, s); p.Index != schema.IndexBuilding || p.Builds != 2 {
		t.Fatalf("the overtaken build left %+v", p)
	}
	if err := s.Properties.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkIndex(t, s)
}

// An account or a property that is deleted during a build is left alone.
func TestDeletionsDuringABuild(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	accounts := addAmounts(t, s, 1500)
	p := setIndexed(t, s, true)
	deleted := false
	builder := newBuilder(deletingStore{storeOf(s), func(ctx context.Context) error {
		if deleted {
			return nil
		}
		deleted = true
		return s.Store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
			return tx.DeleteAccount(ctx, s.Company.ID, accounts[1].ID)
		})
	}})
	if err := builder.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkIndex(t, s)
	setIndexed(t, s, false)
	setIndexed(t, s, true)
	gone := newBuilder(deletingStore{storeOf(s), func(ctx context.Context) error {
		return s.Properties.Delete(ctx, s.Actor, p.Key, true)
	}})
	if err := gone.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// deletingStore calls a function after a chunk is read and before it is written.
type deletingStore struct {
	property.Store
	before func(context.Context) error
}

func (d deletingStore) Write(ctx context.Context, fn func(context.Context, property.Tx) error) error {
	if err := d.before(ctx); err != nil {
		return err
	}
	return d.Store.Write(ctx, fn)
}

// Run builds what is asked for while it runs, and ends with its context.
func TestRunBuilds(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	addAmounts(t, s, 20)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		s.Properties.Run(ctx)
		close(ended)
	}()
	setIndexed(t, s, true)
	for deadline := time.Now().Add(20 * time.Second); amount(t, s).Index != schema.IndexReady; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the index is not built")
		}
	}
	stop()
	<-ended
	checkIndex(t, s)
}
