package account_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// addAmounts defines a property, and makes n accounts of which most have a
// value of it.
func (s *service) addAmounts(t *testing.T, n int) []account.Account {
	t.Helper()
	_, err := s.CreateProperty(t.Context(), account.Property{CompanyID: s.Company.ID, Name: "Amount", Type: account.PropertyNumeric})
	if err != nil {
		t.Fatal(err)
	}
	accounts := make([]account.Account, 0, n)
	err = s.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
		for i := range n {
			a := account.Account{
				CompanyID: s.Company.ID, Version: 1, Title: fmt.Sprint(i), Address: []string{"x"}, Active: i%5 != 0,
				Custom: account.Custom{}, CreatedAt: s.now, UpdatedAt: s.now,
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

func (s *service) setIndexed(t *testing.T, indexed bool) account.Property {
	t.Helper()
	p, err := s.UpdateProperty(t.Context(), s.Actor, "amount", account.PropertyPatch{Indexed: account.Set(indexed)}, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *service) amount(t *testing.T) account.Property {
	t.Helper()
	properties, err := s.Properties(t.Context(), s.Actor)
	if err != nil || len(properties) != 1 {
		t.Fatal(properties, err)
	}
	return properties[0]
}

// set gives an account an amount; 0 is none.
func (s *service) set(ctx context.Context, id int64, amount int) error {
	var value any
	if amount > 0 {
		value = json.Number(fmt.Sprint(amount))
	}
	_, err := s.Update(ctx, s.Actor, account.UpdateRequest{ID: id, Patch: account.Patch{Custom: account.Set(map[string]any{"amount": value})}})
	return err
}

// checkIndex compares what the index finds with what the accounts have.
func (s *service) checkIndex(t *testing.T) {
	t.Helper()
	p := s.amount(t)
	if p.Index != account.IndexReady {
		t.Fatalf("the index is %q", p.Index)
	}
	page := account.Page{Limit: 10_000}
	all, err := s.List(t.Context(), s.Actor, account.AccountQuery{IncludeArchived: true, Page: page})
	if err != nil {
		t.Fatal(err)
	}
	for amount := range 10 {
		key := p.Keys(json.Number(fmt.Sprint(amount)))[0]
		filter := account.Filter{Conditions: []account.Condition{{Member: account.MemberCustom, Property: p, Ranges: []account.Range{{From: key, To: key}}}}}
		found, err := s.Count(t.Context(), s.Actor, account.AccountQuery{Filter: filter, IncludeArchived: true, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for _, a := range all {
			if filter.Matches(a) {
				want++
			}
		}
		if found != want {
			t.Errorf("amount %d: the index finds %d accounts, %d have it", amount, found, want)
		}
	}
}

func TestIndexIsBuiltWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := newService(t)
	accounts := s.addAmounts(t, 2300)
	s.setIndexed(t, true)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; ctx.Err() == nil; i += 37 {
				if err := s.set(t.Context(), accounts[i*31%len(accounts)].ID, i%10); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	err := s.BuildIndexes(t.Context())
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	s.checkIndex(t)
	if err := s.set(t.Context(), accounts[0].ID, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), s.Actor, account.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
		Title: account.Set("new"), Address: account.Set([]string{"x"}), Custom: account.Set(map[string]any{"amount": json.Number("3.0")}),
	}}); err != nil {
		t.Fatal(err)
	}
	s.checkIndex(t)
}

// intrusiveStore calls a function between the chunks of a build.
type intrusiveStore struct {
	account.Store
	between func(after int64)
}

func (i intrusiveStore) AccountsWith(ctx context.Context, p account.Property, after int64, limit int) ([]account.Account, error) {
	i.between(after)
	return i.Store.AccountsWith(ctx, p, after, limit)
}

// A build that ends early leaves its state, from which the next one completes.
func TestIndexBuildIsResumed(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.addAmounts(t, 1500)
	s.setIndexed(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := account.NewService(intrusiveStore{s.store, func(after int64) {
		if after > 0 {
			cancel()
		}
	}}, account.Config{})
	if err := interrupted.BuildIndexes(ctx); err == nil {
		t.Fatal("the build was not interrupted")
	}
	if p := s.amount(t); p.Index != account.IndexBuilding {
		t.Fatalf("the index is %q", p.Index)
	}
	if err := s.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.checkIndex(t)
}

// An index that is dropped and begun again during a build is not taken for the
// one that the build began with: only a new build makes it ready.
func TestIndexBegunAgainDuringABuild(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.addAmounts(t, 1500)
	s.setIndexed(t, true)
	var once sync.Once
	overtaken := account.NewService(intrusiveStore{s.store, func(after int64) {
		if after > 0 {
			once.Do(func() {
				s.setIndexed(t, false)
				s.setIndexed(t, true)
			})
		}
	}}, account.Config{})
	if err := overtaken.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := s.amount(t); p.Index != account.IndexBuilding || p.Builds != 2 {
		t.Fatalf("the overtaken build left %+v", p)
	}
	if err := s.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.checkIndex(t)
}

// An account or a property that is deleted during a build is left alone.
func TestDeletionsDuringABuild(t *testing.T) {
	t.Parallel()
	s := newService(t)
	accounts := s.addAmounts(t, 1500)
	p := s.setIndexed(t, true)
	deleted := false
	builder := account.NewService(deletingStore{s.store, func(ctx context.Context) error {
		if deleted {
			return nil
		}
		deleted = true
		return s.store.Write(ctx, func(ctx context.Context, tx account.Tx) error {
			return tx.DeleteAccount(ctx, s.Company.ID, accounts[1].ID)
		})
	}}, account.Config{})
	if err := builder.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.checkIndex(t)
	s.setIndexed(t, false)
	s.setIndexed(t, true)
	gone := account.NewService(deletingStore{s.store, func(ctx context.Context) error {
		return s.DeleteProperty(ctx, s.Actor, p.Key, true)
	}}, account.Config{})
	if err := gone.BuildIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// deletingStore calls a function after a chunk is read and before it is written.
type deletingStore struct {
	account.Store
	before func(context.Context) error
}

func (d deletingStore) Write(ctx context.Context, fn func(context.Context, account.Tx) error) error {
	if err := d.before(ctx); err != nil {
		return err
	}
	return d.Store.Write(ctx, fn)
}

// Run builds what is asked for while it runs, and ends with its context.
func TestRunBuilds(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.addAmounts(t, 20)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		s.Run(ctx)
		close(ended)
	}()
	s.setIndexed(t, true)
	for deadline := time.Now().Add(20 * time.Second); s.amount(t).Index != account.IndexReady; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the index is not built")
		}
	}
	stop()
	<-ended
	s.checkIndex(t)
}
