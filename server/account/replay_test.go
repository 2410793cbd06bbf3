package account_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
)

// An entry of the history, as it is stored, makes of the account before what the patch
// has made of it.
func TestReplay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawAccount(t)
		outcome := account.Apply(before, drawPatch(t), environment(true))
		want := outcome.Account
		want.Version, want.UpdatedAt = before.Version+1, before.UpdatedAt.Add(time.Second)
		want.UpdatedBy = &identity.UserRef{ID: 7}
		got, err := account.Replay(before, account.HistoryEntry{
			AccountID: before.ID, Kind: account.ChangeUpdated, Version: want.Version, At: want.UpdatedAt, UserID: 7, Fields: stored(t, outcome.Changes),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(account.ContactIDs(got.Contacts), account.ContactIDs(want.Contacts)) {
			t.Fatalf("contacts %v, want %v", got.Contacts, want.Contacts)
		}
		got.Contacts, want.Contacts = nil, nil // Replay knows their ids only.
		if snapshot(t, got) != snapshot(t, want) {
			t.Fatalf("got\n%s, want\n%s", snapshot(t, got), snapshot(t, want))
		}
	})
}

// stored are changes as a store returns them.
func stored(t *rapid.T, changes patch.Changes) (read patch.Changes) {
	text, err := changes.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	return read
}

// What an account cannot have is refused, and not left out.
func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{"nickname": "x", "title": json.Number("1"), "address": "one line", "contacts": []any{"x"}, "createdAt": "2026-01-01"} {
		entry := account.HistoryEntry{AccountID: 1, Kind: account.ChangeUpdated, Version: 2, Fields: patch.Changes{name: {After: value}}}
		if got, err := account.Replay(account.Account{ID: 1, Version: 1}, entry); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
