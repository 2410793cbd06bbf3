package sqlite

import (
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
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

// compile says what SQL can do about a condition.
func compile(companyID int64, c query.Condition) clause {
	compiled := compilePositive(companyID, c)
	switch {
	case !c.Negate:
		return compiled
	case !compiled.exact:
		return clause{}
	}
	return clause{test: db.SQL("("+compiled.test.Text+") IS NOT TRUE", compiled.test.Args...), exact: true}
}

func compilePositive(companyID int64, c query.Condition) clause {
	switch c.Member {
	case account.MemberAddress:
		return compileAddress(c)
	case account.MemberEmail:
		return compileEmail(companyID, c)
	case account.MemberContacts:
		return compileContacts(c)
	case query.MemberCustom:
		return compileCustom(c)
	}
	column, ok := filteredColumns[c.Member]
	if !ok {
		return clause{}
	}
	return compileColumn(companyID, column, c)
}

func compileColumn(companyID int64, column accountColumn, c query.Condition) clause {
	name := "a." + column.name
	switch {
	case c.Exists:
		return clause{test: db.SQL(name + " IS NOT NULL"), exact: true}
	case c.Contains != "" && column.contains:
		return clause{test: contains(name, c.Contains), exact: true}
	case c.Contains != "" || !column.compared:
		return clause{}
	}
	compiled := clause{test: within(name, c.Ranges), exact: true}
	if column.indexed {
		compiled.ids = union(ofCompany(companyID), intervals(column.name, c.Ranges))
	}
	return compiled
}

// compileAddress tests all lines as one text. Which of them a text is found in
// does not matter, but it must not reach from one into the next; and whether it
// is a whole line only Matches can tell.
func compileAddress(c query.Condition) clause {
	switch {
	case c.Exists:
		return clause{test: db.SQL("a.address <> '[]'"), exact: true}
	case c.Contains != "" && !strings.Contains(c.Contains, "\n"):
		return clause{test: contains("a.address_fold", c.Contains), exact: true}
	case c.Contains != "":
		return clause{}
	}
	var lines []db.Fragment
	for _, r := range c.Ranges {
		line, ok := r.From.(string)
		if !ok || r.From != r.To {
			return clause{}
		}
		lines = append(lines, db.SQL("instr(a.address_fold, ?) > 0", line))
	}
	if len(lines) == 0 {
		return clause{}
	}
	any := db.Join(lines, " OR ")
	return clause{test: db.SQL("("+any.Text+")", any.Args...)}
}

// unusualEmail is the condition of accounts_unusual_email: the address may be
// unlike its normal.EmailKey, which is what conditions are about.
const unusualEmail = `primary_email GLOB '*[^!-@[-~]*'`

func compileEmail(companyID int64, c query.Condition) clause {
	switch {
	case c.Exists:
		return clause{test: db.SQL("a.primary_email IS NOT NULL"), exact: true}
	case c.Contains != "":
		return clause{}
	}
	usual := within("a.primary_email", c.Ranges)
	return clause{
		test: db.SQL("("+usual.Text+" OR a."+unusualEmail+")", usual.Args...),
		ids:  union(ofCompany(companyID), append(intervals("primary_email", c.Ranges), db.SQL(unusualEmail))),
	}
}

func compileContacts(c query.Condition) clause {
	if c.Contains != "" {
		return clause{}
	}
	if c.Exists {
		return clause{test: db.SQL("EXISTS (SELECT 1 FROM account_contacts l WHERE l.account_id = a.id)"), exact: true}
	}
	linked := within("l.contact_id", c.Ranges)
	return clause{
		test:  db.SQL("EXISTS (SELECT 1 FROM account_contacts l WHERE l.account_id = a.id AND "+linked.Text+")", linked.Args...),
		exact: true,
		ids:   union(db.SQL("SELECT account_id FROM account_contacts WHERE "), intervals("contact_id", c.Ranges)),
	}
}

// compileCustom uses the keys of IndexCustom, once they are complete.
func compileCustom(c query.Condition) clause {
	if c.Property.Index != schema.IndexReady {
		return clause{}
	}
	key := db.SQL("TRUE")
	keys := []db.Fragment{key}
	switch {
	case c.Contains != "":
		key, keys = contains("x.key", c.Contains), nil
	case !c.Exists:
		key, keys = within("x.key", c.Ranges), intervals("key", c.Ranges)
	}
	return clause{
		test: db.SQL(`EXISTS (SELECT 1 FROM custom_index x INDEXED BY custom_index_account
	WHERE x.account_id = a.id AND x.property_id = ? AND `+key.Text+")", append([]any{c.Property.ID}, key.Args...)...),
		exact: true,
		ids:   union(db.SQL("SELECT account_id FROM custom_index WHERE property_id = ? AND ", c.Property.ID), keys),
	}
}

func ofCompany(companyID int64) db.Fragment {
	return db.SQL("SELECT id FROM accounts WHERE company_id = ? AND ", companyID)
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
// normal.Unaccented. Texts end at a NUL for GLOB and for functions, blobs do not.
func contains(fold, text string) db.Fragment {
	return db.SQL("instr(iif("+fold+db.NotASCII+" OR instr("+fold+", char(0)), unaccented(CAST("+fold+" AS BLOB)), "+fold+"), ?) > 0", text)
}
