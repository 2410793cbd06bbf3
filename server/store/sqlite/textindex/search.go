package textindex

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var attach = db.Statement{Thing: "search file", Text: `ATTACH ? AS search`, Once: true}

// Attach makes connections have the index of the database at a path, as View
// needs. Where there is no search file to attach they do without, as searches
// then do.
func Attach(path string) func(*db.Conn) {
	return func(c *db.Conn) {
		_, _ = c.Exec(context.Background(), attach, db.FileURI(filePath(path))+"?mode=rw")
	}
}

// selectView looks at a snapshot of the database and one of the search file,
// and returns no row unless the file is complete, of the same history, and has
// missed nothing that was removed from the queue. It also tells whether the
// file is of a later state: its horizon is then past the queue's end.
var selectView = db.Statement{Thing: "search state", Brief: true, Text: `SELECT position, horizon > ` + lastEntry + `, position < ` + lastEntry + `
FROM search.state
WHERE epoch = (SELECT epoch FROM main.search_state) AND accounts_scanned IS NULL AND contacts_scanned IS NULL
	AND position >= (SELECT pruned FROM main.search_state)`}

// ErrAhead is of a snapshot whose search file is of a later state than the
// database. One that is taken later may do.
var ErrAhead = errors.New("the search file is ahead of the database")

// View is the index as it goes with a snapshot of the database. The zero one is
// of no use.
type View struct {
	index    *Index
	session  db.Session
	position int64 // all queue entries up to here are in the file
}

// View returns the view of a snapshot, of which nothing was read before, or the
// zero one where there is no index that can be used. Errors: ErrAhead.
func (x *Index) View(ctx context.Context, snapshot db.Session) (View, error) {
	if x == nil {
		return View{}, nil
	}
	v := View{index: x, session: snapshot}
	var ahead, queued bool
	err := snapshot.Get(ctx, selectView, nil, &v.position, &ahead, &queued)
	switch {
	case fault.IsNotFound(err):
		x.Wake()
		return View{}, nil
	case err == nil && ahead:
		return View{}, ErrAhead
	case queued:
		x.Wake() // The entries may be another process's.
	}
	return v, err
}

// Found is what the index tells of the records that have a match.
type Found struct {
	// IDs selects, in the snapshot, the ids of all that have. Empty: the index is
	// of no use.
	IDs db.Fragment
	// Exact tells whether it selects no others.
	Exact bool
}

var selectTable = db.Statement{Thing: "search table", Brief: true, Text: `SELECT EXISTS (SELECT 1 FROM search.tables WHERE kind = ? AND company_id = ?)`}

// Search searches the records of a company by a query of FTS5: see Phrase. What
// the query finds, passes must tell of the columns of a record that the index
// does not have yet.
func (v View) Search(ctx context.Context, kind Kind, companyID int64, match string, passes func(columns []string) bool) (Found, error) {
	if v.index == nil || match == "" {
		return Found{}, nil
	}
	var indexed bool
	if err := v.session.Get(ctx, selectTable, []any{kind.Name, companyID}, &indexed); err != nil {
		return Found{}, err
	}
	changed, exact, err := v.changed(ctx, kind, companyID, passes)
	if err != nil {
		return Found{}, err
	}
	var ids []db.Fragment
	if indexed {
		table := kind.table(companyID)
		ids = append(ids, db.SQL(`SELECT rowid FROM search.`+table+` WHERE `+table+` MATCH ?
	AND NOT EXISTS (SELECT 1 FROM search_queue q WHERE q.record_id = `+table+`.rowid AND q.kind = '`+kind.Name+`' AND q.sequence > ?)`, match, v.position))
	}
	if !indexed || len(changed) > 0 {
		ids = append(ids, db.SQL(`SELECT value FROM json_each(?)`, db.List[int64](changed)))
	}
	return Found{IDs: db.Join(ids, " UNION ALL "), Exact: exact}, nil
}

const (
	trigram = 3 // characters, of which the index is made
	// A phrase takes as many look-ups as it has characters, so the rest of
	// longer ones is not looked up.
	maxPhrase = 50
)

// MaxPhrases are those of a query that are looked up.
const MaxPhrases = 10

// All is the query for what has all of some phrases, but for those beyond
// MaxPhrases.
func All(phrases []string) string {
	return strings.Join(phrases[:min(MaxPhrases, len(phrases))], " AND ")
}

// Phrase is a text as a string of FTS5's query language, or if it is not whole,
// a part of it. It is empty for a text that the index cannot find.
func Phrase(text string) (p string, whole bool) {
	if utf8.RuneCountInString(text) < trigram || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\uFFFD\uFFFE\uFFFF") {
		return "", false
	}
	runes := []rune(text)
	whole = len(runes) <= maxPhrase
	text = string(runes[:min(maxPhrase, len(runes))])
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`, whole
}
