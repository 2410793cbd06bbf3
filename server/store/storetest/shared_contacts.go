package storetest

import (
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// Accounts that are created at once with one e-mail address or phone number are
// linked to one contact.
func testContactOfCreations(t *testing.T, f *shared) {
	for name, p := range map[string][]account.Patch{
		"email": {{PrimaryEmail: patch.Set("Jo@Sunrise.example")}, {PrimaryEmail: patch.Set("jo@sunrise.EXAMPLE")}},
		"phone": {{PrimaryPhone: patch.Set("(415) 555-0143")}, {PrimaryPhone: patch.Set("+14155550143")}},
	} {
		accounts := make([]account.Account, 12)
		f.race(t, len(accounts), func(s *rooms, i int) error {
			body := titled("By " + name)
			body.PrimaryEmail, body.PrimaryPhone = p[i/2%2].PrimaryEmail, p[i/2%2].PrimaryPhone
			made, err := s.intake.Create(t.Context(), f.actor, intake.CreateRequest{Patch: body, MatchBy: account.MatchNone})
			accounts[i] = made.Account
			return err
		})
		for _, a := range accounts {
			if len(a.Contacts) != 1 || a.Contacts[0].ID != accounts[0].Contacts[0].ID {
				t.Errorf("%s: account %d is linked to %+v, account %d to %+v", name, a.ID, a.Contacts, accounts[0].ID, accounts[0].Contacts)
			}
		}
	}
	if n, err := f.servers[1].CountContacts(t.Context(), f.company.ID, contact.Query{}); err != nil || n != 2 {
		t.Errorf("%d contacts (%v), want 2", n, err)
	}
}

// Of accounts that are created at once and match each other one is made, and the
// others are found.
func testMatchedCreations(t *testing.T, f *shared) {
	const n = 12
	for by, spellings := range map[account.MatchBy][2]account.Patch{
		account.MatchTitle:   {titled("Found by title"), titled("FOUND by Title ")},
		account.MatchAddress: {{Address: patch.Set([]string{"7 Elm St"})}, {Address: patch.Set([]string{" 7 ELM st"})}},
		account.MatchEmail:   {{PrimaryEmail: patch.Set("Ann@example.com")}, {PrimaryEmail: patch.Set("ann@Example.com")}},
		account.MatchPhone:   {{PrimaryPhone: patch.Set("(415) 555-0199")}, {PrimaryPhone: patch.Set("+1 415 555 0199")}},
	} {
		results := make([]intake.CreateResult, n)
		f.race(t, n, func(s *rooms, i int) (err error) {
			p := spellings[i/2%2]
			if p.Title.IsAbsent() {
				p.Title = patch.Set(fmt.Sprintf("%s %d", by, i))
			}
			if p.Address.IsAbsent() {
				p.Address = patch.Set([]string{fmt.Sprint(by, i)})
			}
			results[i], err = s.intake.Create(t.Context(), f.actor, intake.CreateRequest{Patch: p, MatchBy: by, Strategy: intake.StrategyEnrich})
			return err
		})
		created := 0
		for _, r := range results {
			if r.Created {
				created++
			}
			if r.Account.ID != results[0].Account.ID {
				t.Errorf("by %s: accounts %d and %d", by, results[0].Account.ID, r.Account.ID)
			}
		}
		if created != 1 {
			t.Errorf("by %s: %d were created", by, created)
		}
	}
	if n, err := f.store.CountAccounts(t.Context(), f.company.ID, account.Query{Page: query.Page{Limit: 1}}); err != nil || n != 4 {
		t.Errorf("%d accounts (%v), want 4", n, err)
	}
}

// Patches of different members of a contact at once are all carried out.
func testContactMembers(t *testing.T, f *shared) {
	accounts := []account.Account{f.create(t, f.servers[0], "A"), f.create(t, f.servers[1], "B")}
	for round := range 5 {
		jo := f.addContact(t, account.Contact{Name: "Jo", Title: "Before"})
		patches := []contact.Patch{
			{Name: patch.Set("Jo Park")}, {Title: patch.Set("Manager")},
			{Emails: patch.Set([]string{fmt.Sprintf("jo%d@example.com", round)})}, {Phones: patch.Set([]string{"+14155550143"})},
			{AccountIDs: patch.Set([]int64{accounts[0].ID, accounts[1].ID})},
		}
		f.race(t, len(patches), func(s *rooms, i int) error {
			_, err := s.contacts.Update(t.Context(), f.actor, jo.ID, patches[i], write.Mode[account.Contact]{})
			return err
		})
		got, err := f.store.Contact(t.Context(), f.company.ID, jo.ID)
		if err != nil || got.Name != "Jo Park" || got.Title != "Manager" || len(got.Emails) != 1 || len(got.Phones) != 1 || len(got.Accounts) != 2 {
			t.Errorf("%+v %v", got, err)
		}
		found, err := f.store.FindContact(t.Context(), f.company.ID, fmt.Sprintf("jo%d@example.com", round), "")
		if err != nil || found.ID != jo.ID {
			t.Errorf("found %+v, %v", found, err)
		}
	}
}

// An invitation that is accepted several times at once is once.
func testSharedInvitation(t *testing.T, f *shared) {
	invited, err := f.servers[0].identity.Users.Invite(t.Context(), f.actor, identity.NewUser{Email: "bea@sunrise.example"})
	if err != nil {
		t.Fatal(err)
	}
	names, accepted := []string{"Ann", "Bea", "Cleo", "Dora"}, ""
	for i, err := range f.onBoth(len(names), func(s *rooms, i int) error {
		_, err := s.identity.Logins.Accept(t.Context(), identity.Acceptance{Token: invited.Token, Password: "a long password", FirstName: names[i]})
		return err
	}) {
		switch {
		case err == nil && accepted == "":
			accepted = names[i]
		case err == nil:
			t.Errorf("accepted as %s and as %s", accepted, names[i])
		case fault.KindOf(err) != fault.KindInvalid:
			t.Error(err)
		}
	}
	got, err := f.store.User(t.Context(), f.company.ID, invited.User.ID)
	if err != nil || got.Invited() || accepted == "" || got.FirstName != accepted {
		t.Errorf("%+v %v, accepted as %q", got, err, accepted)
	}
}
