package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

func testWrite(t *testing.T, f *fixture) {
	w := f.newWitness(t)
	t.Run("failure", func(t *testing.T) {
		failure := errors.New("changed my mind")
		err := f.store.Write(t.Context(), w.writeAll(func() error { return failure }))
		if !errors.Is(err, failure) {
			t.Errorf("got %v, want fn's error", err)
		}
		w.wantUnchanged(t)
	})
	t.Run("panic", func(t *testing.T) {
		err := f.store.Write(t.Context(), w.writeAll(func() error { panic("at the worst moment") }))
		wantKind(t, err, fault.KindInternal)
		w.wantUnchanged(t)
	})
	t.Run("a write sees its own, others do not", f.testIsolation)
	t.Run("success", func(t *testing.T) {
		f.write(t, w.writeAll(func() error { return nil }))
		if _, err := f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, "added"); err != nil {
			t.Error(err)
		}
		_, err := f.store.Account(t.Context(), f.company.ID, w.deleted.ID)
		wantKind(t, err, fault.KindNotFound)
	})
}

// witness is a record of each kind that a write which fails must leave as it is.
type witness struct {
	*fixture
	changed, deleted  account.Account
	contact, unlinked account.Contact
	tags, zone        schema.Property
	key               identity.Key
	answer            write.Answer
}

func (f *fixture) newWitness(t *testing.T) witness {
	t.Helper()
	w := witness{
		fixture:  f,
		contact:  f.addContact(t, account.Contact{Name: "Before", Emails: []string{"before@example.com"}}),
		unlinked: f.addContact(t, account.Contact{Name: "Before as well"}),
		tags:     f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Options: []string{"Before"}}),
		zone:     f.addProperty(t, schema.Property{Name: "Zone", Key: "zone", Type: schema.Text, Index: schema.IndexReady}),
		key:      f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{8}})[0],
	}
	w.changed, w.deleted = f.addAccount(t, f.newAccount("Before")), f.newAccount("Deleted")
	w.deleted.Contacts = []account.Contact{w.contact}
	w.deleted = f.addAccount(t, w.deleted)
	w.contact.Accounts = []account.AccountRef{{ID: w.deleted.ID, Title: w.deleted.Title}}
	w.answer = write.Answer{ID: write.AnswerID{CompanyID: f.company.ID, KeyID: w.key.ID, Name: "before"}, Status: 200, Header: map[string]string{}, Body: []byte{}, At: start}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(tx.IndexCustom(ctx, w.zone, w.changed.ID, []string{"before"}), tx.SaveAnswer(ctx, w.answer, time.Time{}))
	})
	return w
}

// writeAll makes one write of each kind, and then does what end says.
func (w witness) writeAll(end func() error) func(context.Context, store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		if err := w.addAll(ctx, tx); err != nil {
			return err
		}
		if err := w.changeAll(ctx, tx); err != nil {
			return err
		}
		return end()
	}
}

func (w witness) addAll(ctx context.Context, tx store.Tx) error {
	contact := account.Contact{CompanyID: w.company.ID, Name: "Added", Emails: []string{"added@example.com"}, CreatedAt: start, UpdatedAt: start}
	added := w.newAccount("Added")
	company := identity.Company{Name: "Added", CreatedAt: start}
	property := schema.Property{CompanyID: w.company.ID, Name: "Added", Key: "added", Type: schema.Text}
	if err := errors.Join(tx.InsertContact(ctx, &contact), tx.InsertAccount(ctx, &added), tx.InsertCompany(ctx, &company)); err != nil {
		return err
	}
	user := identity.User{CompanyID: company.ID, Email: "added@example.com", CreatedAt: start}
	if err := tx.InsertUser(ctx, &user); err != nil {
		return err
	}
	key := identity.Key{CompanyID: company.ID, UserID: user.ID, Hash: identity.KeyHash{9}, Scope: identity.ScopeRead, CreatedAt: start}
	return errors.Join(
		tx.InsertKey(ctx, &key),
		tx.InsertProperty(ctx, &property),
		tx.AddOption(ctx, w.company.ID, schema.NewOption{Key: "tags", Label: "Added"}),
		tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: w.company.ID, AccountID: w.changed.ID, Kind: account.ChangeUpdated, At: start}),
	)
}

func (w witness) changeAll(ctx context.Context, tx store.Tx) error {
	changed, contact, tags, user, answer := w.changed, w.contact, w.tags, w.ada, w.answer
	changed.Title, changed.Contacts, changed.Version = "Changed", []account.Contact{w.unlinked}, changed.Version+1
	contact.Name, contact.Emails = "Changed", []string{"changed@example.com"}
	tags.Name, user.FirstName, answer.Status = "Changed", "Changed", 500
	return errors.Join(
		tx.UpdateAccount(ctx, changed, patch.Changes{"title": {}, "contacts": {}}),
		tx.UpdateContact(ctx, contact),
		tx.UpdateProperty(ctx, tags),
		tx.SetOptions(ctx, tags, []string{"Changed"}),
		tx.UpdateUser(ctx, user),
		tx.RevokeKey(ctx, w.company.ID, w.key.ID, start),
		tx.SaveAnswer(ctx, answer, time.Time{}),
		tx.IndexCustom(ctx, w.zone, w.changed.ID, []string{"changed"}),
		tx.DeleteProperty(ctx, w.zone),
		tx.DeleteAccount(ctx, w.company.ID, w.deleted.ID),
		tx.DeleteContact(ctx, w.company.ID, w.unlinked.ID),
	)
}

// wantUnchanged checks that there is no trace of writeAll.
func (w witness) wantUnchanged(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	_, findAccount := w.store.FindAccount(ctx, w.company.ID, account.MatchTitle, "added")
	_, findContact := w.store.FindContact(ctx, w.company.ID, "added@example.com", "")
	_, findChanged := w.store.FindContact(ctx, w.company.ID, "changed@example.com", "")
	_, company := w.store.Company(ctx, "Added")
	_, _, key := w.store.KeyByHash(ctx, identity.KeyHash{9}, start)
	users, err := w.store.UsersByEmail(ctx, "added@example.com")
	if err != nil || len(users) > 0 {
		t.Errorf("users %+v, %v", users, err)
	}
	for _, err := range []error{findAccount, findContact, findChanged, company, key} {
		wantKind(t, err, fault.KindNotFound)
	}
	w.wantAccount(t, w.changed)
	deleted := w.deleted
	deleted.Contacts[0].Accounts = nil
	w.wantAccount(t, deleted)
	w.wantContact(t, w.contact)
	w.wantContact(t, w.unlinked)
	w.wantUser(t, w.ada)
	w.wantKey(t, w.key)
	w.wantAnswer(t, w.answer, start)
	w.wantKeyed(t, w.zone, "before", w.changed)
	equal(t, w.properties(t, w.company.ID), []schema.Property{w.tags, w.zone})
	history, err := w.store.History(ctx, w.company.ID, w.changed.ID, 0, 100)
	if err != nil || len(history) != 0 {
		t.Errorf("history stayed: %+v, %v", history, err)
	}
}

func testIsolate(t *testing.T, f *fixture) {
	w := f.newWitness(t)
	failure := errors.New("changed my mind")
	insert := func(ctx context.Context, tx store.Tx, title string) error {
		a := f.newAccount(title)
		return tx.InsertAccount(ctx, &a)
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
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
		wantKind(t, err, fault.KindConflict)
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
