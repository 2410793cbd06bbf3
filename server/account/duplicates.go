package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// DuplicateReason is a member that accounts have in common, compared as MatchBy
// of the same name is.
type DuplicateReason string

// The reasons.
const (
	DuplicateEmail   DuplicateReason = "primaryEmail"
	DuplicatePhone   DuplicateReason = "primaryPhone"
	DuplicateTitle   DuplicateReason = "title"
	DuplicateAddress DuplicateReason = "address"
)

// DuplicateReasons lists every reason, the strongest first.
var DuplicateReasons = []DuplicateReason{DuplicateEmail, DuplicatePhone, DuplicateTitle, DuplicateAddress}

// DuplicatesShown is how many of the accounts of a group are loaded.
const DuplicatesShown = 20

// Duplicates are accounts that have a member in common.
type Duplicates struct {
	Key      string            // the value of the first reason, in the form in which it is compared
	Reasons  []DuplicateReason // the members that all of them have in common; they were found by the first
	Count    int64
	Accounts []Stored // those with the lowest ids, at most DuplicatesShown, without contacts
}

// DuplicatesQuery selects groups of duplicates.
type DuplicatesQuery struct {
	Reason          DuplicateReason // the only one that counts; empty: all
	AccountID       int64           // only the groups that the account is in; 0: all
	IncludeArchived bool
	After           DuplicatesPlace
	Limit           int
}

// DuplicatesPlace is behind the group of a reason and a key; the zero value is
// ahead of all groups.
type DuplicatesPlace struct {
	Reason DuplicateReason
	Key    string
}

// Place is the place behind the group.
func (d Duplicates) Place() DuplicatesPlace { return DuplicatesPlace{Reason: d.Reasons[0], Key: d.Key} }

// Duplicates returns groups of accounts that may be one, by the order of
// reasons and then of keys. A group whose accounts are all in one of an earlier
// reason is left out.
func (r *Records) Duplicates(ctx context.Context, actor identity.Actor, q DuplicatesQuery) ([]Duplicates, error) {
	s := &duplicatesSearch{reader: r.reader, companyID: actor.CompanyID, query: q, reasons: DuplicateReasons}
	if q.Reason != "" {
		s.reasons = []DuplicateReason{q.Reason}
	}
	keys := s.keys
	if q.AccountID != 0 {
		a, err := r.reader.Account(ctx, actor.CompanyID, q.AccountID)
		switch {
		case fault.IsAbsent(err) || err == nil && !a.Active && !q.IncludeArchived: // It is in no group.
			return nil, nil
		case err != nil:
			return nil, err
		}
		keys = keyOf(a)
	}
	start := max(0, slices.Index(s.reasons, q.After.Reason))
	for _, reason := range s.reasons[start:] {
		if err := s.find(ctx, reason, keys); err != nil {
			return nil, err
		}
	}
	return s.found, nil
}

// duplicatesSearch is one search for duplicates.
type duplicatesSearch struct {
	reader    Reader
	companyID int64
	query     DuplicatesQuery
	reasons   []DuplicateReason // those that count
	found     []Duplicates
}

// keysOf returns the next keys after one that accounts may have in common, in
// order, at most limit; fewer than limit are the last.
type keysOf func(ctx context.Context, reason DuplicateReason, after string, limit int) ([]string, error)

func (s *duplicatesSearch) keys(ctx context.Context, reason DuplicateReason, after string, limit int) ([]string, error) {
	keys, err := s.reader.DuplicateKeys(ctx, s.companyID, reason, after, limit)
	if err != nil {
		return nil, fmt.Errorf("find values of %s that several accounts have: %w", reason, err)
	}
	return keys, nil
}

// keyOf are the keys of one account: of each reason one at the most.
func keyOf(a Account) keysOf {
	return func(_ context.Context, reason DuplicateReason, after string, _ int) ([]string, error) {
		if key := MatchBy(reason).Value(a); key > after {
			return []string{key}, nil
		}
		return nil, nil
	}
}

// find adds the groups of a reason until there are enough.
func (s *duplicatesSearch) find(ctx context.Context, reason DuplicateReason, keysOf keysOf) error {
	after := ""
	if reason == s.query.After.Reason {
		after = s.query.After.Key
	}
	for len(s.found) < s.query.Limit {
		limit := s.query.Limit - len(s.found)
		keys, err := keysOf(ctx, reason, after, limit)
		if err != nil || len(keys) == 0 {
			return err
		}
		groups, err := s.reader.Duplicates(ctx, s.companyID, reason, keys, s.query.IncludeArchived)
		if err != nil {
			return fmt.Errorf("load accounts with the same %s: %w", reason, err)
		}
		s.found = append(s.found, slices.DeleteFunc(groups, s.isKnown)...)
		if len(keys) < limit {
			return nil
		}
		after = keys[len(keys)-1]
	}
	return nil
}

// isKnown tells whether all accounts of a group have the member of an earlier
// reason in common too: they are in a group of that.
func (s *duplicatesSearch) isKnown(d Duplicates) bool {
	earlier := s.reasons[:slices.Index(s.reasons, d.Reasons[0])]
	return slices.ContainsFunc(d.Reasons, func(r DuplicateReason) bool { return slices.Contains(earlier, r) })
}

// Value is what an account has of the member, to be read by people.
func (r DuplicateReason) Value(a Stored) string {
	switch r {
	case DuplicateEmail:
		return textOf(a.PrimaryEmail)
	case DuplicatePhone:
		return textOf(a.PrimaryPhone)
	case DuplicateTitle:
		return a.Title
	}
	return strings.Join(a.addressLines(), ", ")
}
