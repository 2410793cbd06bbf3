package sqlite_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// Filters have no end of shapes, and statements that are kept take memory.
func TestStatementsAreFew(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	for i := range 300 {
		q := where(ranges(account.MemberNumber, int64(i), nil))
		for range i {
			q.Filter.Conditions[0].Ranges = append(q.Filter.Conditions[0].Ranges, query.Range{From: int64(i), To: int64(i)})
		}
		q.Ascending, q.IncludeArchived = i%2 == 0, i%3 == 0
		plain := account.Query{Ascending: q.Ascending, IncludeArchived: q.IncludeArchived}
		people := contact.Query{Words: make([]string, i%2), AccountID: int64(i % 5), Ascending: q.Ascending}
		if i%7 == 0 {
			people.UpdatedAfter = start
		}
		if i%11 == 0 {
			people.UpdatedBefore = start
		}
		if i%3 > 0 {
			plain.Page.After = &query.Cursor{UpdatedAt: start}
			people.Page = plain.Page
		}
		for _, read := range []func(context.Context, store.Reader) error{
			lists(company, q), counts(company, q), lists(company, plain), counts(company, plain), contacts(company, people),
		} {
			if err := read(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.Statements(); n > 100 {
		t.Errorf("the store keeps %d statements", n)
	}
}

// A filter that SQL cannot evaluate reads all accounts, unless the caller goes.
func TestListIsCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	const accounts = 2000
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		for i := range accounts {
			if err := insert(company, title(i))(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	q := where(query.Condition{Member: query.MemberText, Contains: "account"})
	q.Page.Limit = accounts
	cancelled := 0
	for i := range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*200*time.Microsecond)
		n, err := s.CountAccounts(ctx, company, q)
		if i%2 == 0 {
			var list []account.Account
			list, err = s.Accounts(ctx, company, q)
			n = int64(len(list))
		}
		cancel()
		switch {
		case err == nil && n != accounts:
			t.Fatalf("got %d accounts and no error", n)
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("got %v, want the context's error", err)
		case err != nil:
			cancelled++
		}
	}
	if cancelled == 0 {
		t.Error("no list was cancelled")
	}
}

// What an earlier version has written is listed, and can be changed.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	script, err := os.ReadFile("migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	execFile(t, path, string(script), "PRAGMA user_version = 1",
		`INSERT INTO companies (name, name_fold, created_at) VALUES ('Sunrise', 'sunrise', 1)`,
		`INSERT INTO users (company_id, email, first_name, last_name, password_hash, admin, created_at) VALUES (1, 'ada@sunrise.example', '', '', '', 1, 1)`,
		`INSERT INTO contacts (company_id, name, title, emails, phones, created_at, updated_at) VALUES (1, 'Jo', '', '[]', '[]', 1, 1)`,
		`INSERT INTO properties (company_id, name, key, type, multiple, default_value) VALUES (1, 'Zone', 'zone', 'TEXT', 0, '[]')`,
		`INSERT INTO changes (company_id, account_id, kind, version, at, email, fields) VALUES (1, 1, 'created', 1, 1, '', '{}')`,
		`INSERT INTO accounts (company_id, number, version, title, title_fold, address, address_fold, is_active, primary_email, custom, created_at, updated_at)
			VALUES (1, 1, 1, 'Old', 'old', '[]', '', 1, 'ß@x.example', '{}', 1, 1)`,
		`INSERT INTO account_contacts VALUES (1, 0, 1)`)
	s := open(t, path, sqlite.Limits{})
	for name, read := range map[string]func() (int, error){
		"Accounts": func() (int, error) {
			list, err := s.Accounts(t.Context(), 1, account.Query{Page: query.Page{Limit: 5}})
			return len(list), err
		},
		"by email": func() (int, error) {
			n, err := s.CountAccounts(t.Context(), 1, where(ranges(account.MemberEmail, "ss@x.example", "ss@x.example")))
			return int(n), err
		},
		"ListContacts": func() (int, error) {
			list, err := s.ListContacts(t.Context(), 1, contact.Query{Page: query.Page{Limit: 5}})
			return len(list[0].Accounts), err
		},
		"Changes": func() (int, error) { list, err := s.Changes(t.Context(), 1, 0, 5); return len(list), err },
		"History": func() (int, error) { list, err := s.History(t.Context(), 1, 1, 0, 5); return len(list), err },
		"Users": func() (int, error) {
			list, err := s.Users(t.Context(), 1, identity.UserFilter{}, 0, 5)
			return len(list), err
		},
	} {
		if n, err := read(); err != nil || n != 1 {
			t.Errorf("%s: got %d, %v, want 1", name, n, err)
		}
	}
	properties, err := s.Properties(t.Context(), 1)
	if err != nil || len(properties) != 1 || properties[0].Index != schema.IndexNone {
		t.Errorf("got properties %+v, %v", properties, err)
	}
	mustWrite(t, s, insert(1, "New"))
	if !has(t, s, 1, "Old") || !has(t, s, 1, "New") {
		t.Error("an account is lost")
	}
}

// Keys of a property or an account that is gone must not stay behind.
func TestIndexIsCleared(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	properties := []schema.Property{{CompanyID: company, Key: "a"}, {CompanyID: company, Key: "b"}}
	accounts := []account.Account{newAccount(company, "A"), newAccount(company, "B")}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		err := errors.Join(tx.InsertProperty(ctx, &properties[0]), tx.InsertProperty(ctx, &properties[1]),
			tx.InsertAccount(ctx, &accounts[0]), tx.InsertAccount(ctx, &accounts[1]))
		for _, p := range properties {
			for _, a := range accounts {
				err = errors.Join(err, tx.IndexCustom(ctx, p, a.ID, []string{"x", "y"}))
			}
		}
		return err
	})
	wantRows := func(want int) {
		t.Helper()
		if got := countRows(t, path, "custom_index"); got != want {
			t.Errorf("got %d keys, want %d", got, want)
		}
	}
	wantRows(8)
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.DeleteProperty(ctx, properties[0]) })
	wantRows(4)
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, company, accounts[0].ID) })
	wantRows(2)
}

func countRows(t *testing.T, path, table string) (n int) {
	t.Helper()
	queryFile(t, path, "SELECT count(*) FROM "+table, &n)
	return n
}
