package records

import (
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// within tests that an expression lies in one of the ranges.
func within(expression string, ranges []query.Range) db.Fragment {
	tests := intervals(expression, ranges)
	if len(tests) == 0 {
		return db.SQL("FALSE")
	}
	return db.AnyOf(tests)
}

// intervals tests an expression once for all ranges of a single value, and once
// for each other range, so that every test can use an index.
func intervals(expression string, ranges []query.Range) []db.Fragment {
	var tests []db.Fragment
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
		tests = append(tests, db.SQL(expression+" IN ("+marks+")", values...))
	}
	return tests
}

func interval(expression string, r query.Range) db.Fragment {
	ends := []db.Fragment{}
	if r.From != nil {
		ends = append(ends, end(expression, " >", r.FromOpen, r.From))
	}
	if r.To != nil {
		ends = append(ends, end(expression, " <", r.ToOpen, r.To))
	}
	if len(ends) == 0 {
		return db.SQL(expression + " IS NOT NULL")
	}
	return db.Join(ends, " AND ")
}

func end(expression, operator string, open bool, value any) db.Fragment {
	if !open {
		operator += "="
	}
	return db.SQL(expression+operator+" ?", value)
}

// toDBRange rounds the ends of a range of times into it, to the milliseconds
// that are stored.
func toDBRange(r query.Range) query.Range {
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
