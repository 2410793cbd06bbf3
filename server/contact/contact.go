// Package contact is about the people who are linked to accounts.
package contact

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// Limits of a contact's members.
const (
	maxName  = 255
	MaxTitle = 255
	maxReach = 100  // e-mail addresses, and as many phone numbers
	maxLinks = 1000 // accounts that one request links a contact to, or unlinks it from
)

// A contact may be linked to all accounts of a company, and is shown with the first of
// them: alone, and in lists.
const (
	AccountsShown  = maxLinks
	AccountsListed = 100
)

// Service keeps the contacts of companies. Links to accounts are written through
// the accounts, which change by them.
type Service struct {
	store    Store
	accounts *account.Writer
	clock    write.Clock
	region   string
}

// NewService returns a service over the store. The region (ISO 3166) is that of
// phone numbers without a country code.
func NewService(store Store, accounts *account.Writer, clock write.Clock, region string) *Service {
	return &Service{store: store, accounts: accounts, clock: clock, region: region}
}

// Patch says what to change of a contact, or what a new one is to be. Absent
// members stay as they are.
type Patch struct {
	Name       patch.Field[string]
	Title      patch.Field[string] // null: none
	Emails     patch.Field[[]string]
	Phones     patch.Field[[]string]
	AccountIDs patch.Field[[]int64] // replaces the links
	ID         patch.Field[int64]   // the echo of the contact's id; it is checked, never written
	fault.Findings
}

// Parse reads the body of a POST or a PATCH, as it was decoded from JSON. What
// is wrong is among the findings, and else not in the patch.
func (s *Service) Parse(body any) Patch {
	r := patch.NewReader(body, s.region)
	p := Patch{
		Name:       patch.Checked(r, "name", patch.Text, checkName),
		Title:      patch.Checked(r, "title", patch.Text, checkTitle),
		Emails:     patch.CheckedList(r, "emails", emails),
		Phones:     patch.CheckedList(r, "phones", phones),
		AccountIDs: patch.NotNull(r, "accountIds", patch.Member(r, "accountIds", patch.IDs)),
		ID:         patch.NotNull(r, "id", patch.Member(r, "id", patch.ID)),
	}
	p.Found = r.Offences
	return p
}

// Get returns a contact with the first of its accounts. KindNotFound if the actor's
// company has none with the id.
func (s *Service) Get(ctx context.Context, actor identity.Actor, id int64) (account.Contact, error) {
	return s.store.Contact(ctx, actor.CompanyID, id)
}

// List returns the contacts that a query selects, with the first of their accounts.
func (s *Service) List(ctx context.Context, actor identity.Actor, q Query) ([]account.Contact, error) {
	return s.store.ListContacts(ctx, actor.CompanyID, q)
}

// Words returns the words that a search for contacts asks for. KindInvalid
// if it asks for nothing but space.
func Words(sent string) ([]string, error) {
	words := normal.Words(sent)
	if sent != "" && len(words) == 0 {
		return nil, fault.Invalid([]fault.Offence{fault.InParameter("q", fault.MustNotBeBlank)})
	}
	return words, nil
}

// Count returns how many contacts a query selects, whatever its page.
func (s *Service) Count(ctx context.Context, actor identity.Actor, q Query) (int64, error) {
	return s.store.CountContacts(ctx, actor.CompanyID, q)
}

// Create adds a contact, and links it behind the contacts that the accounts
// have. Errors: KindInvalid with every offence.
func (s *Service) Create(ctx context.Context, actor identity.Actor, p Patch, mode write.Mode[account.Contact]) (account.Contact, error) {
	if p.Name.IsAbsent() && !p.Found.Has("name") {
		p.Name = patch.Set("") // which must not be blank
	}
	blank := account.Contact{CompanyID: actor.CompanyID, CreatedBy: actor.User.ID, CreatedAt: s.clock.Now()}
	mode.Unsound = len(p.Found) > 0
	return write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (account.Contact, error) {
		return s.save(ctx, tx, actor, blank, p)
	})
}

