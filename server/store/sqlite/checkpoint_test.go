package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

const walFrame = 4096 + 24

// The limits are a tenth of the real ones, and so is the bound: the real one is
// 64 MB.
var (
	smallLimits = sqlite.Limits{PassivePages: 100, RestartPages: 32 << 20 / walFrame / 10}
	smallBound  = int64(64 << 20 / 10)
)

func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, smallLimits)
	l := newLoad(t, s, 200, strings.Repeat("x", 6000))
	if largest := l.runUntilWritten(t, path, 4*smallBound); largest > smallBound {
		t.Errorf("the log grew to %d bytes, the bound is %d", largest, smallBound)
	}
}

// A reader that holds on to an old state keeps the log from starting again. It
// must not keep writes from going on, and the log must shrink afterwards.
func TestLogShrinksAfterSlowReader(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, smallLimits)
	l := newLoad(t, s, 200, strings.Repeat("x", 6000))
	slow := openFile(t, path)
	for _, text := range []string{"BEGIN", "SELECT count(*) FROM accounts"} {
		if err := slow.Exec(t.Context(), db.Statement{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if largest := l.runUntilWritten(t, path, 2*smallBound); largest < smallBound {
		t.Fatalf("the log grew to %d bytes only: the reader was not slow", largest)
	}
	if err := slow.Exec(t.Context(), engine.Rollback); err != nil {
		t.Fatal(err)
	}
	l.runUntilWritten(t, path, smallBound)
	if size := logSize(path); size > smallBound {
		t.Errorf("the log still has %d bytes, the bound is %d", size, smallBound)
	}
}

// runUntilWritten runs the load until so many bytes were written to the log.
func (l *load) runUntilWritten(t *testing.T, path string, bytes int64) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	until := l.store.PagesWritten() + bytes/walFrame
	go func() {
		for ctx.Err() == nil && l.store.PagesWritten() < until {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	largest := l.run(ctx, t, path, 8, 4)
	if l.store.PagesWritten() < until {
		t.Fatal("writes came to a halt")
	}
	return largest
}

func logSize(path string) int64 {
	info, err := os.Stat(path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}

// load is what benchmarks and the test of the log do all the time.
type load struct {
	store   *sqlite.Store
	company int64
	user    identity.UserRef
	ids     []int64
	next    atomic.Int64
	updates atomic.Int64
}

func newLoad(t testing.TB, s *sqlite.Store, accounts int, remarks string) *load {
	t.Helper()
	l := &load{store: s, company: addCompany(t, s, "Sunrise")}
	user := identity.User{CompanyID: l.company, Email: "ada@sunrise.example", CreatedAt: start}
	contacts := []account.Contact{
		{CompanyID: l.company, Name: "Jo Park", Emails: []string{"jo@sunrise.example"}, Phones: []string{"+14155550143"}, CreatedAt: start, UpdatedAt: start},
		{CompanyID: l.company, Name: "Lee Chan", CreatedAt: start, UpdatedAt: start},
	}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		err := errors.Join(tx.InsertUser(ctx, &user), tx.InsertContact(ctx, &contacts[0]), tx.InsertContact(ctx, &contacts[1]))
		l.user = user.Ref()
		for i := range accounts {
			a := newAccount(l.company, title(i))
			email, phone, kind, value := fmt.Sprintf("a%d@example.com", i), fmt.Sprintf("+1415%07d", i), account.TypeCommercial, 1000.5
			a.PrimaryEmail, a.PrimaryPhone, a.Type, a.Value = &email, &phone, &kind, &value
			a.Custom = account.Custom{"roof_type": "Tile", "capacity": json.Number("12.50"), "remarks": remarks, "tags": []any{"Gold", "Silver"}}
			a.CreatedBy, a.UpdatedBy, a.Contacts = &l.user, &l.user, contacts
			err = errors.Join(err, tx.InsertAccount(ctx, &a))
			l.ids = append(l.ids, a.ID)
		}
		return err
	})
	return l
}

// id returns an account's id; the accounts are visited in a scattered order.
func (l *load) id() int64 { return l.ids[l.next.Add(1)*7919%int64(len(l.ids))] }

// update changes an account as the service does, with history.
func (l *load) update(ctx context.Context) error {
	return l.change(ctx, func(*account.Account, patch.Changes) {})
}

// retitle is update with one more change, of the title.
func (l *load) retitle(ctx context.Context) error {
	return l.change(ctx, func(a *account.Account, changes patch.Changes) {
		before := a.Title
		a.Title = fmt.Sprintf("Account %d, changed %d times", a.ID, a.Version)
		changes["title"] = patch.Change{Before: before, After: a.Title}
	})
}

func (l *load) change(ctx context.Context, more func(*account.Account, patch.Changes)) error {
	id := l.id()
	err := l.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		a, err := tx.AccountForUpdate(ctx, l.company, id)
		if err != nil {
			return err
		}
		a.Version++
		a.UpdatedAt = start.Add(time.Duration(l.next.Load()) * time.Millisecond) // later than all others, as now is
		a.UpdatedBy = &l.user
		a.Active = !a.Active
		a.Custom["capacity"] = json.Number(fmt.Sprint(a.Version))
		changes := patch.Changes{"isActive": {Before: !a.Active, After: a.Active}, "custom.capacity": {Before: json.Number("12.50"), After: a.Custom["capacity"]}}
		more(&a, changes)
		if err := tx.UpdateAccount(ctx, a, changes); err != nil {
			return err
		}
		return tx.AddHistory(ctx, &account.HistoryEntry{
			CompanyID: l.company, AccountID: id, Kind: account.ChangeUpdated, Version: a.Version, At: a.UpdatedAt,
			UserID: l.user.ID, Email: l.user.Email, Fields: changes,
		})
	})
	if err == nil {
		l.updates.Add(1)
	}
	return err
}

// run writes and reads until the context ends, and returns the largest size
// of the log.
func (l *load) run(ctx context.Context, t testing.TB, path string, writers, readers int) int64 {
	t.Helper()
	errs := make(chan error, writers+readers)
	repeat := func(fn func() error) {
		for ctx.Err() == nil {
			if err := fn(); err != nil && ctx.Err() == nil {
				errs <- err
				return
			}
		}
		errs <- nil
	}
	for range writers {
		go repeat(func() error { return l.update(ctx) })
	}
	for range readers {
		go repeat(func() error {
			// Without a pause they would leave the writer no processor.
			time.Sleep(100 * time.Microsecond)
			_, err := l.store.Account(ctx, l.company, l.id())
			return err
		})
	}
	var largest int64
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		largest = max(largest, logSize(path))
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	return largest
}
