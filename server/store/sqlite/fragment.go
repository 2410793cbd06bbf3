package sqlite

import (
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// fragment is a part of an SQL text, and the values of its parameters.
type fragment struct {
	text string
	args []any
}

// builder puts a statement together.
type builder struct {
	text strings.Builder
	args []any
}

func (b *builder) add(text string, args ...any) {
	b.text.WriteString(text)
	b.args = append(b.args, args...)
}

// join puts a separator between fragments.
func join(fragments []fragment, separator string) fragment {
	var b builder
	for i, f := range fragments {
		if i > 0 {
			b.add(separator)
		}
		b.add(f.text, f.args...)
	}
	return fragment{b.text.String(), b.args}
}

// within tests that an expression lies in one of the ranges.
func within(expression string, ranges []account.Range) fragment {
	tests := intervals(expression, ranges)
	if len(tests) == 0 {
		return fragment{text: "FALSE"}
	}
	all := join(tests, " OR ")
	return fragment{"(" + all.text + ")", all.args}
}

// intervals tests an expression once for all ranges of a single value, and once
// for each other range, so that every test can use an index.
func intervals(expression string, ranges []account.Range) []fragment {
	var tests []fragment
	var values []any
	for _, r := range ranges {
		r = toDBRange(r)
		if r.From != nil && r.From == r.To && !r.FromOpen && !r.ToOpen {
			values = append(values, r.From)
			continue
		}
		tests = append(tests, interval(expression, r))
	}
	if len(values) > 0 {
		marks := strings.Repeat(", ?", len(values))[len(", "):]
		tests = append(tests, fragment{expression + " IN (" + marks + ")", values})
	}
	return tests
}

func interval(expression string, r account.Range) fragment {
	ends := []fragment{}
	if r.From != nil {
		ends = append(ends, end(expression, " >", r.FromOpen, r.From))
	}
	if r.To != nil {
		ends = append(ends, end(expression, " <", r.ToOpen, r.To))
	}
	if len(ends) == 0 {
		return fragment{text: expression + " IS NOT NULL"}
	}
	return join(ends, " AND ")
}

func end(expression, operator string, open bool, value any) fragment {
	if !open {
		operator += "="
	}
	return fragment{expression + operator + " ?", []any{value}}
}

// toDBRange rounds the ends of a range of times into it, to the milliseconds
// that are stored.
func toDBRange(r account.Range) account.Range {
	if from, ok := r.From.(time.Time); ok {
		r.From = from.UnixMilli()
		if !r.FromOpen {
			r.From = roundUp(from)
		}
	}
	if to, ok := r.To.(time.Time); ok {
		r.To = to.UnixMilli()
		if r.ToOpen {
			r.To = roundUp(to)
		}
	}
	return r
}

func roundUp(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }
