package client

import (
	"encoding/json"
	"fmt"
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
		UpdatedAfter:    optionalTime(f.UpdatedAfter),
		UpdatedBefore:   optionalTime(f.UpdatedBefore),
		OrderBy:         optional(api.OrderLatestFirst(f.Order)),
		IncludeContacts: optional(f.IncludeContacts),
		IncludeArchived: optional(f.IncludeArchived),
		IncludeTotal:    optional(f.IncludeTotal),
		PageSize:        pageSize(f.PageSize),
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
	}
	if operator != In && operator != NotIn && operator != Between {
		return Condition{Member: member, Operator: operator, Value: strings.Join(texts, ",")}
	}
	for i, text := range texts {
		texts[i] = `"` + strings.ReplaceAll(text, `"`, `""`) + `"` // so that a comma is part of it
	}
	return Condition{Member: member, Operator: operator, Value: strings.Join(texts, ",")}
}

func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format(timestamp.Layout)
	case Time:
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

func (s AccountSearch) params() (*api.SearchAccountsParams, *Error) {
	params := &api.SearchAccountsParams{
		Prop1:           s.Where.Member,
		Op1:             s.Where.Operator,
		Value1:          s.Where.Value,
		OrderBy:         optional(api.OrderEarliestFirst(s.Filter.Order)),
		IncludeContacts: optional(s.Filter.IncludeContacts),
		IncludeArchived: optional(s.Filter.IncludeArchived),
		IncludeTotal:    optional(s.Filter.IncludeTotal),
		PageSize:        pageSize(s.Filter.PageSize),
	}
	second, logic := s.And, api.SearchLogicAnd
	if s.Or != nil {
		second, logic = s.Or, api.SearchLogicOr
	}
	if second != nil {
		params.Prop2, params.Op2, params.Value2, params.Logic = &second.Member, &second.Operator, &second.Value, &logic
	}
	switch {
	case s.And != nil && s.Or != nil:
		return nil, invalid("a search has And or Or, not both")
	case s.Where.Member == "", second != nil && second.Member == "":
		return nil, invalid("a condition must name a member")
	}
	return params, nil
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
		UpdatedAfter:  optionalTime(f.UpdatedAfter),
		UpdatedBefore: optionalTime(f.UpdatedBefore),
		OrderBy:       optional(api.OrderLatestFirst(f.Order)),
		IncludeTotal:  optional(f.IncludeTotal),
		PageSize:      pageSize(f.PageSize),
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

func optionalTime(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return new(TimeOf(t.UTC()))
}

func pageSize(n int) *int {
	if n == 0 {
		n = maxPageSize
	}
	return &n
}
