package records

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

// clause is what SQL can do about a condition. The zero clause does nothing,
// and leaves the condition to Condition.Matches.
type clause struct {
	// test is true of every row of accounts a that passes; empty: there is
	// none. If it is exact, it is true of no other.
	test  db.Fragment
	exact bool
	// ids selects, by an index, the ids of all accounts that pass, and maybe
	// of others; empty: there is none.
	ids db.Fragment
}

// compiler makes clauses of the conditions on a company's accounts.
type compiler struct {
	companyID int64
	looksInto bool // whether SQL can look into folded texts: see contains
	maxKey    int  // how many bytes of a key of a property there are; 0: all
}

func (r Reader) compiler(companyID int64) compiler {
	return compiler{companyID: companyID, looksInto: r.Session.Dialect()["holds"] != nil, maxKey: r.Session.MaxKey()}
}

// compile says what SQL can do about a condition.
func (c compiler) compile(of query.Condition) clause {
	compiled := c.compilePositive(of)
	switch {
	case !of.Negate:
		return compiled
	case !compiled.exact:
		return clause{}
	}
	return clause{test: db.SQL("("+compiled.test.Text+") IS NOT TRUE", compiled.test.Args...), exact: true}
}

func (c compiler) compilePositive(of query.Condition) clause {
	switch of.Member {
	case account.MemberAddress:
		return c.compileAddress(of)
	case account.MemberContacts:
		return c.compileContacts(of)
	case query.MemberCustom:
		return c.compileCustom(of)
	}
	column, ok := filteredColumns[of.Member]
	if !ok {
		return clause{}
	}
	return c.compileColumn(column, of)
}

func (c compiler) compileColumn(column accountColumn, of query.Condition) clause {
	name := "a." + column.name
	switch {
	case of.Exists:
		return clause{test: db.SQL(name + " IS NOT NULL"), exact: true}
	case of.Contains != "" && column.contains:
		return c.contains(name, of.Contains)
	case of.Contains != "" || !column.compared:
		return clause{}
	}
	compiled := clause{test: within(name, of.Ranges), exact: true}
	if column.indexed {
		compiled.ids = union(db.SQL("SELECT id FROM accounts WHERE company_id = ? AND ", c.companyID), intervals(column.name, of.Ranges))
	}
	return compiled
}

// compileAddress tests all lines as one text. Which of them a text is found in
// does not matter, but it must not reach from one into the next; and whether it
// is a whole line only Matches can tell.
func (c compiler) compileAddress(of query.Condition) clause {
	switch {
	case of.Exists:
		return clause{test: db.SQL("a.address <> '[]'"), exact: true}
	case of.Contains != "" && !strings.Contains(of.Contains, "\n"):
		return c.contains("a.address_fold", of.Contains)
	case of.Contains != "":
		return clause{}
	}
	var lines []db.Fragment
	for _, r := range of.Ranges {
		line, ok := r.From.(string)
		if !ok || r.From != r.To {
			return clause{}
		}
		lines = append(lines, db.SQL("{instr}(a.address_fold, ?) > 0", line))
	}
	if len(lines) == 0 {
		return clause{}
	}
	return clause{test: db.AnyOf(lines)}
}

func (c compiler) compileContacts(of query.Condition) clause {
	const linked = "EXISTS (SELECT 1 FROM account_contacts l WHERE l.company_id = a.company_id AND l.account_id = a.id"
	switch {
	case of.Contains != "":
		return clause{}
	case of.Exists:
		return clause{test: db.SQL(linked + ")"), exact: true}
	}
	wanted := within("l.contact_id", of.Ranges)
	return clause{
		test:  db.SQL(linked+" AND "+wanted.Text+")", wanted.Args...),
		exact: true,
		ids:   union(db.SQL("SELECT account_id FROM account_contacts WHERE company_id = ? AND ", c.companyID), intervals("contact_id", of.Ranges)),
	}
}

// compileCustom uses the keys of IndexCustom, once they are complete.
func (c compiler) compileCustom(of query.Condition) clause {
	if of.Property.Index != schema.IndexReady || slices.ContainsFunc(of.Ranges, c.isCut) {
		return clause{}
	}
	key := db.SQL("true")
	keys := []db.Fragment{key}
	switch {
	case of.Contains != "":
		within := c.contains("x.key", of.Contains)
		if !within.exact {
			return clause{}
		}
		key, keys = within.test, nil
	case !of.Exists:
		key, keys = within("x.key", of.Ranges), intervals("key", of.Ranges)
	}
	return clause{
		test: db.SQL(`EXISTS (SELECT 1 FROM custom_index x {by custom_index_account}
	WHERE x.company_id = a.company_id AND x.account_id = a.id AND x.property_id = ? AND `+key.Text+")", append([]any{of.Property.ID}, key.Args...)...),
		exact: true,
		ids:   union(db.SQL("SELECT account_id FROM custom_index WHERE company_id = ? AND property_id = ? AND ", c.companyID, of.Property.ID), keys),
	}
}

// isCut tells whether a range begins or ends with a key that an index has not whole,
// or hardly: a character is not cut through.
func (c compiler) isCut(r query.Range) bool {
	for _, end := range []any{r.From, r.To} {
		if key, ok := end.(string); ok && c.maxKey > 0 && len(key) > c.maxKey-utf8.UTFMax {
			return true
		}
	}
	return false
}

// union is one SELECT for each test, since SQLite uses an index for the tests
// of each but not for alternatives in one.
func union(prefix db.Fragment, tests []db.Fragment) db.Fragment {
	selects := make([]db.Fragment, len(tests))
	for i, test := range tests {
		selects[i] = db.Join([]db.Fragment{prefix, test}, "")
	}
	return db.Join(selects, " UNION ALL ")
}

// contains tests that a text is found in a folded one, once that is
// normal.Unaccented.
func (c compiler) contains(fold, text string) clause {
	if !c.looksInto {
		return clause{}
	}
	return clause{test: db.SQL("{holds "+fold+"}", text), exact: true}
}
