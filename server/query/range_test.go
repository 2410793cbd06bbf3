package query_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/query"
)

// A union holds what some of the ranges do, and has no two of which one reaches the other.
func TestUnion(t *testing.T) {
	t.Parallel()
	end := rapid.Custom(func(t *rapid.T) any {
		if n := rapid.Int64Range(-1, 8).Draw(t, "end"); n >= 0 {
			return n
		}
		return nil
	})
	ranges := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) query.Range {
		return query.Range{
			From: end.Draw(t, "from"), To: end.Draw(t, "to"),
			FromOpen: rapid.Bool().Draw(t, "from open"), ToOpen: rapid.Bool().Draw(t, "to open"),
		}
	}), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		all := ranges.Draw(t, "ranges")
		union := query.Condition{Ranges: query.Union(all)}
		for n := int64(-1); n < 10; n++ {
			want := slices.ContainsFunc(all, func(r query.Range) bool { return query.Condition{Ranges: []query.Range{r}}.Passes(n) })
			if union.Passes(n) != want {
				t.Fatalf("%d: %t, want %t\n%+v\n%+v", n, !want, want, all, union.Ranges)
			}
		}
	})
}

// A list that says values twice, or days one after the other, asks for them once.
func TestListOfDays(t *testing.T) {
	t.Parallel()
	days := strings.Join(slices.Repeat([]string{"2026-11-03", "2026-11-01", "2026-11-02", "2026-11-07"}, 90), ",")
	for _, operator := range []query.Operator{query.OpIn, query.OpNotIn} {
		c, offences := query.ParseCondition(1, query.Test{Member: "createdAt", Operator: operator, Value: days}, subjects, "US")
		if len(offences) > 0 || len(c.Ranges) != 2 {
			t.Errorf("%s: %+v %v", operator, c.Ranges, offences)
		}
	}
}
