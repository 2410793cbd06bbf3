package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
)

// held is a store whose accounts nobody can read until they are let go.
type held struct {
	store    *postgres.Store
	accounts []account.Account
	other    *pgx.Conn // which holds them
}

func newHeld(t *testing.T) *held {
	t.Helper()
	url := database(t)
	h := &held{store: open(t, url)}
	company, first := addCompany(t, h.store)
	h.accounts = append(h.accounts, first)
	for i := range 30 {
		a := first
		a.Number, a.Title, a.Description, a.CompanyID = 0, fmt.Sprint("Account ", i), new(string), company.ID
		if err := h.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) }); err != nil {
			t.Fatal(err)
		}
		h.accounts = append(h.accounts, a)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	h.other = conn
	h.exec(t, "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
	return h
}

func (h *held) exec(t *testing.T, text string) {
	t.Helper()
	if _, err := h.other.Exec(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// wantWaiting waits until statements wait for the accounts, and for a moment longer:
// there must not be more of them.
func (h *held) wantWaiting(t *testing.T, want int) {
	t.Helper()
	got := 0
	for range 200 {
		time.Sleep(25 * time.Millisecond)
		before := got
		// The table has the same number in the databases of other tests.
		err := h.other.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
			WHERE d.datname = current_database() AND l.relation = 'accounts'::regclass AND l.mode = 'AccessShareLock' AND NOT l.granted`).Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if got == want && before == want {
			return
		}
	}
	t.Fatalf("%d statements wait, want %d", got, want)
}

// Of many reads at once, those that find others under way are made by one statement,
// and each gets its own record.
func TestReadsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHeld(t)
	var group sync.WaitGroup
	for i := range 90 {
		want := h.accounts[i%len(h.accounts)]
		group.Go(func() {
			got, err := h.store.Account(t.Context(), want.CompanyID, want.ID)
			if err != nil || got.ID != want.ID || got.Title != want.Title || (got.Description == nil) != (want.Description == nil) {
				t.Errorf("got %+v %v, want %+v", got, err, want)
			}
		})
	}
	for range 5 {
		group.Go(func() {
			if _, err := h.store.Account(t.Context(), h.accounts[0].CompanyID, 1<<40); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("of an account that is not there: %v", err)
			}
			if _, err := h.store.Account(t.Context(), 1<<40, h.accounts[0].ID); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("of another company: %v", err)
			}
		})
	}
	h.wantWaiting(t, 2)
	h.exec(t, "COMMIT")
	group.Wait()
}

// Who gives a read up that waits for others is told so at once, and the others are
// not.
func TestReadsThatAreGivenUp(t *testing.T) {
	t.Parallel()
	h := newHeld(t)
	var group sync.WaitGroup
	read := func(ctx context.Context, at int) error {
		_, err := h.store.Account(ctx, h.accounts[at].CompanyID, h.accounts[at].ID)
		return err
	}
	for at := range 2 {
		group.Go(func() {
			if err := read(t.Context(), at); err != nil {
				t.Error(err)
			}
		})
	}
	h.wantWaiting(t, 2)
	late, cancelLate := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancelLate()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for ctx, want := range map[context.Context]fault.Kind{late: fault.KindUnavailable, gone: fault.KindInternal} {
		if err := read(ctx, 3); fault.KindOf(err) != want || !errors.Is(err, ctx.Err()) {
			t.Errorf("got %v after %v", err, ctx.Err())
		}
	}
	group.Go(func() {
		if err := read(t.Context(), 4); err != nil {
			t.Error(err)
		}
	})
	h.exec(t, "COMMIT")
	group.Wait()
}
