package textindex

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var attach = db.Statement{Thing: "search file", Text: `ATTACH ? AS search`, Once: true}

// Attach makes connections have the index of the database at a path, as Search
// needs. Where there is no search file to attach they do without, as searches
// then do.
func Attach(path string) func(*db.Conn) {
	return func(c *db.Conn) {
		_, _ = c.Exec(context.Background(), attach, db.FileURI(filePath(path))+"?mode=rw")
	}
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
var selectSearched = db.Statement{Thing: "search state", Text: `SELECT ` + searched + ` IS NOT NULL
	AND EXISTS (SELECT 1 FROM search.tables WHERE kind = ? AND company_id = ?),
	EXISTS (SELECT 1 FROM search_queue WHERE sequence > ` + searched + `)`}

// Found is what the index tells of the records that have a match.
type Found struct {
	// IDs selects the ids of all that have, and of some others. Empty: the
	// index is of no use.
	IDs     db.Fragment
	Indexed db.Fragment // those of IDs that the index has
	Changed db.Fragment // and those that have changed since, or all at once
	// Doubts is how many ids are in Changed. NULL: any number.
	Doubts db.Fragment
}

// Search searches the records of a company by a query of FTS5: see Phrase.
func (x *Index) Search(ctx context.Context, s db.Session, kind Kind, companyID int64, match string) (Found, error) {
	if x == nil || match == "" {
		return Found{}, nil
	}
	var usable, queued bool
	if err := s.Get(ctx, selectSearched, []any{kind.Name, companyID}, &usable, &queued); err != nil {
		return Found{}, err
	}
	if queued {
		x.Wake()
	}
	if !usable {
		return Found{}, nil
	}
	table := kind.table(companyID)
	queue := ` FROM search_queue NOT INDEXED WHERE sequence > ` + searched + ` AND kind = '` + kind.Name + `' AND company_id = ?`
	found := Found{
		Indexed: db.SQL(`SELECT rowid FROM search.`+table+` WHERE `+table+` MATCH ?`, match),
		Changed: db.SQL(`SELECT record_id`+queue+`
UNION ALL SELECT k.id FROM (SELECT 1 WHERE `+searched+` IS NULL) CROSS JOIN `+kind.Name+` k WHERE k.company_id = ?`, companyID, companyID),
		Doubts: db.SQL(`iif(`+searched+` IS NULL, NULL, (SELECT count(*)`+queue+`))`, companyID),
	}
	found.IDs = db.Join([]db.Fragment{found.Indexed, found.Changed}, " UNION ALL ")
	return found, nil
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
