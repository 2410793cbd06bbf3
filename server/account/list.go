package account

import (
	"context"
	"strings"
	"time"
)

// List returns the accounts of the actor's company that a query selects, with
// their contacts.
func (s *Service) List(ctx context.Context, actor Actor, q AccountQuery) ([]Account, error) {
	return s.store.Accounts(ctx, actor.CompanyID, q)
}

// Count returns how many accounts a query selects, whatever its page.
func (s *Service) Count(ctx context.Context, actor Actor, q AccountQuery) (int64, error) {
	return s.store.CountAccounts(ctx, actor.CompanyID, q)
}

// ListFilters are the filters of a list as they were sent. One that was not
// sent is empty.
type ListFilters struct {
	Words        string // all must be found in the account's text
	Title        string // this and the following are parts of the members
	Address      string
	PrimaryName  string
	PrimaryEmail string
	PrimaryPhone string // compared by digits

	UpdatedAfter  time.Time // strictly
	UpdatedBefore time.Time // strictly
}

// Filter returns the filter that all of them make. Errors: KindInvalid with
// every offence, located in the query.
func (f ListFilters) Filter() (Filter, error) {
	b := &filterBuilder{}
	b.words("q", f.Words)
	b.part("title", MemberTitle, f.Title, Fold, mustNotBeBlank)
	b.part("address", MemberAddress, f.Address, Fold, mustNotBeBlank)
	b.part("primaryName", MemberPrimaryName, f.PrimaryName, Fold, mustNotBeBlank)
	b.part("primaryEmail", MemberEmail, f.PrimaryEmail, Fold, mustNotBeBlank)
	b.part("primaryPhone", MemberPhone, f.PrimaryPhone, Digits, "must contain a digit")
	if !f.UpdatedAfter.IsZero() {
		b.add(Condition{Member: MemberUpdatedAt, Ranges: []Range{{From: f.UpdatedAfter, FromOpen: true}}})
	}
	if !f.UpdatedBefore.IsZero() {
		b.add(Condition{Member: MemberUpdatedAt, Ranges: []Range{{To: f.UpdatedBefore, ToOpen: true}}})
	}
	if err := Invalid(b.offences); err != nil {
		return Filter{}, err
	}
	return b.filter, nil
}

// filterBuilder collects conditions that must all hold.
type filterBuilder struct {
	filter   Filter
	offences []FieldError
}

func (b *filterBuilder) add(c Condition) { b.filter.Conditions = append(b.filter.Conditions, c) }

func (b *filterBuilder) words(name, sent string) {
	words := Words(sent)
	if sent != "" && len(words) == 0 {
		b.offend(name, mustNotBeBlank)
	}
	for _, word := range words {
		b.add(Condition{Member: MemberText, Contains: word})
	}
}

// part adds a test for a part of a member, in the form in which those are
// compared. Of nothing but space that is empty, and would pass everything.
func (b *filterBuilder) part(name string, m Member, sent string, form func(string) string, wrong string) {
	if sent == "" {
		return
	}
	part := form(sent)
	if part == "" {
		b.offend(name, wrong)
		return
	}
	b.add(Condition{Member: m, Contains: part})
}

func (b *filterBuilder) offend(name, wrong string) {
	b.offences = append(b.offences, FieldError{In: InQuery, Path: []string{name}, Message: name + " " + wrong})
}

// Words splits a text into the words to search for, folded. A phone number is
// split at its punctuation as well, since of numbers the digits are searched.
func Words(text string) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		if !isPhonePart(word) {
			words = append(words, Fold(word))
			continue
		}
		words = append(words, strings.FieldsFunc(word, func(r rune) bool { return r < '0' || r > '9' })...)
	}
	return words
}

// isPhonePart tells whether a word has a digit, and else only what phone
// numbers are written with.
func isPhonePart(word string) bool {
	return Digits(word) != "" && strings.Trim(word, "0123456789+-()./") == ""
}
