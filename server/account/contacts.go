package account

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of a contact's members.
const (
	MaxContactName  = 255
	MaxContactTitle = 255
	MaxReach        = 100  // e-mail addresses, and as many phone numbers
	MaxLinks        = 1000 // accounts that one request links a contact to
)

// ContactPatch says what to change of a contact, or what a new one is to be.
// Absent members stay as they are.
type ContactPatch struct {
	Name       Field[string]
	Title      Field[string] // null: none
	Emails     Field[[]string]
	Phones     Field[[]string]
	AccountIDs Field[[]int64] // replaces the links
	ID         Field[int64]   // the echo of the contact's id; it is checked, never written
}

// Contact returns a contact with its accounts. KindNotFound if the actor's
// company has none with the id.
func (s *Service) Contact(ctx context.Context, actor Actor, id int64) (Contact, error) {
	return s.store.Contact(ctx, actor.CompanyID, id)
}

// Contacts returns the contacts that a query selects, with their accounts.
func (s *Service) Contacts(ctx context.Context, actor Actor, q ContactQuery) ([]Contact, error) {
	return s.store.ListContacts(ctx, actor.CompanyID, q)
}

// ContactWords returns the words that a search for contacts asks for. KindInvalid
// if it asks for nothing but space.
func ContactWords(sent string) ([]string, error) {
	words := Words(sent)
	if sent != "" && len(words) == 0 {
		return nil, Invalid([]FieldError{{In: InQuery, Path: []string{"q"}, Message: "q " + mustNotBeBlank}})
	}
	return words, nil
}

// CountContacts returns how many contacts a query selects, whatever its page.
func (s *Service) CountContacts(ctx context.Context, actor Actor, q ContactQuery) (int64, error) {
	return s.store.CountContacts(ctx, actor.CompanyID, q)
}

// CreateContact adds a contact, and links it behind the contacts that the
// accounts have. Errors: KindInvalid with every offence.
func (s *Service) CreateContact(ctx context.Context, actor Actor, p ContactPatch) (Contact, error) {
	if p.Name.IsAbsent() {
		p.Name = Set("") // which must not be blank
	}
	var created Contact
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		var err error
		blank := Contact{CompanyID: actor.CompanyID, CreatedBy: actor.User.ID, CreatedAt: s.now()}
		created, err = s.saveContact(ctx, tx, actor, blank, p)
		return err
	})
	if err != nil {
		return Contact{}, err
	}
	return created, nil
}

// UpdateContact applies a patch in one transaction, and returns the contact as
// it then is. A patch that changes nothing writes nothing. Errors: KindNotFound;
// KindInvalid with every offence.
func (s *Service) UpdateContact(ctx context.Context, actor Actor, id int64, p ContactPatch) (Contact, error) {
	var updated Contact
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		before, err := tx.Contact(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		updated, err = s.saveContact(ctx, tx, actor, before, p)
		return err
	})
	if err != nil {
		return Contact{}, err
	}
	return updated, nil
}

// DeleteContact removes a contact, and unlinks it from every account.
// KindNotFound if the actor's company has none with the id.
func (s *Service) DeleteContact(ctx context.Context, actor Actor, id int64) error {
	return s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		contact, err := tx.Contact(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		links, err := findLinks(ctx, tx, contact, Set([]int64{}))
		if err != nil {
			return err
		}
		if err := s.relink(ctx, tx, actor, id, links); err != nil {
			return err
		}
		return tx.DeleteContact(ctx, actor.CompanyID, id)
	})
}

// saveContact applies a patch to a contact, which has no id if it is new, and
// writes what changed.
func (s *Service) saveContact(ctx context.Context, tx Tx, actor Actor, before Contact, p ContactPatch) (Contact, error) {
	links, err := findLinks(ctx, tx, before, p.AccountIDs)
	if err != nil {
		return Contact{}, err
	}
	after, changed, offences := applyContact(before, p, s.region)
	if err := Invalid(append(offences, links.offences...)); err != nil {
		return Contact{}, err
	}
	if !changed && len(links.accounts) == 0 {
		return before, nil
	}
	after.UpdatedAt = later(s.now(), before.UpdatedAt)
	if before.ID == 0 {
		err = tx.InsertContact(ctx, &after)
	} else {
		err = tx.UpdateContact(ctx, after)
	}
	if err != nil {
		return Contact{}, fmt.Errorf("store contact: %w", err)
	}
	if err := s.relink(ctx, tx, actor, after.ID, links); err != nil {
		return Contact{}, err
	}
	return tx.Contact(ctx, actor.CompanyID, after.ID)
}

