package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

func testWrite(t *testing.T, f *fixture) {
	f.addProperty(t, account.Property{Name: "Tags", Key: "tags", Type: account.PropertyDropdown})
	before := f.addAccount(t, f.newAccount("Before"))

	t.Run("failure", func(t *testing.T) {
		failure := errors.New("changed my mind")
		err := f.store.Write(t.Context(), f.writeAll(before, func() error { return failure }))
		if !errors.Is(err, failure) {
			t.Errorf("got %v, want fn's error", err)
		}
		f.wantNothingOf(t, before)
	})
	t.Run("panic", func(t *testing.T) {
		err := f.store.Write(t.Context(), f.writeAll(before, func() error { panic("at the worst moment") }))
		wantKind(t, err, account.KindInternal)
		f.wantNothingOf(t, before)
	})
	t.Run("a write sees its own, others do not", f.testIsolation)
	t.Run("success", func(t *testing.T) {
		f.write(t, f.writeAll(before, func() error { return nil }))
		if _, err := f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, "added"); err != nil {
			t.Error(err)
		}
	})
}

// writeAll makes one write of each kind, and then does what end says.
func (f *fixture) writeAll(a account.Account, end func() error) func(context.Context, account.Tx) error {
	return func(ctx context.Context, tx account.Tx) error {
		contact := account.Contact{CompanyID: f.company.ID, Name: "Added", Emails: []string{"added@example.com"}, CreatedAt: start, UpdatedAt: start}
		added := f.newAccount("Added")
		company := account.Company{Name: "Added", CreatedAt: start}
		property := account.Property{CompanyID: f.company.ID, Name: "Added", Key: "added", Type: account.PropertyText}
		if err := errors.Join(tx.InsertContact(ctx, &contact), tx.InsertAccount(ctx, &added), tx.InsertCompany(ctx, &company)); err != nil {
			return err
		}
		user := account.User{CompanyID: company.ID, Email: "added@example.com", CreatedAt: start}
		if err := tx.InsertUser(ctx, &user); err != nil {
			return err
		}
		key := account.Key{CompanyID: company.ID, UserID: user.ID, Hash: account.KeyHash{9}, Scope: account.ScopeRead, CreatedAt: start}
		changed := a
		changed.Title, changed.Contacts = "Changed", []account.Contact{contact}
		err := errors.Join(
			tx.InsertKey(ctx, &key),
			tx.InsertProperty(ctx, &property),
			tx.AddOption(ctx, f.company.ID, account.NewOption{Key: "tags", Label: "Added"}),
			tx.UpdateAccount(ctx, changed, account.Changes{"title": {}, "contacts": {}}),
			tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: f.company.ID, AccountID: a.ID, Kind: account.ChangeUpdated, At: start}),
		)
		if err != nil {
			return err
		}
		return end()
	}
}

// wantNothingOf checks that there is no trace of writeAll.
func (f *fixture) wantNothingOf(t *testing.T, a account.Account) {
	t.Helper()
	ctx := t.Context()
	f.wantAccount(t, a)
	_, findAccount := f.store.FindAccount(ctx, f.company.ID, account.MatchTitle, "added")
	_, findContact := f.store.FindContact(ctx, f.company.ID, "added@example.com", "")
	_, company := f.store.Company(ctx, "Added")
	_, user := f.store.User(ctx, "added@example.com")
	_, _, key := f.store.KeyByHash(ctx, account.KeyHash{9})
	for _, err := range []error{findAccount, findContact, company, user, key} {
		wantKind(t, err, account.KindNotFound)
	}
	properties := f.properties(t, f.company.ID)
	if len(properties) != 1 || len(properties[0].Options) != 0 {
		t.Errorf("a property or an option stayed: %+v", properties)
	}
	history, err := f.store.History(ctx, f.company.ID, a.ID, 0, 100)
	if err != nil || len(history) != 0 {
		t.Errorf("history stayed: %+v, %v", history, err)
	}
}

