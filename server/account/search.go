package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Operator says how a search tests a member's value.
type Operator string

// The operators.
const (
	OpEqual    Operator = "eq"
	OpNotEqual Operator = "neq"
	OpAbove    Operator = "gt"
	OpFrom     Operator = "gte"
	OpBelow    Operator = "lt"
	OpTo       Operator = "lte"
	OpContains Operator = "contains"
	OpIn       Operator = "in"
	OpNotIn    Operator = "nin"
	OpBetween  Operator = "between"
	OpExists   Operator = "exists"
)

// Test is one test of a search as it was sent. A part that was not sent is
// empty.
type Test struct {
	Member   string // a standard member, or the key of a property
	Operator Operator
	Value    string
}

// SearchFilter makes a filter of one or two tests, both of which must hold, or
// with either one of them. A second test that is empty is none. Errors:
// KindInvalid with every offence, located in the query.
func (s *Service) SearchFilter(ctx context.Context, actor Actor, tests [2]Test, either bool) (Filter, error) {
	schema, err := loadSchema(ctx, s.store, actor.CompanyID)
	if err != nil {
		return Filter{}, err
	}
	filter := Filter{Any: either}
	var offences []FieldError
	for i, test := range tests {
		if i > 0 && test == (Test{}) {
			continue
		}
		condition, found := ParseCondition(i+1, test, schema, s.region)
		offences = append(offences, found...)
		filter.Conditions = append(filter.Conditions, condition)
	}
	if err := Invalid(offences); err != nil {
		return Filter{}, err
	}
	return filter, nil
}

// ParseCondition reads the test with the given number, from 1, and returns every
// offence of it. Phone numbers without a country code are read as dialled in
// the region.
func ParseCondition(number int, t Test, schema Schema, region string) (Condition, []FieldError) {
	p := &testParser{Test: t, number: strconv.Itoa(number), region: region}
	p.require("prop", t.Member)
	p.require("op", string(t.Operator))
	p.require("value", t.Value)
	if t.Member == "" {
		return Condition{}, p.offences
	}
	subject, ok := findSubject(t.Member, schema)
	switch {
	case !ok:
		p.offend("prop", "must be a member of accounts or the keyName of a property; got %s%s",
			Quote(t.Member), DidYouMean(t.Member, subjectNames(schema)))
	case t.Operator == "":
	case !slices.Contains(operators[subject.kind], t.Operator):
		p.offend("op", "must be one of %s for %s; got %s", joined(operators[subject.kind]), t.Member, Quote(string(t.Operator)))
	case t.Value != "":
		return p.condition(subject), p.offences
	}
	return Condition{}, p.offences
}

// subject is what a search can test.
type subject struct {
	member   Member
	kind     valueKind
	property Property // of MemberCustom
}

// subjects are the members of every account, with their former names.
var subjects = map[string]subject{
	"id":           {member: MemberID, kind: kindInteger},
	"accountId":    {member: MemberID, kind: kindInteger},
	"clientId":     {member: MemberID, kind: kindInteger},
	"number":       {member: MemberNumber, kind: kindInteger},
	"title":        {member: MemberTitle, kind: kindText},
	"name":         {member: MemberTitle, kind: kindText},
	"description":  {member: MemberDescription, kind: kindText},
	"address":      {member: MemberAddress, kind: kindText},
	"primaryName":  {member: MemberPrimaryName, kind: kindText},
	"primaryEmail": {member: MemberEmail, kind: kindText},
	"primaryPhone": {member: MemberPhone, kind: kindPhone},
	"accountType":  {member: MemberType, kind: kindType},
	"type":         {member: MemberType, kind: kindType},
	"clientType":   {member: MemberType, kind: kindType},
	"isActive":     {member: MemberActive, kind: kindBool},
	"value":        {member: MemberValue, kind: kindAmount},
	"size":         {member: MemberSize, kind: kindAmount},
	"createdAt":    {member: MemberCreatedAt, kind: kindTime},
	"updatedAt":    {member: MemberUpdatedAt, kind: kindTime},
	"createdBy":    {member: MemberCreatedBy, kind: kindReference},
	"updatedBy":    {member: MemberUpdatedBy, kind: kindReference},
	"contacts":     {member: MemberContacts, kind: kindReference},
}

// customPrefix names a property that has the key of a standard member.
const customPrefix = "custom."

func findSubject(name string, schema Schema) (subject, bool) {
	if s, ok := subjects[name]; ok {
		return s, true
	}
	p, ok := schema[strings.TrimPrefix(name, customPrefix)]
	return subject{member: MemberCustom, kind: propertyKinds[p.Type], property: p}, ok
}

func subjectNames(schema Schema) []string {
	return append(slices.Sorted(maps.Keys(subjects)), slices.Sorted(maps.Keys(schema))...)
}

// testParser reads one test.
type testParser struct {
	Test
	number   string
	region   string
	offences []FieldError
}

func (p *testParser) require(part, value string) {
	if value == "" {
		p.offend(part, "is missing: a test consists of prop%s, op%s and value%s", p.number, p.number, p.number)
	}
}

func (p *testParser) offend(part, format string, args ...any) {
	name := part + p.number
	p.offences = append(p.offences, FieldError{In: InQuery, Path: []string{name}, Message: name + " " + fmt.Sprintf(format, args...)})
}

// condition makes a condition of a test that the subject takes.
func (p *testParser) condition(s subject) Condition {
	c := Condition{Member: s.member, Property: s.property}
	switch p.Operator {
	case OpExists:
		c.Exists = true
		c.Negate = p.Value == "false"
		if p.Value != "true" && p.Value != "false" {
			p.offend("value", "must be true or false; got %s", Quote(p.Value))
		}
	case OpContains:
		c.Contains = p.needle(s)
	case OpIn, OpNotIn:
		c.Negate = p.Operator == OpNotIn
		for _, o := range p.operands(s) {
			c.Ranges = append(c.Ranges, o.within())
		}
	case OpBetween:
		if ends := p.operands(s); len(ends) == 2 {
			c.Ranges = []Range{{From: ends[0].from, To: ends[1].to, ToOpen: ends[1].toOpen}}
		}
	default:
		c.Negate = p.Operator == OpNotEqual
		o, wrong := s.operand(p.Value, p.region)
		if wrong != "" {
			p.offend("value", "%s", wrong)
			break
		}
		c.Ranges = []Range{o.compared(p.Operator)}
	}
	return c
}

// needle is the form of the value that contains looks for.
func (p *testParser) needle(s subject) string {
	needle, wrong := Fold(p.Value), mustNotBeBlank
	if s.kind == kindPhone {
		needle, wrong = Digits(p.Value), "must contain a digit; got "+Quote(p.Value)
	}
	if needle == "" {
		p.offend("value", "%s", wrong)
	}
	return needle
}

// operands reads a list of values.
func (p *testParser) operands(s subject) []operand {
	items, wrong := splitList(p.Value)
	switch {
	case wrong != "":
		p.offend("value", "%s", wrong)
	case p.Operator == OpBetween && len(items) != 2:
		p.offend("value", "must contain two values, from and to; got %d", len(items))
	case len(items) == 0 || len(items) > MaxValues:
		p.offend("value", "must contain 1 to %d values; got %d", MaxValues, len(items))
	}
	if len(p.offences) > 0 {
		return nil
	}
	operands := make([]operand, len(items))
	for i, item := range items {
		o, wrong := s.operand(item, p.region)
		if wrong != "" {
			p.offend("value", "item %d %s", i+1, wrong)
			return nil
		}
		operands[i] = o
	}
	return operands
}
