package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// standstill is how long a server that stands still may keep a company from others.
const standstill = 15 * time.Second

// A server that stands still in the middle of a transaction, or whose machine is gone
// without a word, keeps others from a company for as long as one transaction may, however
// many more of its own wait for that one. Who waits at another server gets on.
func TestServerStandsStill(t *testing.T) {
	t.Parallel()
	url := database(t)
	stopped, other := open(t, url), open(t, url)
	company, a := addCompany(t, other)
	errStopped := errors.New("it stood still")
	goOn := make(chan struct{})
	var group, others sync.WaitGroup
	defer group.Wait()
	defer close(goOn)
	const writers = 4
	locked := make(chan struct{}, writers)
	for range writers {
		group.Go(func() {
			var calls atomic.Int32
			_ = stopped.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
				if calls.Add(1) == 1 { // Who stands still does not try again.
					if _, err := tx.AccountForUpdate(ctx, company.ID, a.ID); err != nil {
						return err
					}
					locked <- struct{}{}
				}
				<-goOn
				return errStopped
			})
		})
	}
	<-locked
	time.Sleep(100 * time.Millisecond) // in which the others come to wait
	ctx, cancel := context.WithTimeout(t.Context(), 2*standstill)
	defer cancel()
	for name, write := range map[string]func() error{
		"Write": func() error {
			return other.Write(ctx, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.AccountForUpdate(ctx, company.ID, a.ID)
				return err
			})
		},
		"Commit": func() error { return other.Commit(ctx, retitling(a, "After")) },
	} {
		others.Go(func() {
			began := time.Now()
			if err := write(); err != nil || time.Since(began) > standstill+5*late {
				t.Errorf("%s: %v, after %s", name, err, time.Since(began))
			}
		})
	}
	others.Wait()
}

// What a server had begun when it stood still is undone, and begun again when it goes on.
func TestServerGoesOn(t *testing.T) {
	t.Parallel()
	url := database(t)
	s := open(t, url+"&idle_in_transaction_session_timeout=200")
	_, a := addCompany(t, s)
	calls := 0
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		a, err := tx.AccountForUpdate(ctx, a.CompanyID, a.ID)
		if err != nil {
			return err
		}
		if calls++; calls == 1 {
			time.Sleep(time.Second)
		}
		a.Version++
		a.Title = "After"
		return tx.UpdateAccount(ctx, a, patch.Changes{"title": {}})
	})
	now, getErr := s.Account(t.Context(), a.CompanyID, a.ID)
	if err != nil || getErr != nil || calls != 2 || now.Title != "After" || now.Version != a.Version+1 {
		t.Errorf("%v, called %d times, %v, %q of version %d", err, calls, getErr, now.Title, now.Version)
	}
}

// A machine that is gone without a word, in the middle of sending a group, is missed within
// seconds. Where a URL says otherwise, that counts.
func TestMachineIsMissed(t *testing.T) {
	t.Parallel()
	url := database(t)
	for settings, want := range map[string]string{"": "10 5 2 off 30s", "&tcp_keepalives_idle=60&jit=on": "60 5 2 on 30s"} {
		e, err := engine.Open(t.Context(), url+settings, engine.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		var got string
		err = e.Pool().QueryRow(t.Context(), `SELECT concat_ws(' ', current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),
			current_setting('tcp_keepalives_count'), current_setting('jit'), current_setting('idle_in_transaction_session_timeout'))`).Scan(&got)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", settings, got, err, want)
		}
	}
}
