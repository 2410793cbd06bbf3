package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
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
const searched = `(SELECT f.position FROM search.state f JOIN main.search_state d ON d.epoch = f.epoch
	WHERE f.accounts_scanned IS NULL AND f.contacts_scanned IS NULL
		AND f.position >= d.pruned AND f.horizon <= ` + lastEntry + `)`

// selectSearched also tells whether a company has a table, and whether there
// are entries that the indexer may not know of: other processes write, too.
var selectSearched = statement{thing: "search state", text: `SELECT ` + searched + ` IS NOT NULL
	AND EXISTS (SELECT 1 FROM search.tables WHERE kind = ? AND company_id = ?),
	EXISTS (SELECT 1 FROM search_queue WHERE sequence > ` + searched + `)`}

// searchIDs selects, by the index, the ids of all records that have a match,
// and maybe of others. It is empty while the index is of no use.
func (r reader) searchIDs(ctx context.Context, kind searchKind, companyID int64, match string) (fragment, error) {
	if r.search == nil || match == "" {
		return fragment{}, nil
	}
	var usable, queued bool
	if err := r.session.get(ctx, selectSearched, []any{kind.name, companyID}, &usable, &queued); err != nil {
		return fragment{}, err
	}
	if queued {
		r.search.wake()
	}
	if !usable {
		return fragment{}, nil
	}
	table := kind.table(companyID)
	return fragment{`SELECT rowid FROM search.` + table + ` WHERE ` + table + ` MATCH ?
UNION ALL SELECT record_id FROM search_queue WHERE sequence > ` + searched + ` AND kind = '` + kind.name + `' AND company_id = ?
UNION ALL SELECT id FROM ` + kind.name + ` WHERE company_id = ? AND ` + searched + ` IS NULL`,
		[]any{match, companyID, companyID}}, nil
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

// matchAll is the query for the accounts that pass the conditions that the
// index can do something about. Empty: there are none.
func matchAll(conditions []account.Condition) string {
	var phrases []string
	for _, c := range conditions {
		if p := matchCondition(c); p != "" {
			phrases = append(phrases, p)
		}
	}
	return and(phrases)
}

func matchCondition(c account.Condition) string {
	column, ok := searchColumns[c.Member]
	p := phrase(c.Contains)
	if !ok || c.Negate || p == "" {
		return ""
	}
	if column != "" {
		p = column + " : " + p
	}
	return p
}

// matchWords is the query for the contacts that have all of the words.
func matchWords(words []string) string {
	var phrases []string
	for _, word := range words {
		if p := phrase(word); p != "" {
			phrases = append(phrases, p)
		}
	}
	return and(phrases)
}

func and(phrases []string) string {
	return strings.Join(phrases[:min(maxPhrases, len(phrases))], " AND ")
}

// phrase is a text, or as much of it as matters, as a string of FTS5's query
// language. It is empty for one that the index cannot find.
func phrase(text string) string {
	if utf8.RuneCountInString(text) < trigram || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\uFFFD\uFFFE\uFFFF") {
		return ""
	}
	if runes := []rune(text); len(runes) > maxPhrase {
		text = string(runes[:maxPhrase])
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
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
