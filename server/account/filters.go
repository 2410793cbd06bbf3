package account

import (
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
)

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
func (f ListFilters) Filter() (query.Filter, error) {
	b := &filterBuilder{}
	b.words("q", f.Words)
	b.part("title", MemberTitle, f.Title, normal.SearchFold, fault.MustNotBeBlank)
	b.part("address", MemberAddress, f.Address, normal.SearchFold, fault.MustNotBeBlank)
	b.part("primaryName", MemberPrimaryName, f.PrimaryName, normal.SearchFold, fault.MustNotBeBlank)
	b.part("primaryEmail", MemberEmail, f.PrimaryEmail, normal.SearchFold, fault.MustNotBeBlank)
	b.part("primaryPhone", MemberPhone, f.PrimaryPhone, normal.PhonePart, normal.MustContainADigit+"; got "+fault.Quote(f.PrimaryPhone))
	if !f.UpdatedAfter.IsZero() {
		b.add(query.Condition{Member: MemberUpdatedAt, Ranges: []query.Range{{From: f.UpdatedAfter, FromOpen: true}}})
	}
	if !f.UpdatedBefore.IsZero() {
		b.add(query.Condition{Member: MemberUpdatedAt, Ranges: []query.Range{{To: f.UpdatedBefore, ToOpen: true}}})
	}
	if err := fault.Invalid(b.offences); err != nil {
		return query.Filter{}, err
	}
	return b.filter, nil
}

// filterBuilder collects conditions that must all hold.
type filterBuilder struct {
	filter   query.Filter
	offences fault.Offences
}

func (b *filterBuilder) add(c query.Condition) { b.filter.Conditions = append(b.filter.Conditions, c) }

func (b *filterBuilder) words(name, sent string) {
	words := normal.Words(sent)
	if sent != "" && len(words) == 0 {
		b.offend(name, fault.MustNotBeBlank)
	}
	for _, word := range words {
		b.add(query.Condition{Member: query.MemberText, Contains: word})
	}
}

// part adds a test for a part of a member, in the form in which those are
// compared. Of nothing but space that is empty, and would pass everything.
func (b *filterBuilder) part(name string, m query.Member, sent string, form func(string) string, wrong string) {
	if sent == "" {
		return
	}
	part := form(sent)
	switch {
	case part == "":
		b.offend(name, wrong)
		return
	case m == MemberEmail && normal.HasSpaceInEmail(sent):
		b.offend(name, normal.SpaceInEmail)
		return
	}
	b.add(query.Condition{Member: m, Contains: part})
}

func (b *filterBuilder) offend(name, wrong string) {
	b.offences = append(b.offences, fault.InParameter(name, "%s", wrong))
}
