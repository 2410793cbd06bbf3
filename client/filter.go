package client

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
)

// Order is the order of a list by the time of the last change.
type Order string

// The orders of a list.
const (
	EarliestFirst Order = "asc"
	LatestFirst   Order = "desc"
)

// AccountFilter selects accounts; all that is set must hold. The zero value
// selects all active accounts, the latest change first.
type AccountFilter struct {
	Words        string // that must all be found, anywhere in the account
	Title        string // a part of it, and so on
	Address      string
	PrimaryName  string // of the first linked contact
	PrimaryEmail string
	PrimaryPhone string

	UpdatedAfter, UpdatedBefore time.Time
	IncludeArchived             bool

	// At, if it is set, is a time in the past: the accounts are as they were then, and
	// selected by that. They come by their ids, without an Order and without a total.
	At time.Time

	Order           Order
	IncludeContacts bool
	IncludeTotal    bool // Page.Total
	PageSize        int  // 0: 100, the most
}

func (f AccountFilter) params() *api.ListAccountsParams {
	return &api.ListAccountsParams{
		Q:               optional(f.Words),
		Title:           optional(f.Title),
		Address:         optional(f.Address),
		PrimaryName:     optional(f.PrimaryName),
		PrimaryEmail:    optional(f.PrimaryEmail),
		PrimaryPhone:    optional(f.PrimaryPhone),
		UpdatedAfter:    optional(TimeOf(f.UpdatedAfter.UTC())),
		UpdatedBefore:   optional(TimeOf(f.UpdatedBefore.UTC())),
		At:              optional(TimeOf(f.At.UTC())),
		OrderBy:         optional(api.OrderLatestFirst(f.Order)),
		IncludeContacts: optional(f.IncludeContacts),
		IncludeArchived: optional(f.IncludeArchived),
		IncludeTotal:    optional(f.IncludeTotal),
		PageSize:        new(cmp.Or(f.PageSize, maxPageSize)),
	}
}

// Condition is a test of a member of an account. [Where] makes one.
type Condition struct {
	Member   string // one of the account's own, or the keyName of a property
	Operator SearchOperator
	Value    string
}

// SearchOperator is how a member is tested.
type SearchOperator = api.SearchOperator

// The operators.
const (
	Equals         = api.SearchOperatorEq
	NotEquals      = api.SearchOperatorNeq
	Greater        = api.SearchOperatorGt
	GreaterOrEqual = api.SearchOperatorGte
	Less           = api.SearchOperatorLt
	LessOrEqual    = api.SearchOperatorLte
	Contains       = api.SearchOperatorContains
	In             = api.SearchOperatorIn
	NotIn          = api.SearchOperatorNin
	Between        = api.SearchOperatorBetween // both ends, which are inside
	Exists         = api.SearchOperatorExists  // true or false
)

// Where tests a member. In and NotIn take any number of values, Between two, the
// others one. A value is a string, a number, a bool or a time.
func Where(member string, operator SearchOperator, values ...any) Condition {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = valueText(value)
		if operator == In || operator == NotIn || operator == Between {
			texts[i] = `"` + strings.ReplaceAll(texts[i], `"`, `""`) + `"` // so that a comma is part of it
		}
	}
	return Condition{Member: member, Operator: operator, Value: strings.Join(texts, ",")}
}

func valueText(value any) string {
	switch v := value.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case interface{ UTC() time.Time }: // a time.Time or a Time
		return v.UTC().Format(timestamp.Layout)
	}
	return fmt.Sprint(value)
}

// AccountSearch selects accounts by one or two conditions.
type AccountSearch struct {
	Where  Condition
	And    *Condition // must hold too
	Or     *Condition // or this one; not together with And
	Filter SearchFilter
}

// SearchFilter is what else a search may ask for.
type SearchFilter struct {
	Order           Order // empty: EarliestFirst
	IncludeContacts bool
	IncludeArchived bool
	IncludeTotal    bool // Page.Total
	PageSize        int  // 0: 100, the most
}

func (s AccountSearch) params() *api.SearchAccountsParams {
	params := &api.SearchAccountsParams{
		Prop1:           s.Where.Member,
		Op1:             s.Where.Operator,
		Value1:          s.Where.Value,
		OrderBy:         optional(api.OrderEarliestFirst(s.Filter.Order)),
		IncludeContacts: optional(s.Filter.IncludeContacts),
		IncludeArchived: optional(s.Filter.IncludeArchived),
		IncludeTotal:    optional(s.Filter.IncludeTotal),
		PageSize:        new(cmp.Or(s.Filter.PageSize, maxPageSize)),
	}
	second, logic := s.And, api.SearchLogicAnd
	if s.Or != nil {
		second, logic = s.Or, api.SearchLogicOr
	}
	if second != nil {
		params.Prop2, params.Op2, params.Value2, params.Logic = &second.Member, &second.Operator, &second.Value, &logic
	}
	return params
}

// check refuses what cannot be searched for, before the request is sent.
func (s AccountSearch) check(context.Context, *http.Request) error {
	switch second := cmp.Or(s.And, s.Or); {
	case s.And != nil && s.Or != nil:
		return invalid("a search has And or Or, not both")
	case s.Where.Member == "", second != nil && second.Member == "":
		return invalid("a condition must name a member")
	}
	return nil
}

// ContactFilter selects contacts; all that is set must hold. The zero value
// selects all contacts, the latest change first.
type ContactFilter struct {
	Words                       string // that must all be found in the name, the emails or the phones
	AccountID                   int64  // the account they are linked to
	UpdatedAfter, UpdatedBefore time.Time

	Order        Order
	IncludeTotal bool // Page.Total
	PageSize     int  // 0: 100, the most
}

func (f ContactFilter) params() *api.ListContactsParams {
	return &api.ListContactsParams{
		Q:             optional(f.Words),
		AccountID:     optional(f.AccountID),
		UpdatedAfter:  optional(TimeOf(f.UpdatedAfter.UTC())),
		UpdatedBefore: optional(TimeOf(f.UpdatedBefore.UTC())),
		OrderBy:       optional(api.OrderLatestFirst(f.Order)),
		IncludeTotal:  optional(f.IncludeTotal),
		PageSize:      new(cmp.Or(f.PageSize, maxPageSize)),
	}
}

// optional returns nil for the zero value.
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// orZero is what a pointer leads to, or the zero value.
func orZero[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}
