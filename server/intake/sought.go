package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/schema"
)

// sought is a body, for which is read ahead what it will be matched with.
type sought struct {
	id       int64 // of the account; 0: it is found by a trait
	by       account.MatchBy
	strategy Strategy
	patch    *account.Patch
}

// trait is what the account is found by; without a value nothing.
func (s sought) trait(properties schema.Schema) trait {
	p := s.patch
	if key, ok := s.by.Key(); ok {
		return traitOf(properties[key], keyIn(p, properties[key]))
	}
	if s.by == account.MatchNumber && p.Number.IsSet() {
		return numberTrait(p.Number.Value)
	}
	member := account.Account{Title: p.Title.Value, Address: p.Address.Value, PrimaryEmail: &p.PrimaryEmail.Value, PrimaryPhone: &p.PrimaryPhone.Value}
	return trait{s.by, s.by.Value(member)}
}

// links tells whether the body's contact is looked for, if a given account matches;
// without an id none does.
func (s sought) links(matched account.Account) bool {
	return s.patch.Contacts.IsAbsent() && (matched.ID == 0 || s.strategy == StrategyReplace || s.strategy == StrategyEnrich)
}

// keyIn is the key of a patch's value of a unique property; empty: it has none.
func keyIn(p *account.Patch, property schema.Property) string {
	value := p.Custom.Value[property.Key]
	if !property.Unique || value == nil {
		return ""
	}
	check := schema.Values{Offences: new(fault.Offences)}
	return property.UniqueKey(check.Check(nil, property, value))
}

// wanted are values to look for, by what records are found by.
type wanted map[account.MatchBy][]string

func (w wanted) add(t trait) {
	if t.value != "" {
		w[t.by] = append(w[t.by], t.value)
	}
}

// readAhead reads what bodies will be matched with, and then what comes of that. What is
// wrong in one is left out, and told when the body is treated.
func (t *aheadTx) readAhead(ctx context.Context, companyID int64, properties schema.Schema, all []sought) error {
	t.read = newRead()
	ids, matches := make(map[int64]bool), make(wanted)
	for _, s := range all {
		if s.id != 0 {
			ids[s.id] = true
		} else {
			matches.add(s.trait(properties))
		}
	}
	if err := t.findOwners(ctx, companyID, properties, matches); err != nil {
		return err
	}
	if err := t.findMerged(ctx, companyID, matches); err != nil {
		return err
	}
	for _, id := range t.read.traits {
		if id != 0 {
			ids[id] = true
		}
	}
	accounts, err := t.Tx.AccountsForUpdate(ctx, companyID, slices.Sorted(maps.Keys(ids)))
	for _, a := range accounts {
		t.read.accounts[a.ID] = a
	}
	if err != nil {
		return err
	}
	return t.readRest(ctx, companyID, properties, all)
}

// readRest reads what bodies will be compared with, of which is known whether an account
// matches.
func (t *aheadTx) readRest(ctx context.Context, companyID int64, properties schema.Schema, all []sought) error {
	traits, people := make(wanted), make(wanted)
	for _, s := range all {
		matched := t.matched(s, properties)
		if p := s.patch.Number; p.IsSet() && p.Value != matched.Number {
			t.want(traits, numberTrait(p.Value))
		}
		for key := range s.patch.Custom.Value {
			t.want(traits, traitOf(properties[key], keyIn(s.patch, properties[key])))
		}
		if s.links(matched) {
			people.add(trait{account.MatchEmail, normal.EmailKey(s.patch.PrimaryEmail.Value)})
			people.add(trait{account.MatchPhone, s.patch.PrimaryPhone.Value})
		}
	}
	if err := t.findOwners(ctx, companyID, properties, traits); err != nil {
		return err
	}
	return t.findPeople(ctx, companyID, people)
}

// want adds a trait that was not looked for.
func (t *aheadTx) want(w wanted, sought trait) {
	if _, known := t.read.traits[sought]; !known {
		w.add(sought)
	}
}

// matched returns the account that a body matches, as far as it was read ahead.
func (t *aheadTx) matched(s sought, properties schema.Schema) account.Account {
	if s.id != 0 {
		return t.read.accounts[s.id]
	}
	return t.read.accounts[t.read.traits[s.trait(properties)]]
}

// findOwners notes which accounts have traits.
func (t *aheadTx) findOwners(ctx context.Context, companyID int64, properties schema.Schema, w wanted) error {
	for by, values := range w {
		owners, err := t.ownersOf(ctx, companyID, properties, by, values)
		if err != nil {
			return fmt.Errorf("find accounts by %s: %w", by, err)
		}
		t.read.traits.note(by, values, owners)
	}
	return nil
}

// findMerged notes which accounts that were merged had traits that none has now.
func (t *aheadTx) findMerged(ctx context.Context, companyID int64, w wanted) error {
	for by, values := range w {
		if _, unique := by.Key(); !unique && by != account.MatchNumber {
			continue
		}
		free := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return t.read.traits[trait{by, value}] != 0 })
		if len(free) == 0 {
			continue
		}
		owners, err := t.Tx.MergedOwners(ctx, companyID, by, free)
		if err != nil {
			return fmt.Errorf("find merged accounts by %s: %w", by, err)
		}
		t.read.merged.note(by, free, owners)
	}
	return nil
}

func (t *aheadTx) ownersOf(ctx context.Context, companyID int64, properties schema.Schema, by account.MatchBy, values []string) (map[string]int64, error) {
	if key, ok := by.Key(); ok {
		return t.Tx.Owners(ctx, properties[key], values)
	}
	if by != account.MatchNumber {
		return t.Tx.FindAccounts(ctx, companyID, by, values)
	}
	numbers := make([]int64, len(values))
	for i, value := range values {
		numbers[i], _ = strconv.ParseInt(value, 10, 64) // as numberTrait has written it
	}
	found, err := t.Tx.NumberOwners(ctx, companyID, numbers)
	owners := make(map[string]int64, len(found))
	for number, id := range found {
		owners[numberTrait(number).value] = id
	}
	return owners, err
}

// findPeople notes which contacts have traits, and reads those.
func (t *aheadTx) findPeople(ctx context.Context, companyID int64, w wanted) error {
	if len(w) == 0 {
		return nil
	}
	emails, phones := w[account.MatchEmail], w[account.MatchPhone]
	byEmail, byPhone, err := t.Tx.FindContacts(ctx, companyID, emails, phones)
	if err != nil {
		return fmt.Errorf("find contacts: %w", err)
	}
	t.read.people.note(account.MatchEmail, emails, byEmail)
	t.read.people.note(account.MatchPhone, phones, byPhone)
	ids := slices.Concat(slices.Collect(maps.Values(byEmail)), slices.Collect(maps.Values(byPhone)))
	t.read.contacts, err = t.Tx.Contacts(ctx, companyID, ids)
	return err
}
