package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store"
)

// accountTests are the tests of accounts.
var accountTests = tests{
	"Account":      testAccount,
	"Number":       testNumber,
	"FindAccount":  testFindAccount,
	"Update":       testUpdate,
	"Members":      testMembers,
	"Links":        testLinks,
	"Delete":       testDelete,
	"Put":          testPut,
	"UserRefs":     testUserRefs,
	"AccountsByID": testAccountsByID,
	"Duplicates":   testDuplicates,
}

// exactCustom holds values that a detour over another type would change.
func exactCustom() account.Custom {
	return account.Custom{
		"big":     json.Number("12345678901234567890.123"),
		"price":   json.Number("1.10"),
		"power":   json.Number("1e2"),
		"minus":   json.Number("-0"),
		"huge":    json.Number("1E+400"),
		"numbers": []any{json.Number("0.10"), json.Number("100000000000000000000")},
		"text":    "<b>\"Köln\"</b> & 東京 🏠 \u2028 \\ end",
		"texts":   []any{"a", "", " b "},
		"on":      true,
		"off":     false,
		"empty":   "",
		"none":    []any{},
	}
}

// fullAccount returns an account in which every member has a value.
func (f *fixture) fullAccount() account.Account {
	a := f.newAccount("Zoë's Müllabfuhr 🏠 & Söhne")
	a.Version = 3
	a.Number = 77
	a.Description = new("two\nlines, a \"quote\" and a tab\t")
	a.Address = []string{"1 Main St", "", "Straße 5 \\ Köln", "東京"}
	a.Active = false
	a.PrimaryEmail = new("zoë@example.com")
	a.PrimaryPhone = new("+14155550143")
	a.Type = new(account.TypeCommercial)
	a.Value = new(1234567890123.45)
	a.Size = new(0.1)
	a.Custom = exactCustom()
	a.UpdatedAt = start.Add(time.Millisecond)
	a.CreatedBy = new(f.ada.Ref())
	a.UpdatedBy = new(f.ada.Ref())
	return a
}

func testAccount(t *testing.T, f *fixture) {
	t.Run("every member comes back", func(t *testing.T) {
		f.wantAccount(t, f.addAccount(t, f.fullAccount()))
	})
	t.Run("no value is not an empty one", func(t *testing.T) {
		a := f.newAccount("Bare")
		a.Address = nil
		f.wantAccount(t, f.addAccount(t, a))
		a = f.newAccount("Zero")
		a.Description, a.Value, a.Size = new(""), new(0.0), new(-0.5)
		f.wantAccount(t, f.addAccount(t, a))
	})
	t.Run("large", func(t *testing.T) {
		a := f.newAccount(strings.Repeat("ß", account.MaxTitle))
		a.Description = new(strings.Repeat("長", account.MaxDescription))
		a.Custom = account.Custom{"remarks": strings.Repeat("x", 500_000)}
		f.wantAccount(t, f.addAccount(t, a))
	})
	t.Run("ids differ in all companies", func(t *testing.T) {
		seen := make(map[int64]bool)
		for i := range 10 {
			a := f.newAccount("Twin")
			a.CompanyID = []int64{f.company.ID, f.other.ID}[i%2]
			id := f.addAccount(t, a).ID
			if id <= 0 || seen[id] {
				t.Fatalf("id %d is used twice or not positive", id)
			}
			seen[id] = true
		}
	})
	t.Run("not found", func(t *testing.T) {
		a := f.addAccount(t, f.newAccount("Mine"))
		for name, ids := range map[string][2]int64{
			"another company": {f.other.ID, a.ID},
			"no company":      {0, a.ID},
			"unknown id":      {f.company.ID, a.ID + 1_000_000},
			"negative id":     {f.company.ID, -1},
		} {
			_, err := f.store.Account(t.Context(), ids[0], ids[1])
			wantKind(t, err, fault.KindNotFound)
			f.write(t, func(ctx context.Context, tx store.Tx) error {
				if _, err := tx.AccountForUpdate(ctx, ids[0], ids[1]); !fault.IsNotFound(err) {
					t.Errorf("%s: AccountForUpdate returned %v", name, err)
				}
				return nil
			})
		}
	})
}

