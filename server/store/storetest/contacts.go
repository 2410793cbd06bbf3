package storetest

import (
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
)

// contactTests are the tests of contacts.
var contactTests = tests{
	"Contact":               testContact,
	"ContactOfManyAccounts": testContactOfManyAccounts,
	"Contacts":              testContacts,
	"FindContact":           testFindContact,
	"ListContacts":          testListContacts,
	"UpdateContact":         testUpdateContact,
	"DeleteContact":         testDeleteContact,
}

func testContacts(t *testing.T, f *fixture) {
	full := f.addContact(t, account.Contact{
		Name: "Jo \"Ö\" Park", Title: "Facility manager",
		Emails: []string{"jo@sunrise.example", "park@sunrise.example"}, Phones: []string{"+14155550143", "ext. 5"},
	})
	bare := f.addContact(t, account.Contact{Name: "Lee"})
	foreign := f.addContact(t, account.Contact{CompanyID: f.other.ID, Name: "Foreign"})

	unknown := foreign.ID + 1_000_000
	for _, c := range []struct {
		ids  []int64
		want map[int64]account.Contact
	}{
		{nil, map[int64]account.Contact{}},
		{[]int64{bare.ID, full.ID}, map[int64]account.Contact{full.ID: full, bare.ID: bare}},
		{[]int64{full.ID, full.ID, unknown, foreign.ID, 0, -1}, map[int64]account.Contact{full.ID: full}},
	} {
		got, err := f.store.Contacts(t.Context(), f.company.ID, c.ids)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testFindContact(t *testing.T, f *fixture) {
	add := func(companyID int64, emails, phones []string) account.Contact {
		t.Helper()
		return f.addContact(t, account.Contact{CompanyID: companyID, Name: "C", Emails: emails, Phones: phones})
	}
	add(f.other.ID, []string{"one@example.com", "foreign@example.com"}, []string{"+1", "+9"})
	phone := add(f.company.ID, []string{""}, []string{"+1"})
	one := add(f.company.ID, []string{"x@example.com", "one@example.com"}, []string{"+2", "+2"})
	add(f.company.ID, []string{"one@example.com"}, []string{"+1"})
	add(f.company.ID, []string{"+5"}, []string{"one"})

	for _, c := range []struct {
		email, phone string
		want         account.Contact // zero: none
	}{
		{"one@example.com", "", one},
		{"one@example.com", "+1", one}, // email before phone, though the phone's id is lower
		{"", "+1", phone},
		{"none@example.com", "+2", one},
		{"", "+5", account.Contact{}},   // that is an email
		{"one", "", account.Contact{}},  // that is a phone
		{"", "", account.Contact{}},     // though there is an empty email
		{"ONE@", "", account.Contact{}}, // no part of one
		{"foreign@example.com", "+9", account.Contact{}},
	} {
		got, err := f.store.FindContact(t.Context(), f.company.ID, c.email, c.phone)
		if c.want.ID == 0 {
			wantKind(t, err, fault.KindNotFound)
			continue
		}
		if err != nil {
			t.Fatalf("FindContact(%q, %q): %v", c.email, c.phone, err)
		}
		equal(t, got, c.want)
	}
}
