package records

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

const (
	// DefaultDriven is how many accounts a list may sort. If more pass a
	// condition, it reads the company's accounts in the list's order instead,
	// since it will soon have met enough that pass: of a million the page of
	// 20 is then full after 4000. If the order has to do with the filter it may
	// not be, so after as many that do not pass it does sort.
	DefaultDriven = 5000
	// maxInOrder is how many accounts a list reads in vain, in its order, if no
	// index leads to those that pass: each is on another page of the file than
	// the one before. After that, all are read as they are there.
	maxInOrder = 1000
	// maxCounted is how many ids a count reads to find out whose are fewer.
	maxCounted = 100_000
	// Filters with more ranges are not for SQL, which has limits of its own.
	maxRanges = 2000
	// maxIntervals is of ranges that are more than a value.
	maxIntervals = 50
)

// plan says how the accounts are found that pass a filter.
type plan struct {
	tests []db.Fragment // all are true of those to look at
	ids   db.Fragment   // selects the ids of those to look at; empty: they are the company's
	rest  query.Filter

	scan     bool    // the company's accounts are read in the order of ids, not of lists
	sorted   *plan   // how to find them if those in the list's order do not pass; nil: there is no other way
	patience int     // how many accounts to read in vain before that
	better   bool    // there may be a better way than these ids
	known    []int64 // what ids selects, where that has been read
}

// exact tells whether SQL finds no others than those that pass. Else they must
// pass the rest as well.
func (p plan) exact() bool { return len(p.rest.Conditions) == 0 }

// choice is a way to the accounts that pass a filter, and to some others.
type choice struct {
	ids     db.Fragment
	decided []bool // the conditions that all of them pass, if there are any
	known   []int64
}

func (c choice) decides(condition int) bool { return c.decided != nil && c.decided[condition] }

// plan makes a plan for a filter, in the snapshot in which it is used. It looks
// for the condition that the fewest accounts pass, unless those are more than
// the limit.
func (r Reader) plan(ctx context.Context, companyID int64, f query.Filter, limit int) (plan, error) {
	if len(f.Conditions) == 0 || tooLarge(f) {
		return walkFirst(plan{rest: f}, plan{rest: f}, min(maxInOrder, limit)), nil
	}
	clauses := make([]clause, len(f.Conditions))
	for i, c := range f.Conditions {
		clauses[i] = r.compiler(companyID).compile(c)
	}
	choices, err := r.choices(ctx, companyID, f, clauses)
	if err != nil {
		return plan{}, err
	}
	best, found, err := r.fewest(ctx, choices, limit)
	walk := newPlan(f, clauses, choice{})
	switch {
	case err != nil:
		return plan{}, err
	case found:
		return newPlan(f, clauses, best), nil
	case len(choices) > 0:
		sorted := newPlan(f, clauses, choices[0])
		sorted.better = len(choices) > 1
		return walkFirst(walk, sorted, limit), nil
	}
	return walkFirst(walk, walk, min(maxInOrder, limit)), nil
}

// walkFirst is a plan that reads the accounts in the list's order, and after so
// many in vain by another plan.
func walkFirst(p, sorted plan, patience int) plan {
	sorted.scan = sorted.ids.Text == ""
	p.sorted, p.patience = &sorted, patience
	return p
}

// choices are the ways to what a filter lets through.
func (r Reader) choices(ctx context.Context, companyID int64, f query.Filter, clauses []clause) ([]choice, error) {
	if f.Any {
		return r.choicesOfAny(ctx, companyID, f, clauses)
	}
	var choices []choice
	texts, err := r.byTexts(ctx, companyID, f.Conditions)
	if texts.ids.Text != "" {
		choices = append(choices, texts)
	}
	for i, c := range clauses {
		if c.ids.Text != "" {
			decided := make([]bool, len(clauses))
			decided[i] = c.exact
			choices = append(choices, choice{ids: c.ids, decided: decided})
		}
	}
	return choices, err
}