// Update applies a patch in one transaction, and returns the contact as it then
// is. A patch that changes nothing writes nothing. Errors: KindNotFound;
// KindInvalid with every offence.
func (s *Service) Update(ctx context.Context, actor identity.Actor, id int64, p Patch, mode write.Mode[account.Contact]) (account.Contact, error) {
	mode.Unsound = len(p.Found) > 0
	return write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (account.Contact, error) {
		before, err := tx.Contact(ctx, actor.CompanyID, id)
		if err != nil {
			return account.Contact{}, err
		}
		return s.save(ctx, tx, actor, before, p)
	})
}

// save applies a patch to a contact, which has no id if it is new, and writes
// what changed.
func (s *Service) save(ctx context.Context, tx Tx, actor identity.Actor, before account.Contact, p Patch) (account.Contact, error) {
	links, err := findLinks(ctx, tx, before, p.AccountIDs)
	if err != nil {
		return account.Contact{}, err
	}
	after, changed, offences := apply(before, p, s.region)
	if err := fault.Invalid(append(offences, links.offences...)); err != nil {
		return account.Contact{}, err
	}
	if !changed && len(links.accounts) == 0 {
		return before, nil
	}
	after.UpdatedAt = s.clock.Since(before.UpdatedAt)
	if before.ID == 0 {
		err = tx.InsertContact(ctx, &after)
	} else {
		err = tx.UpdateContact(ctx, after)
	}
	if err != nil {
		return account.Contact{}, fmt.Errorf("store contact: %w", err)
	}
	if err := s.relink(ctx, tx, actor, after.ID, links); err != nil {
		return account.Contact{}, err
	}
	return tx.Contact(ctx, actor.CompanyID, after.ID)
}

// apply returns what a patch makes of a contact, and whether that is another
// one. It leaves the links out.
func apply(before account.Contact, p Patch, region string) (after account.Contact, changed bool, offences fault.Offences) {
	a := &patch.Applier{Region: region, Offences: slices.Clip(p.Found)}
	after = before
	a.CheckID("contact", p.ID, before.ID)
	if p.Title.IsNull() {
		p.Title = patch.Set("")
	}
	patch.SetValue(a, "name", &after.Name, p.Name, checkName)
	patch.SetValue(a, "title", &after.Title, p.Title, checkTitle)
	patch.SetList(a, "emails", &after.Emails, p.Emails, emails)
	patch.SetList(a, "phones", &after.Phones, p.Phones, phones)
	return after, len(a.Changes) > 0, a.Offences
}

// The lists by which a contact is reached.
var (
	emails = patch.List{Max: maxReach, Distinct: true, Check: normal.CheckEmail}
	phones = patch.List{Max: maxReach, Distinct: true, Check: normal.CheckPhone}
)

func checkName(s, _ string) (string, string) {
	s = normal.Trim(s)
	return s, normal.CheckName(s, maxName)
}

func checkTitle(s, _ string) (string, string) {
	s = normal.Trim(s)
	return s, normal.CheckText(s, MaxTitle)
}

// SearchText returns the text of a contact to search in: name, emails, and the
// digits of the phones.
func SearchText(c account.Contact) []string {
	text := []string{normal.SearchFold(c.Name)}
	for _, email := range c.Emails {
		text = append(text, normal.SearchFold(email))
	}
	for _, phone := range c.Phones {
		text = append(text, normal.Digits(phone))
	}
	return text
}

// Query selects contacts. They are ordered by UpdatedAt and then ID, the
// latest first unless Ascending.
type Query struct {
	Words         []string  // of normal.Words; all must be in the name, an email or a phone
	AccountID     int64     // linked to this account; 0: any
	UpdatedAfter  time.Time // strictly after; zero: no bound
	UpdatedBefore time.Time // strictly before; zero: no bound
	Ascending     bool
	Page          query.Page
}
