// Package contact is about the people who are linked to accounts.
package contact

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
	maxLinks = 1000 // accounts that one request links a contact to
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

// Get returns a contact with its accounts. KindNotFound if the actor's
// company has none with the id.
func (s *Service) Get(ctx context.Context, actor identity.Actor, id int64) (account.Contact, error) {
	return s.store.Contact(ctx, actor.CompanyID, id)
}

// List returns the contacts that a query selects, with their accounts.
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

// Delete removes a contact, and unlinks it from every account. KindNotFound if
// the actor's company has none with the id.
func (s *Service) Delete(ctx context.Context, actor identity.Actor, id int64) error {
	return write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		contact, err := tx.Contact(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		links, err := findLinks(ctx, tx, contact, patch.Set([]int64{}))
		if err != nil {
			return err
		}
		if err := s.relink(ctx, tx, actor, id, links); err != nil {
			return err
		}
		return tx.DeleteContact(ctx, actor.CompanyID, id)
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

// links are the accounts whose links to a contact change, and what is wrong with
// those that were asked for.
type links struct {
	accounts []account.Account
	offences fault.Offences
}

// findLinks loads the accounts that a contact is linked to and is not to be, and
// those that it is to be linked to and is not.
func findLinks(ctx context.Context, tx Tx, contact account.Contact, wanted patch.Field[[]int64]) (links, error) {
	var found links
	if wanted.IsAbsent() {
		return found, nil
	}
	if len(wanted.Value) > maxLinks {
		found.offences.Add([]string{"accountIds"}, "%s", fault.TooMany(maxLinks, len(wanted.Value)))
		return found, nil
	}
	linked := make(map[int64]bool, len(contact.Accounts))
	for _, ref := range contact.Accounts {
		linked[ref.ID] = true
		if slices.Contains(wanted.Value, ref.ID) {
			continue
		}
		a, err := tx.AccountForUpdate(ctx, contact.CompanyID, ref.ID)
		if err != nil {
			return links{}, fmt.Errorf("load linked account: %w", err)
		}
		found.accounts = append(found.accounts, a)
	}
	for i, id := range wanted.Value {
		if linked[id] {
			continue
		}
		linked[id] = true
		if err := found.add(ctx, tx, contact.CompanyID, id, i); err != nil {
			return links{}, err
		}
	}
	return found, nil
}

// add loads the account with the id at a place of the request.
func (l *links) add(ctx context.Context, tx Tx, companyID, id int64, place int) error {
	path := []string{"accountIds", strconv.Itoa(place)}
	a, err := tx.AccountForUpdate(ctx, companyID, id)
	switch {
	case fault.IsNotFound(err):
		l.offences.Add(path, "must be the id of an account of this company; got %d", id)
	case fault.MergedInto(err) != 0:
		l.offences.Conflict(path, "is %d, which was merged into account %d; use that one", id, fault.MergedInto(err))
	case err != nil:
		return fmt.Errorf("load account: %w", err)
	case len(a.Contacts) >= account.MaxContacts:
		l.offences.Add(path, "cannot be %d: that account has %d contacts, the most allowed", id, len(a.Contacts))
	default:
		l.accounts = append(l.accounts, a)
	}
	return nil
}

// relink turns the link of each account to the contact: off where there is one,
// and on, behind the others, where there is none. The accounts change by it.
func (s *Service) relink(ctx context.Context, tx Tx, actor identity.Actor, contactID int64, l links) error {
	for _, a := range l.accounts {
		ids := account.ContactIDs(a.Contacts)
		if place := slices.Index(ids, contactID); place >= 0 {
			ids = slices.Delete(ids, place, place+1)
		} else {
			ids = append(ids, contactID)
		}
		if err := s.accounts.SetContacts(ctx, tx, actor, a, ids); err != nil {
			return fmt.Errorf("link account %d: %w", a.ID, err)
		}
	}
	return nil
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
