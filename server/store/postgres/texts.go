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
// as they are.
type texts struct{}

var _ records.Texts = texts{}

// Knows tells whether records can be found by a text: by all but the empty one, and
// such as cannot be told from what stands between others.
func (texts) Knows(text string) bool { return text != "" && !strings.ContainsAny(text, parted+between) }

// Read runs reads in a snapshot.
func (texts) Read(ctx context.Context, session db.Session, read func(db.Session, records.Finder) error) error {
	return session.Snapshot(ctx, func(session db.Session) error { return read(session, finder{}) })
}

// finder finds by LIKE, which takes the index for three characters and more.
type finder struct{}

// Find selects the records that have each of the words in one of their parts.
func (finder) Find(_ context.Context, kind records.Kind, companyID int64, words []records.Word, _ func([]string) bool) (records.Found, error) {
	if len(words) == 0 {
		return records.Found{}, nil
	}
	var having db.Builder
	found := records.Found{Decided: make([]bool, len(words))}
	for i, word := range words {
		found.Decided[i] = true
		like := "%" + pattern.Replace(word.Text) + "%"
		having.Add(" AND text LIKE ?", like)
		if part := slices.Index(kind.Columns, word.Column); part >= 0 {
			having.Add(" AND split_part(text, '"+parted+"', "+strconv.Itoa(part+1)+") LIKE ?", like)
		}
	}
	which := func(of string) db.Fragment {
		return db.SQL("SELECT record_id FROM search_texts WHERE company_id = ? AND kind = ? AND "+of+having.String(),
			append([]any{companyID, kind.Name}, having.Args...)...)
	}
	found.IDs = db.Join([]db.Fragment{which("indexed"), which("NOT indexed")}, " UNION ALL ")
	return found, nil
}

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
	saveText = db.Statement{Thing: "search text", Late: true, Text: `INSERT INTO search_texts AS t (company_id, kind, record_id, text) VALUES (?, ?, ?, ?)
ON CONFLICT (company_id, kind, record_id) DO UPDATE SET text = excluded.text, indexed = false WHERE t.text <> excluded.text`}
	dropText = db.Statement{Thing: "search text", Late: true, Text: `DELETE FROM search_texts WHERE company_id = ? AND kind = ? AND record_id = ?`}
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
		if _, err := session.RunAll(ctx, dropText, drop); err != nil {
			return err
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
		parts[i] = strings.ReplaceAll(strings.ToValidUTF8(strings.Join(texts, between), between), parted, between)
	}
	return strings.Join(parts, parted)
}
