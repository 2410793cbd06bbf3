package textindex

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

var attach = db.Statement{Thing: "search file", Text: `ATTACH ? AS search`, Once: true}

// Attach makes connections have the index of the database at a path, as View
// needs. Where there is no search file to attach they do without, as searches
// then do.
func Attach(path string) func(*engine.Conn) {
	return func(c *engine.Conn) {
		_ = c.Exec(context.Background(), attach, engine.FileURI(FilePath(path))+"?mode=rw")
	}
}

// selectView looks at a snapshot of the database and one of the search file,
// and returns no row unless the file is complete, of the same history, and has
// missed nothing that was removed from the queue. It also tells whether the
// file is of a later state: its horizon is then past the queue's end.
var selectView = db.Statement{Thing: "search state", Brief: true, Text: `SELECT position, ` + lastEntry + `, horizon > ` + lastEntry + `
FROM search.state
WHERE epoch = (SELECT epoch FROM main.search_state) AND accounts_scanned IS NULL AND contacts_scanned IS NULL
	AND position >= (SELECT pruned FROM main.search_state)`}

// errAhead is of a snapshot whose search file is of a later state than the
// database. One that is taken later may do.
var errAhead = errors.New("the search file is ahead of the database")

// maxViews is how many snapshots are taken for one that the index goes with.
const maxViews = 10

var _ records.Texts = (*Index)(nil)

// Knows tells whether the index can find records by a text.
func (x *Index) Knows(text string) bool {
	p, _ := phrase(text)
	return p != ""
}

// Read runs reads in a snapshot of the database that the index goes with. If the
// index's file fails them, it runs them again without.
func (x *Index) Read(ctx context.Context, session db.Session, read func(db.Session, records.Finder) error) error {
	err := x.read(ctx, engine.Quiet(session), read) // Damage may be of the file, which is made again.
	if !engine.IsOfSQLite(err) || ctx.Err() != nil {
		return err
	}
	return session.Snapshot(ctx, func(snapshot db.Session) error { return read(snapshot, nil) })
}

func (x *Index) read(ctx context.Context, session db.Session, read func(db.Session, records.Finder) error) error {
	for tries := 1; ; tries++ {
		err := session.Snapshot(ctx, func(snapshot db.Session) error {
			finder, err := x.view(ctx, snapshot)
			if err != nil && !(errors.Is(err, errAhead) && tries == maxViews) {
				return err
			}
			return read(snapshot, finder)
		})
		if !errors.Is(err, errAhead) {
			return err
		}
	}
}

// view is the index as it goes with a snapshot of the database.
type view struct {
	index    *Index
	session  db.Session
	position int64 // all queue entries up to here are in the file
	last     int64 // of the queue
}

// view returns the view of a snapshot, of which nothing was read before, or nil
// where there is no index that can be used. Errors: errAhead.
func (x *Index) view(ctx context.Context, snapshot db.Session) (records.Finder, error) {
	v := view{index: x, session: snapshot}
	var ahead bool
	err := snapshot.Get(ctx, selectView, nil, &v.position, &v.last, &ahead)
	switch {
	case fault.IsNotFound(err):
		x.Wake()
		return nil, nil
	case err == nil && ahead:
		return nil, errAhead
	case err != nil:
		return nil, err
	case v.position < v.last:
		x.Wake() // The entries may be another process's.
	}
	return v, nil
}

var selectTable = db.Statement{Thing: "search table", Brief: true, Text: `SELECT EXISTS (SELECT 1 FROM search.tables WHERE kind = ? AND company_id = ?)`}

// Find searches the records of a company: see records.Finder.
func (v view) Find(ctx context.Context, kind records.Kind, companyID int64, words []records.Word, passes func(columns []string) bool) (records.Found, error) {
	match, decided := matchAll(words)
	if match == "" {
		return records.Found{}, nil
	}
	var indexed bool
	if err := v.session.Get(ctx, selectTable, []any{kind.Name, companyID}, &indexed); err != nil {
		return records.Found{}, err
	}
	changed, exact, err := v.changed(ctx, kind, companyID, passes)
	if err != nil {
		return records.Found{}, err
	}
	var ids []db.Fragment
	if indexed {
		table := table(kind, companyID)
		ids = append(ids, db.SQL(`SELECT rowid FROM search.`+table+` WHERE `+table+` MATCH ?
	AND NOT EXISTS (SELECT 1 FROM search_queue q WHERE q.record_id = `+table+`.rowid AND q.kind = '`+kind.Name+`' AND q.sequence > ?)`, match, v.position))
	}
	if !indexed || len(changed) > 0 {
		ids = append(ids, db.SQL(`{ids ?}`, db.List[int64](changed)))
	}
	if !exact {
		decided = nil
	}
	return records.Found{IDs: db.Join(ids, " UNION ALL "), Decided: decided}, nil
}

const (
	trigram = 3 // characters, of which the index is made
	// A phrase takes as many look-ups as it has characters, so the rest of
	// longer ones is not looked up.
	maxPhrase = 50
	// maxPhrases are those of a query that are looked up.
	maxPhrases = 10
)

// matchAll is the query of FTS5 for what has all of the words, but for those that
// are not looked up. It decides those of which it has the whole text.
func matchAll(words []records.Word) (match string, decided []bool) {
	var phrases []string
	decided = make([]bool, len(words))
	for i, word := range words {
		p, whole := phrase(word.Text)
		if p == "" || len(phrases) == maxPhrases {
			continue
		}
		if word.Column != "" {
			p = word.Column + " : " + p
		}
		phrases, decided[i] = append(phrases, p), whole
	}
	return strings.Join(phrases, " AND "), decided
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
