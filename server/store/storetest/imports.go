package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

func testIsolate(t *testing.T, f *fixture) {
	w := f.newWitness(t)
	failure := errors.New("changed my mind")
	insert := func(ctx context.Context, tx account.Tx, title string) error {
		a := f.newAccount(title)
		return tx.InsertAccount(ctx, &a)
	}
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		if err := insert(ctx, tx, "First"); err != nil {
			return err
		}
		err := tx.Isolate(ctx, func(ctx context.Context) error {
			return w.writeAll(func() error { return failure })(ctx, tx)
		})
		if err != failure {
			t.Errorf("got %v, want the very error of the part", err)
		}
		// A constraint that is violated must not end the transaction.
		err = tx.Isolate(ctx, func(ctx context.Context) error {
			taken := f.newAccount("Taken")
			taken.Number = w.changed.Number
			return tx.InsertAccount(ctx, &taken)
		})
		wantKind(t, err, account.KindConflict)
		// The inner part fails alone, and the outer one takes its inner along.
		err = tx.Isolate(ctx, func(ctx context.Context) error {
			inner := tx.Isolate(ctx, func(ctx context.Context) error {
				return errors.Join(insert(ctx, tx, "Inner failure"), failure)
			})
			if !errors.Is(inner, failure) {
				t.Errorf("got %v of the inner part", inner)
			}
			return insert(ctx, tx, "Outer")
		})
		if err != nil {
			return err
		}
		err = tx.Isolate(ctx, func(ctx context.Context) error {
			inner := tx.Isolate(ctx, func(ctx context.Context) error { return insert(ctx, tx, "Inner") })
			return errors.Join(inner, failure)
		})
		if !errors.Is(err, failure) {
			t.Errorf("got %v of the outer part", err)
		}
		return insert(ctx, tx, "Last")
	})
	w.wantUnchanged(t)
	for title, want := range map[string]bool{
		"first": true, "taken": false, "inner failure": false, "outer": true, "inner": false, "last": true,
	} {
		if _, err := f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, title); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %t", title, err, want)
		}
	}
}

func testImport(t *testing.T, f *fixture) {
	first := account.Import{
		CompanyID: f.company.ID, Digest: account.Digest{1, 2, 255}, Rejects: "/tmp/Zoë's rows.csv", RejectsSize: 1 << 40,
		Counts: account.ImportCounts{Created: 1, Updated: 2, Unchanged: 3, Rejected: 4},
	}
	twin := account.Import{CompanyID: f.other.ID, Digest: first.Digest}
	other := account.Import{CompanyID: f.company.ID, Digest: account.Digest{2}}
	want := func(i account.Import, there bool) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx account.Tx) error {
			got, err := tx.Import(ctx, i.CompanyID, i.Digest)
			if !there {
				wantKind(t, err, account.KindNotFound)
				return nil
			}
			equal(t, got, i)
			return err
		})
	}
	want(first, false)
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		return errors.Join(tx.SaveImport(ctx, first), tx.SaveImport(ctx, twin), tx.SaveImport(ctx, other))
	})
	want(first, true)
	first.Counts.Updated, first.RejectsSize, first.Rejects = 7, 0, "b"
	f.write(t, func(ctx context.Context, tx account.Tx) error { return tx.SaveImport(ctx, first) })
	want(first, true)
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		return tx.DeleteImport(ctx, first.CompanyID, first.Digest)
	})
	want(first, false)
	want(twin, true)
	want(other, true)
	err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
		return tx.DeleteImport(ctx, first.CompanyID, first.Digest)
	})
	wantKind(t, err, account.KindNotFound)
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
