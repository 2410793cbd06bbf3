package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// lookupTests are the tests of what a transaction finds out for many records at once, and
// of what it then does without asking again.
var lookupTests = tests{
	"FindAccounts": testFindAccounts,
	"FindContacts": testFindContacts,
	"NumberOwners": testNumberOwners,
	"SureContacts": testSureContacts,
	"SureAccounts": testSureAccounts,
	"SureTexts":    testSureTexts,
}

// FindAccounts finds for each value what FindAccount finds.
func testFindAccounts(t *testing.T, f *fixture) {
	long := strings.Repeat("long ", 60)
	for i, title := range []string{"Twin", "TWIN", "Twin", "\"<ö>\\", "東京", "Foreign", long + "a", long + "b"} {
		a := f.newAccount(title)
		a.Address = []string{title, "x"}
		a.PrimaryEmail, a.PrimaryPhone = new("twin@example.com"), new("+14155550100")
		if a.Active = i != 0; i == 3 {
			a.PrimaryEmail, a.PrimaryPhone = nil, new("+1")
		}
		if title == "Foreign" {
			a.CompanyID = f.other.ID
		}
		f.addAccount(t, a)
	}
	titles := []string{"twin", "twin", "\"<ö>\\", "東京", "foreign", "twi", "", normal.Fold(long + "a"), normal.Fold(long + "b"), normal.Fold(long)}
	addresses := []string{"", "x"}
	for _, title := range titles {
		addresses = append(addresses, normal.FoldLines([]string{title, "x"}))
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(
			f.wantFound(ctx, t, tx, account.MatchTitle, 5, titles...),
			f.wantFound(ctx, t, tx, account.MatchAddress, 5, addresses...),
			f.wantFound(ctx, t, tx, account.MatchEmail, 1, "twin@example.com", "", "x@example.com"),
			f.wantFound(ctx, t, tx, account.MatchPhone, 2, "+1", "+14155550100", "", "+9"),
			f.wantFound(ctx, t, tx, account.MatchTitle, 0),
			f.wantFound(ctx, t, tx, account.MatchNone, 0, "twin"),
		)
	})
}

// wantFound looks for values at once and one by one, and checks that it finds the same.
func (f *fixture) wantFound(ctx context.Context, t *testing.T, tx store.Tx, by account.MatchBy, n int, values ...string) error {
	t.Helper()
	found, err := tx.FindAccounts(ctx, f.company.ID, by, values)
	if err != nil || len(found) != n {
		t.Errorf("by %s: %v, want %d", by, found, n)
	}
	for _, value := range values {
		one, failed := tx.FindAccount(ctx, f.company.ID, by, value)
		if failed != nil && !fault.IsNotFound(failed) {
			return failed
		}
		if found[value] != one.ID {
			t.Errorf("%s %q is of account %d, and alone of %d", by, value, found[value], one.ID)
		}
	}
	return err
}

func testFindContacts(t *testing.T, f *fixture) {
	add := func(companyID int64, email, phone string) int64 {
		t.Helper()
		return f.addContact(t, account.Contact{CompanyID: companyID, Name: "C", Emails: []string{email}, Phones: []string{phone}}).ID
	}
	first := add(f.company.ID, "one@example.com", "+1")
	second := add(f.company.ID, "two@example.com", "+1")
	add(f.company.ID, "one@example.com", "\"<ö>\\")
	add(f.other.ID, "foreign@example.com", "+9")
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		emails, phones, err := tx.FindContacts(ctx, f.company.ID,
			[]string{"one@example.com", "two@example.com", "one@example.com", "foreign@example.com", "", "+1"},
			[]string{"+1", "+9", "", "two@example.com"})
		if err != nil {
			return err
		}
		equal(t, emails, map[string]int64{"one@example.com": first, "two@example.com": second})
		equal(t, phones, map[string]int64{"+1": first})
		emails, phones, err = tx.FindContacts(ctx, f.company.ID, nil, nil)
		equal(t, len(emails)+len(phones), 0)
		return err
	})
}

func testNumberOwners(t *testing.T, f *fixture) {
	holder := f.newAccount("Holder")
	holder.Number = 100
	holder = f.addAccount(t, holder)
	foreign := f.newAccount("Foreign")
	foreign.CompanyID, foreign.Number = f.other.ID, 200
	f.addAccount(t, foreign)
	numbered := func(number int64) *account.Account {
		a := f.newAccount("Numbered")
		a.Number = number
		return &a
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		owners, err := tx.NumberOwners(ctx, f.company.ID, []int64{100, 200, 200, 201, account.MaxNumber})
		if err != nil {
			return err
		}
		equal(t, owners, map[int64]int64{100: holder.ID})
		// A free one is so once, and what is undone is not remembered.
		if err := tx.InsertAccount(ctx, numbered(200)); err != nil {
			return err
		}
		wantKind(t, tx.InsertAccount(ctx, numbered(200)), fault.KindConflict)
		wantKind(t, tx.InsertAccount(ctx, numbered(100)), fault.KindConflict)
		err = tx.Isolate(ctx, func(ctx context.Context) error {
			return errors.Join(tx.InsertAccount(ctx, numbered(201)), errUndone)
		})
		if !errors.Is(err, errUndone) {
			return err
		}
		return errors.Join(tx.InsertAccount(ctx, numbered(201)), tx.InsertAccount(ctx, numbered(account.MaxNumber)))
	})
}

