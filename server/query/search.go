package query

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/schema"
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

// Operators lists every operator.
var Operators = []Operator{OpEqual, OpNotEqual, OpAbove, OpFrom, OpBelow, OpTo, OpContains, OpIn, OpNotIn, OpBetween, OpExists}

// Parse makes a filter of one or two tests, both of which must hold, or with
// either one of them. A second test that is empty is none. Errors: KindInvalid
// with every offence, located in the query.
func Parse(tests [2]Test, either bool, subjects Subjects, region string) (Filter, error) {
	filter := Filter{Any: either}
	var offences fault.Offences
	for i, test := range tests {
		if i > 0 && test == (Test{}) {
			continue
		}
		condition, found := ParseCondition(i+1, test, subjects, region)
		offences = append(offences, found...)
		filter.Conditions = append(filter.Conditions, condition)
	}
	if err := fault.Invalid(offences); err != nil {
		return Filter{}, err
	}
	return filter, nil
}

// Test is one test of a search as it was sent. A part that was not sent is
// empty.
type Test struct {
	Member   string // a standard member, or the key of a property
	Operator Operator
	Value    string
}

// ParseCondition reads the test with the given number, from 1, and returns every
// offence of it. Phone numbers without a country code are read as dialled in
// the region.
func ParseCondition(number int, t Test, subjects Subjects, region string) (Condition, []fault.Offence) {
	p := &testParser{Test: t, number: strconv.Itoa(number), region: region}
	p.require("prop", t.Member)
	p.require("op", string(t.Operator))
	p.require("value", t.Value)
	if t.Member == "" {
		return Condition{}, p.offences
	}
	subject, ok := subjects.find(t.Member)
	switch {
	case !ok:
		p.offend("prop", "must be a member of accounts or the keyName of a property; got %s%s",
			fault.Quote(t.Member), fault.DidYouMean(t.Member, subjects.names()))
	case t.Operator == "":
	case !slices.Contains(operators[subject.Kind], t.Operator):
		p.offend("op", "must be one of %s for %s; got %s", fault.Join(operators[subject.Kind]), t.Member, fault.Quote(string(t.Operator)))
	case t.Value != "":
		return p.condition(subject), p.offences
	}
	return Condition{}, p.offences
}

// Subject is what a search can test.
type Subject struct {
	Member   Member
	Kind     Kind
	Labels   []string        // the values that there are, of Exact
	Property schema.Property // of MemberCustom
}

// Subjects are the members that accounts of a company can be searched by.
type Subjects struct {
	Standard map[string]Subject // the members of every account, by all of their names
	Schema   schema.Schema
}

// CustomPrefix starts the names of custom members. A property that has the key of a
// standard member is found by it only.
const CustomPrefix = string(MemberCustom) + "."

func (s Subjects) find(name string) (Subject, bool) {
	if subject, ok := s.Standard[name]; ok {
		return subject, true
	}
	p, ok := s.Schema[strings.TrimPrefix(name, CustomPrefix)]
	return Subject{Member: MemberCustom, Kind: KindOf(p.Type), Property: p}, ok
}

func (s Subjects) names() []string {
	return append(slices.Sorted(maps.Keys(s.Standard)), slices.Sorted(maps.Keys(s.Schema))...)
}

// testParser reads one test.
type testParser struct {
	Test
	number   string
	region   string
	offences []fault.Offence
}

func (p *testParser) require(part, value string) {
	if value == "" {
		p.offend(part, "is missing: a test consists of prop%s, op%s and value%s", p.number, p.number, p.number)
	}
}

func (p *testParser) offend(part, format string, args ...any) {
	p.offences = append(p.offences, fault.InParameter(part+p.number, format, args...))
}

// condition makes a condition of a test that the subject takes.
func (p *testParser) condition(s Subject) Condition {
	c := Condition{Member: s.Member, Property: s.Property}
	switch p.Operator {
	case OpExists:
		c.Exists = true
		c.Negate = p.Value == "false"
		if p.Value != "true" && p.Value != "false" {
			p.offend("value", "must be true or false; got %s", fault.Quote(p.Value))
		}
	case OpContains:
		c.Contains = p.needle(s)
	case OpIn, OpNotIn:
		c.Negate = p.Operator == OpNotIn
		var values []Range
		for _, o := range p.operands(s) {
			values = append(values, o.within())
		}
		c.Ranges = Union(values)
	case OpBetween:
		if ends := p.operands(s); len(ends) == 2 {
			c.Ranges = []Range{{From: ends[0].from, To: ends[1].to, ToOpen: ends[1].toOpen}}
			if ends[0].isAbove(ends[1]) {
				p.offend("value", "must name the lower end first, or nothing can be between; got %s", fault.Quote(p.Value))
			}
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
func (p *testParser) needle(s Subject) string {
	needle, wrong := normal.SearchFold(p.Value), fault.MustNotBeBlank
	if s.Kind == Phone {
		needle, wrong = normal.PhonePart(p.Value), normal.MustContainADigit+"; got "+fault.Quote(p.Value)
	}
	switch {
	case needle == "":
		p.offend("value", "%s", wrong)
	case s.Kind == Email && strings.Contains(p.Value, "@") && normal.HasSpaceInEmail(p.Value):
		p.offend("value", "%s", normal.SpaceInEmail)
	}
	return needle
}

// operands reads a list of values.
func (p *testParser) operands(s Subject) []operand {
	items, wrong := splitList(p.Value)
	switch {
	case wrong != "":
		p.offend("value", "%s", wrong)
	case p.Operator == OpBetween && len(items) != 2:
		p.offend("value", "must contain two values, from and to; got %d", len(items))
	case len(items) == 0 || len(items) > schema.MaxValues:
		p.offend("value", "must contain 1 to %d values; got %d", schema.MaxValues, len(items))
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
