package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/account"
)

// attaching opens connections that have a search file attached, as search.
type attaching struct {
	sqldriver.Connector
	path string
}

// Connect opens a connection. Where there is no search file to attach it does
// without, as searches then do.
func (a attaching) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := a.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(sqldriver.ExecerContext)
	if !ok {
		return nil, fmt.Errorf("open database: %T runs no statements", conn)
	}
	uri := sqldriver.NamedValue{Ordinal: 1, Value: fileURI(a.path) + "?mode=rw"}
	_, _ = execer.ExecContext(context.WithoutCancel(ctx), "ATTACH ? AS search", []sqldriver.NamedValue{uri})
	return conn, nil
}

// searched is up to where in the queue the search file goes with the state of
// the database that a statement sees; NULL if it does not. Two snapshots make
// that state, and the one of the file may be the later: then its horizon is
// past the queue's end. If it is the earlier, it has missed what was removed.
const searched = `(SELECT position FROM search.state
	WHERE epoch = (SELECT epoch FROM main.search_state) AND accounts_scanned IS NULL AND contacts_scanned IS NULL
		AND position >= (SELECT pruned FROM main.search_state) AND horizon <= ` + lastEntry + `)`

// selectSearched also tells whether a company has a table, and whether there
// are entries that the indexer may not know of: other processes write, too.
var selectSearched = statement{thing: "search state", text: `SELECT ` + searched + ` IS NOT NULL
	AND EXISTS (SELECT 1 FROM search.tables WHERE kind = ? AND company_id = ?),
	EXISTS (SELECT 1 FROM search_queue WHERE sequence > ` + searched + `)`}

// textSearch is what the index tells of the records that have a match.
type textSearch struct {
	// ids selects the ids of all that have, and of some others. Empty: the
	// index is of no use.
	ids     fragment
	found   fragment // those of ids that the index has
	changed fragment // and those that have changed since, or all at once
	// doubts is how many ids are in changed. NULL: any number.
	doubts fragment
	// certain tells whether a match is all that was asked for.
	certain bool
}

// searchText searches the records of a company.
func (r reader) searchText(ctx context.Context, kind searchKind, companyID int64, match string) (textSearch, error) {
	if r.search == nil || match == "" {
		return textSearch{}, nil
	}
	var usable, queued bool
	if err := r.session.get(ctx, selectSearched, []any{kind.name, companyID}, &usable, &queued); err != nil {
		return textSearch{}, err
	}
	if queued {
		r.search.wake()
	}
	if !usable {
		return textSearch{}, nil
	}
	table := kind.table(companyID)
	queue := ` FROM search_queue WHERE sequence > ` + searched + ` AND kind = '` + kind.name + `' AND company_id = ?`
	search := textSearch{
		found: fragment{`SELECT rowid FROM search.` + table + ` WHERE ` + table + ` MATCH ?`, []any{match}},
		changed: fragment{`SELECT record_id` + queue + `
UNION ALL SELECT k.id FROM (SELECT 1 WHERE ` + searched + ` IS NULL) CROSS JOIN ` + kind.name + ` k WHERE k.company_id = ?`, []any{companyID, companyID}},
		doubts: fragment{`iif(` + searched + ` IS NULL, NULL, (SELECT count(*)` + queue + `))`, []any{companyID}},
	}
	search.ids = join([]fragment{search.found, search.changed}, " UNION ALL ")
	return search, nil
}

// searchAll searches the accounts that pass all conditions. It is certain of
// them if it can do all of the rest.
func (r reader) searchAll(ctx context.Context, companyID int64, conditions, rest []account.Condition) (textSearch, error) {
	var phrases []string
	for _, c := range conditions {
		if p, _ := matchCondition(c); p != "" {
			phrases = append(phrases, p)
		}
	}
	search, err := r.searchText(ctx, searchAccounts, companyID, and(phrases))
	search.certain = search.ids.text != "" && len(phrases) <= maxPhrases && !slices.ContainsFunc(rest, func(c account.Condition) bool {
		_, whole := matchCondition(c)
		return !whole
	})
	return search, err
}

// searchEach adds to the clauses of conditions what a search selects.
func (r reader) searchEach(ctx context.Context, companyID int64, f account.Filter, clauses []clause) error {
	for i, c := range f.Conditions {
		match, _ := matchCondition(c)
		search, err := r.searchText(ctx, searchAccounts, companyID, match)
		if err != nil {
			return err
		}
		if search.ids.text != "" {
			clauses[i].ids = search.ids
		}
	}
	return nil
}

// searchColumns are the columns of searchAccounts by member; empty: any.
var searchColumns = map[account.Member]string{
	account.MemberTitle:       "title",
	account.MemberDescription: "description",
	account.MemberAddress:     "address",
	account.MemberEmail:       "email",
	account.MemberPhone:       "phone",
	account.MemberPrimaryName: "primary_name",
	account.MemberText:        "",
}

const (
	trigram = 3 // characters, of which the index is made
	// A phrase takes as many look-ups as it has characters, so the rest of
	// longer ones and of longer lists is left to Matches.
	maxPhrase  = 50
	maxPhrases = 10
)

// matchCondition is the query for the accounts that pass a condition, and maybe
// others if it is not whole. Empty: the index can do nothing about it.
func matchCondition(c account.Condition) (match string, whole bool) {
	column, ok := searchColumns[c.Member]
	if !ok || c.Negate {
		return "", false
	}
	match, whole = phrase(c.Contains)
	if c.Member == account.MemberAddress && strings.Contains(c.Contains, "\n") {
		whole = false // it must be in one line
	}
	if match != "" && column != "" {
		match = column + " : " + match
	}
	return match, whole
}

func and(phrases []string) string {
	return strings.Join(phrases[:min(maxPhrases, len(phrases))], " AND ")
}

// phrase is a text as a string of FTS5's query language, or if it is not whole,
// a part of it. It is empty for a text that the index cannot find.
func phrase(text string) (p string, whole bool) {
	if utf8.RuneCountInString(text) < trigram || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\uFFFD\uFFFE\uFFFF") {
		return "", false
	}
	runes := []rune(text)
	whole = len(runes) <= maxPhrase
	text = string(runes[:min(maxPhrase, len(runes))])
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`, whole
}

// countFound counts what the index has, and tests only what has changed since.
func (r reader) countFound(ctx context.Context, companyID int64, q account.AccountQuery, p plan) (n int64, err error) {
	found, changed := p, p
	except := fragment{"SELECT * FROM (" + p.search.changed.text + ")", p.search.changed.args}
	found.ids = join([]fragment{p.search.found, except}, " EXCEPT ")
	changed.ids = p.search.changed
	err = r.session.snapshot(ctx, func(s session) error {
		st, args := found.count(companyID, q)
		if err := s.get(ctx, st, args, &n); err != nil {
			return err
		}
		tested, err := countMatches(ctx, s, companyID, q, changed)
		n += tested
		return err
	})
	return n, err
}

// withSearch runs a read, and if the search file fails it, runs it again
// without.
func withSearch[T any](ctx context.Context, r reader, read func(reader) (T, error)) (T, error) {
	v, err := read(r)
	if r.search == nil || errorCode(err) == 0 || ctx.Err() != nil {
		return v, err
	}
	r.search = nil
	return read(r)
}
