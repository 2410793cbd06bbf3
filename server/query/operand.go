package query

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/schema"
)

// Kind says how the values of a member are compared, and so which
// operators it takes.
type Kind uint8

const (
	Text      Kind = iota // folded
	Email                 // as normal.EmailKey
	Phone                 // in normal form; parts by digits
	Exact                 // exactly
	Integer               //
	Reference             // an id of another record
	Amount                // float64
	Numeric               // exact decimal
	Bool                  //
	Time                  // a point in time
	Date                  // a date or a point in time
)

var propertyKinds = map[schema.Type]Kind{
	schema.Text:     Text,
	schema.Numeric:  Numeric,
	schema.Boolean:  Bool,
	schema.Date:     Date,
	schema.Dropdown: Text,
}

// KindOf returns how the values of a property of the type are compared.
func KindOf(t schema.Type) Kind { return propertyKinds[t] }

// operators are those that the values of a kind take.
var operators = map[Kind][]Operator{
	Text:      Operators,
	Email:     Operators,
	Phone:     {OpEqual, OpNotEqual, OpContains, OpIn, OpNotIn, OpExists},
	Exact:     equality,
	Integer:   order,
	Reference: equality,
	Amount:    order,
	Numeric:   order,
	Bool:      equality,
	Time:      order,
	Date:      order,
}

var (
	equality = []Operator{OpEqual, OpNotEqual, OpIn, OpNotIn, OpExists}
	order    = []Operator{OpEqual, OpNotEqual, OpAbove, OpFrom, OpBelow, OpTo, OpIn, OpNotIn, OpBetween, OpExists}
)

// operand is what a member's value is compared with: a single value, or with
// toOpen all that are less than to, such as those of a day.
type operand struct {
	from, to any
	toOpen   bool
}

func single(value any) operand { return operand{from: value, to: value} }

// within are the values that are equal to the operand.
func (o operand) within() Range { return Range{From: o.from, To: o.to, ToOpen: o.toOpen} }

// isAbove tells whether nothing lies from the operand to another one.
func (o operand) isAbove(to operand) bool {
	order := compare(o.from, to.to)
	return order > 0 || order == 0 && to.toOpen && compare(o.from, to.from) > 0
}

// compared are the values that an operator passes.
func (o operand) compared(op Operator) Range {
	switch op {
	case OpAbove:
		return Range{From: o.to, FromOpen: !o.toOpen}
	case OpFrom:
		return Range{From: o.from}
	case OpBelow:
		return Range{To: o.from, ToOpen: true}
	case OpTo:
		return Range{To: o.to, ToOpen: o.toOpen}
	}
	return o.within()
}

// operand reads a value in the form in which the member's are compared, or says
// what is wrong with it.
func (s Subject) operand(text, region string) (operand, string) {
	trimmed := normal.Trim(text)
	switch s.Kind {
	case Text:
		return single(normal.Fold(text)), ""
	case Email:
		if strings.Contains(text, "@") && normal.HasSpaceInEmail(text) {
			return operand{}, normal.SpaceInEmail
		}
		return single(normal.EmailKey(text)), ""
	case Phone:
		return single(normal.Phone(text, region)), ""
	case Exact:
		if slices.Contains(s.Labels, trimmed) {
			return single(trimmed), ""
		}
		return operand{}, "must be one of " + fault.Join(s.Labels) + "; got " + fault.Quote(text)
	case Integer, Reference:
		return integer(trimmed)
	case Amount:
		return amount(trimmed)
	case Numeric:
		number := json.Number(trimmed)
		if wrong := schema.CheckNumeric(number); wrong != "" {
			return operand{}, wrong
		}
		return single(schema.NumericKey(number)), ""
	case Bool:
		return s.boolean(trimmed)
	default: // Time, Date
		from, to, ok := parseInstant(trimmed)
		if ok {
			return s.times(from, to), ""
		}
		return operand{}, "must be a date such as 2026-11-24 or an RFC 3339 date-time; got " + fault.Quote(text) + fault.PlusLost(text)
	}
}

func integer(text string) (operand, string) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !jsonvalue.IsInteger(text):
		return operand{}, "must be an integer; got " + fault.Quote(text)
	case err != nil:
		return operand{}, fmt.Sprintf("must be an integer from %d to %d; got %s", math.MinInt64, math.MaxInt64, fault.Quote(text))
	}
	return single(n), ""
}

func amount(text string) (operand, string) {
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case !json.Valid([]byte(text)) || errors.Is(err, strconv.ErrSyntax):
		return operand{}, "must be a number; got " + fault.Quote(text)
	case err != nil:
		return operand{}, fmt.Sprintf("must be a number from %g to %g; got %s", -math.MaxFloat64, math.MaxFloat64, fault.Quote(text))
	}
	return single(x), ""
}

func (s Subject) boolean(text string) (operand, string) {
	if text != "true" && text != "false" {
		return operand{}, "must be true or false; got " + fault.Quote(text)
	}
	value := text == "true"
	if s.Member == MemberCustom {
		return single(s.Property.Keys(value)[0]), ""
	}
	return single(value), ""
}

func (s Subject) times(from, to time.Time) operand {
	o := operand{toOpen: !from.Equal(to)}
	if ms := from.Truncate(time.Millisecond); !ms.Equal(from) {
		from = ms.Add(time.Millisecond)
		to, o.toOpen = from, true
	}
	o.from, o.to = any(from), any(to)
	if s.Kind == Date {
		o.from, o.to = dateKey(from), dateKey(to)
	}
	return o
}

// parseInstant reads a point in time, which is the same twice, or a date, which
// is its day in UTC: from its start to the start of the next one. Between two
// of the milliseconds that are stored lies no value.
func parseInstant(text string) (from, to time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, day.AddDate(0, 0, 1), true
	}
	t, err := timestamp.Parse(text)
	return t.UTC(), t.UTC(), err == nil
}

// dateKey is the key of a date property's value. Of the time after the last
// that can be stored it is a text above all keys.
func dateKey(t time.Time) string {
	if t.Year() > 9999 {
		return "~"
	}
	return t.Format(schema.DateTimeLayout)
}

// splitList reads a list of values: a JSON array, or one line of CSV (RFC 4180).
func splitList(text string) (items []string, wrong string) {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		return splitArray(text)
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	items, err := reader.Read()
	if err != nil {
		return nil, "must be a list such as Tile,Metal with quotes around a value that contains a comma, or a JSON array; got " + fault.Quote(text)
	}
	if _, err := reader.Read(); !errors.Is(err, io.EOF) {
		return nil, "must be one line; got " + fault.Quote(text)
	}
	return items, ""
}

func splitArray(text string) (items []string, wrong string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil {
		return nil, "must be a JSON array if it starts with a bracket; got " + fault.Quote(text)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, "must end with the JSON array; got " + fault.Quote(text)
	}
	for _, value := range values {
		switch v := value.(type) {
		case string:
			items = append(items, v)
		case json.Number:
			items = append(items, v.String())
		case bool:
			items = append(items, strconv.FormatBool(v))
		default:
			return nil, "must contain only strings, numbers, true and false; got " + fault.Show(value)
		}
	}
	return items, ""
}