// choicesOfAny are those of a filter one of whose conditions must hold: one way
// for each condition.
func (r Reader) choicesOfAny(ctx context.Context, companyID int64, f query.Filter, clauses []clause) ([]choice, error) {
	var ids []db.Fragment
	all := true
	for i, c := range clauses {
		exact := c.exact
		texts, err := r.byTexts(ctx, companyID, f.Conditions[i:i+1])
		if err != nil {
			return nil, err
		}
		if texts.ids.Text != "" {
			c.ids, exact = texts.ids, texts.decides(0)
		}
		if c.ids.Text == "" {
			return nil, nil
		}
		ids, all = append(ids, c.ids), all && exact
	}
	return []choice{{ids: db.Join(ids, " UNION ALL "), decided: slices.Repeat([]bool{all}, len(clauses))}}, nil
}

// newPlan is the plan to read what a choice selects.
func newPlan(f query.Filter, clauses []clause, by choice) plan {
	if f.Any && !by.decides(0) {
		return planAny(f, clauses, by)
	}
	p := plan{ids: by.ids, known: by.known}
	for i, c := range clauses {
		if by.decides(i) {
			continue
		}
		if c.test.Text != "" {
			p.tests = append(p.tests, c.test)
		}
		if !c.exact {
			p.rest.Conditions = append(p.rest.Conditions, f.Conditions[i])
		}
	}
	return p
}

// planAny is newPlan for filters one of whose conditions must hold. A condition
// that SQL can do nothing about lets every account through.
func planAny(f query.Filter, clauses []clause, by choice) plan {
	p := plan{ids: by.ids}
	var tests []db.Fragment
	for _, c := range clauses {
		if !c.exact {
			p.rest = f
		}
		if c.test.Text != "" {
			tests = append(tests, c.test)
		}
	}
	if len(tests) == len(clauses) {
		p.tests = []db.Fragment{db.AnyOf(tests)}
	}
	return p
}

// planCount makes a plan to count what a filter lets through. There is no order,
// so the index that selects the fewest is always best.
func (r Reader) planCount(ctx context.Context, companyID int64, f query.Filter) (plan, error) {
	for limit := r.Driven; ; limit *= 20 {
		p, err := r.plan(ctx, companyID, f, limit)
		switch {
		case err != nil || p.sorted == nil || p.exact() && p.sorted.scan:
			return p, err
		case !p.sorted.better || limit > maxCounted:
			return *p.sorted, nil
		}
	}
}

func tooLarge(f query.Filter) bool {
	ranges, wide := 0, 0
	for _, c := range f.Conditions {
		ranges += len(c.Ranges)
		for _, r := range c.Ranges {
			if r.From == nil || r.From != r.To {
				wide++
			}
		}
	}
	return ranges > maxRanges || wide > maxIntervals
}

// fewest returns the one of the choices that selects the fewest ids, which it
// reads, or none if all select more than the limit.
func (r Reader) fewest(ctx context.Context, choices []choice, limit int) (best choice, found bool, err error) {
	for _, c := range choices {
		ids, err := r.few(ctx, c.ids, limit)
		if err != nil {
			return choice{}, false, err
		}
		if ids != nil {
			limit = len(ids) - 1
			best, found = choice{db.SQL(`{ids ?}`, db.List[int64](ids)), c.decided, ids}, true
		}
	}
	return best, found, nil
}

// few returns the ids that are selected, or nil if they are more than the limit.
func (r Reader) few(ctx context.Context, ids db.Fragment, limit int) ([]int64, error) {
	args := append(ids.Args[:len(ids.Args):len(ids.Args)], limit+1)
	st := db.Statement{Thing: "accounts", Text: "SELECT * FROM (" + ids.Text + ") AS picked LIMIT ?", Once: true}
	found, err := db.Collect(ctx, r.Session, st, args, db.Scan[int64])
	if len(found) > limit {
		return nil, err
	}
	return found, err
}
