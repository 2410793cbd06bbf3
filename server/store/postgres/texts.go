package postgres

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// texts is the index of words: the rows of search_texts, which always have the texts
// as they are, with what was handed to the index, and those of search_parts.
type texts struct{}

var _ records.Texts = texts{}

// Knows tells whether records can be found by a text: by all but the empty one, and
// such as cannot be told from what stands between others.
func (texts) Knows(text string) bool { return text != "" && !strings.ContainsAny(text, parted+between) }

// Read runs reads in a snapshot.
func (texts) Read(ctx context.Context, session db.Session, read func(db.Session, records.Finder) error) error {
	return session.Snapshot(ctx, func(session db.Session) error { return read(session, finder{}) })
}

// finder finds by LIKE, which takes an index for three characters and more.
type finder struct{}

// Find selects the records that have each of the words in one of their parts.
func (finder) Find(_ context.Context, kind records.Kind, companyID int64, words []records.Word, _ func([]string) bool) (records.Found, error) {
	if len(words) == 0 {
		return records.Found{}, nil
	}
	of := db.SQL("company_id = ? AND kind = ? AND ", companyID, kind.Name)
	handed, apart, has := likes(kind, words)
	return records.Found{Decided: slices.Repeat([]bool{true}, len(words)), IDs: db.Concat(
		db.SQL("SELECT record_id FROM search_texts WHERE "), of, db.SQL("indexed AND "), handed, db.SQL(" AND "), has,
		db.SQL(" UNION ALL SELECT record_id FROM search_texts WHERE "), of, db.SQL("NOT indexed AND "), has,
		// A record that has got one of the words since has it in a part.
		db.SQL(" UNION ALL SELECT p.record_id FROM (SELECT DISTINCT record_id FROM search_parts WHERE "), of, apart, db.SQL(`) p
CROSS JOIN LATERAL (SELECT * FROM search_texts WHERE `), of, db.SQL("record_id = p.record_id OFFSET 0) t WHERE indexed AND "), has, db.SQL(" AND NOT ("), handed, db.SQL(")"),
	)}, nil
}

// likes are the conditions that the words which the index was handed have all of words,
// that a part which has changed has one, and that a text has all of them as it is.
func likes(kind records.Kind, words []records.Word) (handed, apart, has db.Fragment) {
	var inHanded, inParts, inText []db.Fragment
	for _, word := range words {
		like := "%" + pattern.Replace(word.Text) + "%"
		inHanded = append(inHanded, db.SQL("words LIKE ?", like))
		part, text := db.SQL("text LIKE ?", like), db.SQL("coalesce(text, words) LIKE ?", like)
		if place := slices.Index(kind.Columns, word.Column) + 1; place > 0 {
			part.Text += " AND places & " + strconv.FormatInt(bitOf(place-1), 10) + " > 0"
			text.Text = "split_part(coalesce(text, words), '" + parted + "', " + strconv.Itoa(place) + ") LIKE ?"
		}
		inParts, inText = append(inParts, part), append(inText, text)
	}
	return db.Join(inHanded, " AND "), db.AnyOf(inParts), db.Join(inText, " AND ")
}

// bitOf is that of a part among the places of search_parts.
func bitOf(place int) int64 { return 1 << place }

// pattern writes a text as LIKE finds it.
var pattern = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// changedTexts notes the records whose texts change in a transaction, and writes the texts
// at its end, when all that they are made of has been written.
type changedTexts struct {
	changed map[noted]map[int64]*records.Text // by the ids of records; nil: the text is not known
	kinds   map[string]records.Kind
}

// noted is the records of a kind that a company has.
type noted struct {
	kind      string
	companyID int64
}

// Changed notes that a record's text is new, another, or gone.
func (q *changedTexts) Changed(_ context.Context, _ db.Session, kind records.Kind, companyID, id int64, text func() records.Text) error {
	if q.changed == nil {
		q.changed, q.kinds = make(map[noted]map[int64]*records.Text), make(map[string]records.Kind)
	}
	g := noted{kind.Name, companyID}
	if q.changed[g] == nil {
		q.changed[g] = make(map[int64]*records.Text)
	}
	q.changed[g][id], q.kinds[kind.Name] = nil, kind
	if text != nil {
		known := text()
		q.changed[g][id] = &known
	}
	return nil
}

// Undone forgets the texts that are known, of which some may be undone.
func (q *changedTexts) Undone() {
	for _, changed := range q.changed {
		for id := range changed {
			changed[id] = nil
		}
	}
}

var (
	saveText = db.Statement{Thing: "search text", Late: true, Text: `INSERT INTO search_texts AS t (company_id, kind, record_id, words) VALUES (?, ?, ?, ?)
ON CONFLICT (company_id, kind, record_id) DO UPDATE SET words = excluded.words, text = NULL, indexed = false WHERE coalesce(t.text, t.words) <> excluded.words`}
	dropText  = db.Statement{Thing: "search text", Late: true, Text: `DELETE FROM search_texts WHERE company_id = ? AND kind = ? AND record_id = ?`}
	dropParts = db.Statement{Thing: "search text", Late: true, Text: `DELETE FROM search_parts WHERE company_id = ? AND kind = ? AND record_id = ?`}
)

// flush writes the texts of the records that were noted.
func (q *changedTexts) flush(ctx context.Context, session db.Session) error {
	for g, changed := range q.changed {
		known, ids := split(changed)
		found, err := q.load(ctx, session, g, ids)
		if err != nil {
			return err
		}
		var save, drop [][]any
		for _, text := range append(known, found...) {
			delete(changed, text.ID)
			save = append(save, []any{g.companyID, g.kind, text.ID, joined(text)})
		}
		for id := range changed {
			drop = append(drop, []any{g.companyID, g.kind, id})
		}
		if _, err := session.RunAll(ctx, saveText, save); err != nil {
			return err
		}
		for _, st := range []db.Statement{dropText, dropParts} {
			if _, err := session.RunAll(ctx, st, drop); err != nil {
				return err
			}
		}
	}
	return nil
}

// split returns the texts that are known, and the ids of the records whose texts are not,
// both in the order of the ids.
func split(changed map[int64]*records.Text) (known []records.Text, ids db.List[int64]) {
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		if text := changed[id]; text != nil {
			known = append(known, *text)
		} else {
			ids = append(ids, id)
		}
	}
	return known, ids
}

// load returns the texts of those of the records that there are.
func (q *changedTexts) load(ctx context.Context, session db.Session, of noted, ids db.List[int64]) ([]records.Text, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	kind := q.kinds[of.kind]
	return db.Collect(ctx, session, kind.Among, []any{of.companyID, ids}, kind.Scan)
}

const (
	// parted stands between the parts of a text, and between between the texts of a
	// part. No word has them.
	parted  = "\x1e"
	between = "\uFFFD"
)

// joined is a record's text as it is stored.
func joined(text records.Text) string {
	parts := make([]string, len(text.Columns))
	for i, texts := range text.Columns {
		parts[i] = joinedPart(texts...)
	}
	return strings.Join(parts, parted)
}

// joinedPart is a part of it.
func joinedPart(texts ...string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(strings.Join(texts, between), between), parted, between)
}
