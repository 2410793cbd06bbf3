package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// replicated is a store on a primary, of which each commit waits for a standby.
type replicated struct {
	store            *postgres.Store
	primary, standby *pgtest.Cluster
	account          account.Account
}

func newReplicated(t *testing.T) *replicated {
	t.Helper()
	r := &replicated{primary: pgtest.New(t, pgtest.Options{Durable: true})}
	var err error
	if r.standby, err = r.primary.Standby(t.Context(), pgtest.Synchronous); err != nil {
		t.Fatal(err)
	}
	if r.store, err = postgres.Open(t.Context(), pgtest.URL("postgres", r.primary, r.standby), postgres.Config{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	at := time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)
	r.account = account.Account{Version: 1, Title: "At first", Address: []string{"1 Main St"}, Active: true, CreatedAt: at, UpdatedAt: at}
	err = r.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		company := identity.Company{Name: "Sunrise", CreatedAt: at}
		if err := tx.InsertCompany(ctx, &company); err != nil {
			return err
		}
		r.account.CompanyID = company.ID
		return tx.InsertAccount(ctx, &r.account)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ways are those to give the account a title.
var ways = map[string]func(context.Context, *replicated, string) error{
	"in a group": func(ctx context.Context, r *replicated, title string) error {
		return r.store.Commit(ctx, r.retitling(title))
	},
	"in a transaction": func(ctx context.Context, r *replicated, title string) error {
		return r.store.Write(ctx, func(ctx context.Context, tx store.Tx) error { return r.retitling(title).Play(ctx, tx) })
	},
}

func (r *replicated) retitling(title string) *account.WriteSet {
	a := r.account
	a.Title, a.Version = title, a.Version+1
	changes := patch.Changes{"title": {After: title}}
	return &account.WriteSet{CompanyID: a.CompanyID, Writes: []account.Write{{
		Account: a, Kind: account.ChangeUpdated, Changes: changes,
		Entry: account.HistoryEntry{CompanyID: a.CompanyID, AccountID: a.ID, Kind: account.ChangeUpdated, Version: a.Version, At: a.UpdatedAt, Fields: changes},
	}}}
}

// onEach runs a test for each of the ways. A commit of the store waits for a standby
// that hangs.
func onEach(t *testing.T, test func(t *testing.T, r *replicated, write func(context.Context) error)) {
	t.Helper()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReplicated(t)
			if err := r.standby.Pause(); err != nil {
				t.Fatal(err)
			}
			test(t, r, func(ctx context.Context) error { return way(ctx, r, "After") })
		})
	}
}

// Of what the standby has not got, nobody may be told that it is written: if the
// primary dies then, it is gone. PostgreSQL answers a commit whose wait for the
// standby is cancelled as one that is done, with a warning.
func TestCommitThatTheStandbyHasNotGot(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, r *replicated, write func(context.Context) error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := write(ctx); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("a write that is on no standby is answered %v", err)
		}
	})
}

// Nor may they if somebody else ends the wait, before the standby has got it. Then
// they are told.
func TestCommitWhoseWaitIsEnded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, r *replicated, write func(context.Context) error) {
		answer := make(chan error, 1)
		go func() { answer <- write(t.Context()) }()
		r.endWait(t, "pg_cancel_backend")    // of the commit
		r.endWait(t, "pg_terminate_backend") // of who looks for it
		r.endWait(t, "pg_cancel_backend")    // of who looks again
		select {
		case err := <-answer:
			t.Fatalf("a write that is on no standby is answered %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		if err := r.standby.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := <-answer; err != nil {
			t.Errorf("a write that is on the standby is answered %v", err)
		}
		if a, err := r.store.Account(t.Context(), r.account.CompanyID, r.account.ID); err != nil || a.Version != 2 || a.Title != "After" {
			t.Errorf("the account is %v, %v", a, err)
		}
	})
}

// endWait waits for a session that waits for the standby, and ends that.
func (r *replicated) endWait(t *testing.T, function string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.primary.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for range 1000 {
		done, err := conn.Exec(t.Context(), "SELECT "+function+"(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
		if err != nil {
			t.Fatal(err)
		}
		if done.RowsAffected() > 0 {
			time.Sleep(20 * time.Millisecond) // for the signal
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no session waits for the standby")
}