func (f *fixture) testIsolation(t *testing.T) {
	wrote, looked := make(chan int64), make(chan error, 1)
	go func() {
		_, err := f.store.Account(t.Context(), f.company.ID, <-wrote)
		looked <- err
	}()
	a := f.newAccount("Not yet")
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		if err := tx.InsertAccount(ctx, &a); err != nil {
			return err
		}
		own, err := tx.Account(ctx, f.company.ID, a.ID)
		if err != nil || own.Title != a.Title {
			t.Errorf("the write sees %q, %v of its own", own.Title, err)
		}
		wrote <- a.ID
		if err := <-looked; err == nil || account.KindOf(err) != account.KindNotFound {
			t.Errorf("another reader got %v before the commit", err)
		}
		return nil
	})
	if _, err := f.store.Account(t.Context(), f.company.ID, a.ID); err != nil {
		t.Errorf("after the commit: %v", err)
	}
}

func testCancellation(t *testing.T, f *fixture) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	t.Run("before a write", func(t *testing.T) {
		err := f.store.Write(ended, func(context.Context, account.Tx) error {
			t.Error("fn has run")
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancellation", err)
		}
	})
	t.Run("before a read", func(t *testing.T) {
		if _, err := f.store.Account(ended, f.company.ID, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancellation", err)
		}
	})
	t.Run("in a write", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := f.newAccount("Either way")
		err := f.store.Write(ctx, func(_ context.Context, tx account.Tx) error {
			cancel()
			return tx.InsertAccount(ctx, &a)
		})
		_, readErr := f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, "either way")
		if (err == nil) != (readErr == nil) {
			t.Errorf("the write answered %v, but the read %v", err, readErr)
		}
	})
}

func testConcurrency(t *testing.T, f *fixture) {
	t.Run("no update of one account is lost", func(t *testing.T) {
		a := f.addAccount(t, f.newAccount("Shared"))
		const writers, rounds = 8, 5
		together(t, writers, func(i int) error {
			for round := range rounds {
				err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
					current, err := tx.AccountForUpdate(ctx, f.company.ID, a.ID)
					if err != nil {
						return err
					}
					current.Version++
					member := fmt.Sprintf("member_%d_%d", i, round)
					current.Custom[member] = json.Number("1.0")
					return tx.UpdateAccount(ctx, current, account.Changes{"custom." + member: {}})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		got, err := f.store.Account(t.Context(), f.company.ID, a.ID)
		if err != nil || got.Version != 1+writers*rounds || len(got.Custom) != writers*rounds {
			t.Errorf("got version %d with %d members, %v, want %d with %d", got.Version, len(got.Custom), err, 1+writers*rounds, writers*rounds)
		}
	})
	t.Run("numbers are assigned once", func(t *testing.T) {
		const writers, each = 8, 5
		numbers := make(chan int64, writers*each)
		together(t, writers, func(int) error {
			for range each {
				a := f.newAccount("Numbered")
				a.CompanyID = f.other.ID
				err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
					a.Number = 0 // fn may run again
					return tx.InsertAccount(ctx, &a)
				})
				if err != nil {
					return err
				}
				numbers <- a.Number
			}
			return nil
		})
		seen := make(map[int64]bool)
		for range writers * each {
			n := <-numbers
			if seen[n] || n < 1 || n > writers*each {
				t.Errorf("number %d is assigned twice or out of turn", n)
			}
			seen[n] = true
		}
	})
	t.Run("a failing write takes no other along", f.testNeighbours)
}

// testNeighbours mixes writes that fail in every way with some that do not.
func (f *fixture) testNeighbours(t *testing.T) {
	failure := errors.New("no")
	together(t, 24, func(i int) error {
		a := f.newAccount(fmt.Sprintf("Neighbour %d", i))
		err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			switch i % 4 {
			case 1:
				return failure
			case 2:
				panic("no")
			case 3:
				again := a
				return tx.InsertAccount(ctx, &again) // its number is taken
			}
			return nil
		})
		if (err == nil) != (i%4 == 0) {
			return fmt.Errorf("write %d: %w", i, err)
		}
		_, err = f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, account.Fold(a.Title))
		if (err == nil) != (i%4 == 0) {
			return fmt.Errorf("account of write %d: %w", i, err)
		}
		return nil
	})
}