// applyContact returns what a patch makes of a contact, and whether that is
// another one. It leaves the links out.
func applyContact(before Contact, p ContactPatch, region string) (after Contact, changed bool, offences fieldErrors) {
	a := &applier{}
	after = before
	a.checkID("contact", p.ID, before.ID)
	if p.Title.IsNull() {
		p.Title = Set("")
	}
	setValue(a, "name", &after.Name, p.Name, checkContactName)
	setValue(a, "title", &after.Title, p.Title, checkContactTitle)
	setList(a, "emails", &after.Emails, p.Emails, checkEmail)
	setList(a, "phones", &after.Phones, p.Phones, phoneChecker(region))
	return after, len(a.changes) > 0, a.errors
}

func checkContactName(s string) (string, string) {
	s = strings.TrimSpace(s)
	return s, checkName(s, MaxContactName)
}

func checkContactTitle(s string) (string, string) {
	s = strings.TrimSpace(s)
	return s, checkText(s, MaxContactTitle)
}

// setList applies a list that is replaced whole; an item that repeats another is
// left out.
func setList(a *applier, member string, target *[]string, f Field[[]string], check checker[string]) {
	if f.IsNull() {
		a.errors.add([]string{member}, "%s", mustNotBeNull)
	}
	if f.IsAbsent() || f.IsNull() {
		return
	}
	if len(f.Value) > MaxReach {
		a.errors.add([]string{member}, "must contain at most %d items; got %d", MaxReach, len(f.Value))
		return
	}
	found := len(a.errors)
	items := make([]string, 0, len(f.Value))
	for i, item := range f.Value {
		item, wrong := check(item)
		if wrong != "" {
			a.errors.add([]string{member, strconv.Itoa(i)}, "%s", wrong)
		} else if !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	if len(a.errors) == found && !slices.Equal(*target, items) {
		a.change(member, *target, items)
		*target = items
	}
}

// links are the accounts whose links to a contact change, and what is wrong with
// those that were asked for.
type links struct {
	accounts []Account
	offences fieldErrors
}

// findLinks loads the accounts that a contact is linked to and is not to be, and
// those that it is to be linked to and is not.
func findLinks(ctx context.Context, tx Tx, contact Contact, wanted Field[[]int64]) (links, error) {
	var found links
	if wanted.IsAbsent() {
		return found, nil
	}
	if len(wanted.Value) > MaxLinks {
		found.offences.add([]string{"accountIds"}, "must contain at most %d items; got %d", MaxLinks, len(wanted.Value))
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
	case err != nil && KindOf(err) == KindNotFound:
		l.offences.add(path, "must be the id of an account of this company; got %d", id)
	case err != nil:
		return fmt.Errorf("load account: %w", err)
	case len(a.Contacts) >= MaxContacts:
		l.offences.add(path, "cannot be %d: that account has %d contacts, the most allowed", id, len(a.Contacts))
	default:
		l.accounts = append(l.accounts, a)
	}
	return nil
}

// relink turns the link of each account to the contact: off where there is one,
// and on, behind the others, where there is none. The accounts change by it.
func (s *Service) relink(ctx context.Context, tx Tx, actor Actor, contactID int64, l links) error {
	for _, a := range l.accounts {
		ids := contactIDs(a.Contacts)
		if place := slices.Index(ids, contactID); place >= 0 {
			ids = slices.Delete(ids, place, place+1)
		} else {
			ids = append(ids, contactID)
		}
		if _, err := s.applyAndSave(ctx, tx, actor, a, Patch{Contacts: Set(ids)}, false); err != nil {
			return fmt.Errorf("link account %d: %w", a.ID, err)
		}
	}
	return nil
}