// A contact that the transaction has seen or added is linked, and one that is gone, or
// was never there, is refused at once.
func testSureContacts(t *testing.T, f *fixture) {
	seen := f.addContact(t, account.Contact{Name: "Seen", Emails: []string{"seen@example.com"}})
	foreign := f.addContact(t, account.Contact{CompanyID: f.other.ID, Name: "Foreign"})
	linked := func(c account.Contact) *account.Account {
		a := f.newAccount("Linked to " + c.Name)
		a.Contacts = []account.Contact{c}
		return &a
	}
	added := account.Contact{CompanyID: f.company.ID, Name: "Added", Emails: []string{}, Phones: []string{}, CreatedAt: start, UpdatedAt: start}
	first, second := linked(seen), linked(added)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.FindContact(ctx, f.company.ID, "seen@example.com", "")
		_, foreignErr := tx.Contact(ctx, f.other.ID, foreign.ID)
		if err := errors.Join(err, foreignErr, tx.InsertContact(ctx, &added)); err != nil {
			return err
		}
		second.Contacts[0] = added
		return errors.Join(tx.InsertAccount(ctx, first), tx.InsertAccount(ctx, second))
	})
	for _, want := range []*account.Account{first, second} {
		got, err := f.store.Account(t.Context(), f.company.ID, want.ID)
		if err != nil || len(got.Contacts) != 1 || got.Contacts[0].ID != want.Contacts[0].ID {
			t.Errorf("%s: %+v, %v", want.Title, got.Contacts, err)
		}
	}
	refused := func(c account.Contact) func(context.Context, store.Tx) error {
		return func(ctx context.Context, tx store.Tx) error {
			wantKind(t, tx.InsertAccount(ctx, linked(c)), fault.KindNotFound)
			return errUndone
		}
	}
	for name, before := range map[string]func(context.Context, store.Tx) error{
		"gone": func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Contacts(ctx, f.company.ID, []int64{seen.ID})
			return errors.Join(err, tx.DeleteContact(ctx, f.company.ID, seen.ID), refused(seen)(ctx, tx))
		},
		"another company's": func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Contacts(ctx, f.other.ID, []int64{foreign.ID})
			return errors.Join(err, refused(foreign)(ctx, tx))
		},
		"undone": func(ctx context.Context, tx store.Tx) error {
			undone := account.Contact{CompanyID: f.company.ID, Name: "Undone", CreatedAt: start, UpdatedAt: start}
			_ = tx.Isolate(ctx, func(ctx context.Context) error { return errors.Join(tx.InsertContact(ctx, &undone), errUndone) })
			return refused(undone)(ctx, tx)
		},
	} {
		if err := f.store.Write(t.Context(), before); !errors.Is(err, errUndone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An account that the transaction has written is found by its keys, and none by those of
// one that it has deleted.
func testSureAccounts(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Text, Multiple: true, Index: schema.IndexReady})
	kept, gone := f.newAccount("Kept"), f.newAccount("Gone")
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		err := errors.Join(tx.InsertAccount(ctx, &kept), tx.InsertAccount(ctx, &gone), tx.DeleteAccount(ctx, f.company.ID, gone.ID))
		for _, c := range f.strangers(p) {
			err = errors.Join(err, tx.ReplaceKeys(ctx, c, kept.ID, nil, []string{"stolen"}))
		}
		return errors.Join(err, tx.ReplaceKeys(ctx, p, kept.ID, nil, []string{"x", "y", "x"}), tx.ReplaceKeys(ctx, p, gone.ID, nil, []string{"x"}))
	})
	kept, err := f.store.Account(t.Context(), f.company.ID, kept.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.wantKeyed(t, p, "x", kept)
	f.wantKeyed(t, p, "y", kept)
	f.wantKeyed(t, p, "stolen")
}

// An account is found by the names that its contacts have at the end, and one that was
// undone by nothing.
func testSureTexts(t *testing.T, f *fixture) {
	c := account.Contact{CompanyID: f.company.ID, Name: "Before", Emails: []string{"jo@x.example"}, CreatedAt: start, UpdatedAt: start}
	early, late, gone := f.newAccount("Early"), f.newAccount("Late"), f.newAccount("Gone")
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		err := tx.InsertContact(ctx, &c)
		renamed := c
		renamed.Name = "After"
		early.Contacts, late.Contacts = []account.Contact{c}, []account.Contact{c}
		return errors.Join(err, tx.InsertAccount(ctx, &early), tx.UpdateContact(ctx, renamed), tx.InsertAccount(ctx, &late))
	})
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		undone := tx.Isolate(ctx, func(ctx context.Context) error {
			return errors.Join(tx.InsertAccount(ctx, &gone), errUndone)
		})
		if !errors.Is(undone, errUndone) {
			return undone
		}
		return nil
	})
	for word, want := range map[string][]int64{"after": {early.ID, late.ID}, "before": nil, "early": {early.ID}, "gone": nil} {
		found, err := f.store.Accounts(t.Context(), f.company.ID, account.Query{
			Filter:    query.Filter{Conditions: []query.Condition{{Member: query.MemberText, Contains: word}}},
			Ascending: true, Page: query.Page{Limit: 10},
		})
		var ids []int64
		for _, a := range found {
			ids = append(ids, a.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: %v, %v, want %v", word, ids, err, want)
		}
	}
}
