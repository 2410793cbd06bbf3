package storetest

import (
	"encoding/json"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// wantStored checks an account as it is to be shown: the same, but for JSON in
// the form of encoding/json that need not be decoded.
func (f *fixture) wantStored(t *testing.T, want account.Account) {
	t.Helper()
	for _, contacts := range []bool{true, false} {
		got, err := f.store.StoredAccount(t.Context(), want.CompanyID, want.ID, contacts)
		if err != nil {
			t.Fatalf("load account to show: %v", err)
		}
		equal(t, whole(t, got), without(want, contacts))
	}
}

// wantStoredList checks that a query lists the same accounts to be shown.
func (f *fixture) wantStoredList(t *testing.T, q account.Query, want []account.Account) {
	t.Helper()
	for _, contacts := range []bool{true, false} {
		got, err := f.store.StoredAccounts(t.Context(), f.company.ID, q, contacts)
		if err != nil {
			t.Fatalf("list accounts to show: %v", err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d accounts to show, want %d", len(got), len(want))
		}
		for i := range want {
			equal(t, whole(t, got[i]), without(want[i], contacts))
		}
	}
}

func without(a account.Account, contacts bool) account.Account {
	if !contacts {
		a.Contacts = nil
	}
	return a
}

// whole returns the account with what its JSON says.
func whole(t *testing.T, s account.Stored) account.Account {
	t.Helper()
	a := s.Account
	if s.AddressJSON != "" {
		if err := json.Unmarshal([]byte(s.AddressJSON), &a.Address); err != nil {
			t.Fatalf("address %s: %v", s.AddressJSON, err)
		}
		sameForm(t, s.AddressJSON, a.Address)
	}
	if s.CustomJSON != "" {
		value, _, err := jsonvalue.Decode([]byte(s.CustomJSON))
		custom, ok := value.(map[string]any)
		if err != nil || !ok {
			t.Fatalf("custom %s: %v", s.CustomJSON, err)
		}
		a.Custom = custom
		sameForm(t, s.CustomJSON, a.Custom)
	}
	return a
}

func sameForm(t *testing.T, text string, v any) {
	t.Helper()
	if again, err := json.Marshal(v); err != nil || string(again) != text {
		t.Fatalf("%s is stored, and encoding/json writes %s %v", text, again, err)
	}
}
