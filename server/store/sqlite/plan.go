package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

const (
	// maxDriven is how many accounts a list may sort. If more pass a
	// condition, it reads the company's accounts in the list's order instead,
	// since it will soon have met enough that pass: of a million the page of
	// 20 is then full after 4000. If the order has to do with the filter it may
	// not be, so after as many that do not pass it does sort.
	maxDriven = 5000
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

	many     db.Fragment // ids that are too many to sort at first; empty: there are none
	patience int         // how many accounts to read in vain before they are sorted
	text     textindex.Found
	whole    bool // a match of the text index is all that was asked for
}

// sorted is the plan that sorts all that there are.
func (p plan) sorted() plan {
	p.ids, p.many = p.many, db.Fragment{}
	return p
}

// certain tells whether all of the ids pass the rest of the filter, but for
// those that the text index doubts.
func (p plan) certain() bool {
	return p.whole && p.ids.Text == p.text.IDs.Text
}

// exact tells whether SQL finds no others than those that pass. Else they must
// pass the rest as well.
func (p plan) exact() bool { return len(p.rest.Conditions) == 0 }

// plan makes a plan for a filter. It may look at how many accounts pass which
// condition; if that changes meanwhile, the plan is slower, but finds the same.
func (r reader) plan(ctx context.Context, companyID int64, f query.Filter, limit int) (plan, error) {
	if len(f.Conditions) == 0 || tooLarge(f) {
		return plan{rest: f}, nil
	}
	clauses := make([]clause, len(f.Conditions))
	for i, c := range f.Conditions {
		clauses[i] = compile(companyID, c)
	}
	if f.Any {
		if err := r.lookUpEach(ctx, companyID, f, clauses); err != nil {
			return plan{}, err
		}
		p, choices := planAny(f, clauses)
		return r.choose(ctx, p, choices, limit)
	}
	p, choices := planAll(f, clauses)
	var err error
	if p.text, p.whole, err = r.lookUpAll(ctx, companyID, f.Conditions, p.rest.Conditions); err != nil {
		return plan{}, err
	}
	if p.text.IDs.Text != "" {
		choices = append([]db.Fragment{p.text.IDs}, choices...)
	}
	return r.choose(ctx, p, choices, limit)
}

// choose completes a plan by the one of the choices that selects the fewest
// ids, unless all select more than the limit.
func (r reader) choose(ctx context.Context, p plan, choices []db.Fragment, limit int) (plan, error) {
	var err error
	p.ids, err = r.fewest(ctx, choices, limit)
	if p.ids.Text == "" && len(choices) > 0 {
		p.many, p.patience = choices[0], limit
	}
	return p, err
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

// planAll is for filters all of whose conditions must hold. The choices are
// the clauses' ids.
func planAll(f query.Filter, clauses []clause) (p plan, choices []db.Fragment) {
	for i, c := range clauses {
		if c.test.Text != "" {
			p.tests = append(p.tests, c.test)
		}
		if !c.exact {
			p.rest.Conditions = append(p.rest.Conditions, f.Conditions[i])
		}
		if c.ids.Text != "" {
			choices = append(choices, c.ids)
		}
	}
	return p, choices
}

// planAny is for filters one of whose conditions must hold. A condition that
// SQL can do nothing about lets every account through.
func planAny(f query.Filter, clauses []clause) (p plan, choices []db.Fragment) {
	var tests, ids []db.Fragment
	for _, c := range clauses {
		if !c.exact {
			p.rest = f
		}
		if c.test.Text != "" {
			tests = append(tests, c.test)
		}
		if c.ids.Text != "" {
			ids = append(ids, c.ids)
		}
	}
	if len(tests) == len(clauses) {
		any := db.Join(tests, " OR ")
		p.tests = []db.Fragment{db.SQL("("+any.Text+")", any.Args...)}
	}
	if len(ids) == len(clauses) {
		choices = []db.Fragment{db.Join(ids, " UNION ALL ")}
	}
	return p, choices
}

// fewest returns the one of the choices that selects the fewest ids, or none if
// all select more than the limit.
func (r reader) fewest(ctx context.Context, choices []db.Fragment, limit int) (db.Fragment, error) {
	var best db.Fragment
	for _, choice := range choices {
		n := 0
		args := append(choice.Args[:len(choice.Args):len(choice.Args)], limit+1)
		st := db.Statement{Thing: "accounts", Text: "SELECT count(*) FROM (" + choice.Text + " LIMIT ?)", Once: true}
		if err := r.session.Get(ctx, st, args, &n); err != nil {
			return db.Fragment{}, err
		}
		if n <= limit {
			best, limit = choice, n-1
		}
	}
	return best, nil
}