func testNumber(t *testing.T, f *fixture) {
	add := func(companyID, number int64) int64 {
		t.Helper()
		a := f.newAccount("Numbered")
		a.CompanyID, a.Number = companyID, number
		return f.addAccount(t, a).Number
	}
	for i, step := range []struct{ company, number, want int64 }{
		{f.company.ID, 0, 1},
		{f.company.ID, 0, 2},
		{f.other.ID, 0, 1},   // each company counts for itself
		{f.company.ID, 4, 4}, // by hand
		{f.company.ID, 0, 3}, // before the one taken
		{f.company.ID, 5, 5}, // a block by hand
		{f.company.ID, 0, 6}, // past it
		{f.company.ID, account.MaxNumber, account.MaxNumber},
		{f.company.ID, 0, 7}, // not above the highest
		{f.other.ID, 0, 2},
	} {
		if got := add(step.company, step.number); got != step.want {
			t.Fatalf("step %d: got number %d, want %d", i, got, step.want)
		}
	}
	t.Run("taken", func(t *testing.T) {
		a := f.newAccount("Second")
		a.Number = 4
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		wantKind(t, err, fault.KindConflict)
		if !strings.Contains(err.Error(), "number") {
			t.Errorf("the message does not name the number: %v", err)
		}
	})
	t.Run("no such company", func(t *testing.T) {
		a := f.newAccount("Orphan")
		a.CompanyID = 1_000_000
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		if err == nil {
			t.Error("an account without a company was stored")
		}
	})
	t.Run("owner", func(t *testing.T) {
		a := f.newAccount("Owner")
		a.Number = 500
		a = f.addAccount(t, a)
		for _, c := range []struct{ company, number, want int64 }{
			{f.company.ID, 500, a.ID}, {f.other.ID, 500, 0}, {f.company.ID, 501, 0},
		} {
			got, err := f.store.NumberOwner(t.Context(), c.company, c.number)
			if err != nil || got != c.want {
				t.Errorf("NumberOwner(%d, %d) = %d, %v, want %d", c.company, c.number, got, err, c.want)
			}
		}
	})
}

func testFindAccount(t *testing.T, f *fixture) {
	var want account.Account
	for i, active := range []bool{false, true, true} {
		a := f.newAccount("  STRASSE & Söhne ")
		a.Address = []string{" 1 MAIN St", "Köln "}
		a.PrimaryEmail, a.PrimaryPhone = new("twin@example.com"), new("+14155550100")
		a.Active = active
		if a = f.addAccount(t, a); i == 1 {
			want = a
		}
	}
	archived := f.newAccount("Archived only")
	archived.Active = false
	archived = f.addAccount(t, archived)
	foreign := f.newAccount("Foreign")
	foreign.CompanyID = f.other.ID
	f.addAccount(t, foreign)

	for _, c := range []struct {
		by    account.MatchBy
		value string
		want  int64 // 0: none
	}{
		{account.MatchTitle, normal.Fold("straße & söhne"), want.ID},
		{account.MatchAddress, normal.FoldLines([]string{"1 main st", "KÖLN"}), want.ID},
		{account.MatchEmail, "twin@example.com", want.ID},
		{account.MatchPhone, "+14155550100", want.ID},
		{account.MatchTitle, normal.Fold("Archived only"), archived.ID},
		{account.MatchTitle, normal.Fold("Foreign"), 0},
		{account.MatchTitle, normal.Fold("stra%"), 0},
		{account.MatchAddress, normal.FoldLines([]string{"köln"}), 0},
		{account.MatchEmail, "twin@example.co", 0},
		{account.MatchEmail, "", 0},
		{account.MatchPhone, "", 0},
		{account.MatchNone, "", 0},
	} {
		got, err := f.store.FindAccount(t.Context(), f.company.ID, c.by, c.value)
		if c.want == 0 {
			wantKind(t, err, fault.KindNotFound)
		} else if err != nil || got.ID != c.want {
			t.Errorf("FindAccount(%s, %q) = %d, %v, want %d", c.by, c.value, got.ID, err, c.want)
		}
	}
	got, err := f.store.FindAccount(t.Context(), f.company.ID, account.MatchEmail, "twin@example.com")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	t.Run("one at a time", f.testFindOrInsert)
}

// testFindOrInsert has many look for one title, and add it if there is none.
func (f *fixture) testFindOrInsert(t *testing.T) {
	created := make(chan int, 8)
	together(t, cap(created), func(int) error {
		n := 0
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			n = 0
			_, err := tx.FindAccount(ctx, f.company.ID, account.MatchTitle, "only one")
			if !fault.IsNotFound(err) {
				return err
			}
			n = 1
			a := f.newAccount("Only one")
			return tx.InsertAccount(ctx, &a)
		})
		created <- n
		return err
	})
	total := 0
	for range cap(created) {
		total += <-created
	}
	if total != 1 {
		t.Errorf("created %d accounts, want 1", total)
	}
}

// together runs fn n times at once, and fails the test on an error.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- fn(i) }()
	}
	var err error
	for range n {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func testAccountsByID(t *testing.T, f *fixture) {
	contact := f.addContact(t, account.Contact{Name: "Jo"})
	var want []account.Account
	for i := range 5 {
		a := f.fullAccount()
		a.Number, a.Active = 0, i%2 == 0
		a.UpdatedAt = start.AddDate(0, 0, -i)
		a.Contacts = []account.Contact{contact}
		want = append(want, f.addAccount(t, a))
		stranger := f.newAccount("Not ours")
		stranger.CompanyID = f.other.ID
		f.addAccount(t, stranger)
	}
	var got []account.Account
	for after := int64(0); ; after = got[len(got)-1].ID {
		page, err := f.store.AccountsByID(t.Context(), f.company.ID, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	equal(t, got, want)
	if !slices.IsSortedFunc(got, func(a, b account.Account) int { return int(a.ID - b.ID) }) {
		t.Error("not in the order of ids")
	}
}
