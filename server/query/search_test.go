package query_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// subjects are what accounts are searched by of a company with a property of
// each type, once for itself and once as a list.
var subjects = func() query.Subjects {
	properties := schema.Schema{}
	for _, kind := range schema.Types {
		for _, multiple := range []bool{false, true} {
			p := schema.Property{Key: fmt.Sprintf("%s_%t", kind, multiple), Type: kind, Multiple: multiple}
			if kind == schema.Dropdown {
				p.Options = []string{"Gold", "Straße", "İstanbul", "Café"}
			}
			properties[p.Key] = p
		}
	}
	return account.Subjects(properties)
}()

// Whatever is searched for: either the test is refused, with offences of the
// query's parameters, or it is a condition that can be evaluated.
func FuzzParseCondition(f *testing.F) {
	for _, seed := range [][3]string{
		{"title", "eq", "x"}, {"", "", ""}, {"id", "between", "1,2"}, {"capacity", "in", "[1, 2.0, \"3\"]"}, {"createdAt", "lte", "2026-11-24"},
		{"DATE_true", "gt", "9999-12-31"}, {"NUMERIC_false", "nin", "1e1000,-0"}, {"BOOLEAN_true", "eq", "true"}, {"DROPDOWN_true", "contains", "ß"},
		{"primaryPhone", "eq", "+1 415 555 0142"}, {"custom.TEXT_false", "in", "\"a\"\"b\",c"}, {"titel", "exists", "maybe"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	description, phone := "d", "+14155550142"
	a := account.Account{
		ID: 7, Title: "Sunrise", Description: &description, PrimaryPhone: &phone, Address: []string{"x"}, UpdatedAt: time.Unix(1, 0),
		Custom: account.Custom{"DATE_true": []any{"2026-11-24"}, "TEXT_false": "a"},
	}
	f.Fuzz(func(t *testing.T, member, operator, value string) {
		c, offences := query.ParseCondition(2, query.Test{Member: member, Operator: query.Operator(operator), Value: value}, subjects, "US")
		for _, o := range offences {
			if o.In != fault.InQuery || !slices.Contains([]string{"prop2", "op2", "value2"}, o.Field()) || !strings.HasPrefix(o.Message, o.Field()+" ") {
				t.Fatalf("offence %+v", o)
			}
		}
		if len(offences) > 0 {
			return
		}
		kinds := 0
		for _, set := range []bool{c.Exists, c.Contains != "", len(c.Ranges) > 0} {
			if set {
				kinds++
			}
		}
		if kinds != 1 || len(c.Ranges) > schema.MaxValues {
			t.Fatalf("%q %q %q is %+v", member, operator, value, c)
		}
		c.Negate = !c.Negate
		negated := c.Matches(&a)
		if c.Negate = !c.Negate; c.Matches(&a) == negated {
			t.Fatalf("%+v passes as its contrary does", c)
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                      nil,
		" \u00a0\t":             nil,
		"Sunrise  STRASSE":      {"sunrise", "strasse"},
		"Straße\u2003ö":         {"strasse", "o"},
		"(415) 555-0142":        {"415", "555", "0142"},
		"+1.415/555":            {"415", "555"},
		"+1 (415) 555-0142":     {"415", "555", "0142"},
		"tel:+14155550142":      {"4155550142"},
		"00 44 20 7946 0018":    {"20", "7946", "0018"},
		"0044(0)2079460018 Ltd": {"2079460018", "ltd"},
		"020 – 7946–0018":       {"20", "7946", "0018"},
		"415 555 0142 ext. 7":   {"415", "555", "0142", "7"},
		"+999 415 555 0142":     {"999", "415", "555", "0142"},
		"000-0000 0142":         {"142"},
		"ext. 7, suite 020":     {"ext.", "7,", "suite", "020"},
		"sun Sunrise rise SUN":  {"sunrise"},
		"12b-3":                 {"12b-3"},
		"--":                    {"--"},
		"x@y.example, 50%":      {"x@y.example,", "50%"},
		"94105-1234 2026-11-24": {"94105", "1234", "2026", "11", "24"},
		"0000000 - x y":         {"0000000", "x", "y"},
	} {
		if got := normal.Words(text); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// However many words are looked for, a record is asked for its text once, since to
// make that of a long one takes long.
func TestTextIsMadeOnce(t *testing.T) {
	t.Parallel()
	a := &asked{Account: account.Account{Title: "Sunrise", Address: []string{"x"}}}
	f := query.Filter{}
	for _, word := range []string{"sun", "rise", "x", "zz"} {
		f.Conditions = append(f.Conditions, query.Condition{Member: query.MemberText, Contains: word})
	}
	if f.Matches(a) || a.times != 1 {
		t.Errorf("the text was made %d times", a.times)
	}
	if f.Conditions = f.Conditions[:3]; !f.Matches(a) || a.times != 2 {
		t.Errorf("all words are there; the text was made %d times", a.times)
	}
}

// asked counts how often an account is asked for its values.
type asked struct {
	account.Account
	times int
}

func (a *asked) Values(c query.Condition) []any {
	a.times++
	return a.Account.Values(c)
}
