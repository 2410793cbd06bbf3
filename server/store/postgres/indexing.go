package postgres

import (
	"context"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// indexing writes the texts of all records, and makes the index of trigrams at once,
// which takes a fraction of the time that it takes to add them to it.
type indexing struct {
	session     db.Session
	progress    func(done, total int64)
	done, total int64 // records
}

// textsAtOnce are the records whose texts are read at once.
const textsAtOnce = 1000

var (
	emptyTexts      = db.Statement{Thing: "search texts", Text: `TRUNCATE search_texts, search_parts`}
	selectTrigrams  = db.Statement{Thing: "index of trigrams", Text: `SELECT pg_get_indexdef('search_texts_trigrams'::regclass)`}
	dropTrigrams    = db.Statement{Thing: "index of trigrams", Text: `DROP INDEX search_texts_trigrams`}
	selectCompanies = db.Statement{Thing: "companies", Text: `SELECT id FROM companies ORDER BY id`}
	textColumns     = []string{"company_id", "kind", "record_id", "words", "indexed"}
)

func (i *indexing) run(ctx context.Context) error {
	for _, kind := range records.TextKinds {
		var n int64
		if err := i.session.Get(ctx, db.Statement{Thing: kind.Name, Text: `SELECT count(*) FROM ` + kind.Name}, nil, &n); err != nil {
			return err
		}
		i.total += n
	}
	i.progress(0, i.total)
	var definition string
	if err := i.session.Get(ctx, selectTrigrams, nil, &definition); err != nil {
		return err
	}
	for _, st := range []db.Statement{emptyTexts, dropTrigrams} {
		if err := i.session.Exec(ctx, st); err != nil {
			return err
		}
	}
	if err := i.write(ctx); err != nil {
		return err
	}
	return i.session.Exec(ctx, db.Statement{Thing: "index of trigrams", Text: definition})
}

// write writes the texts of all companies.
func (i *indexing) write(ctx context.Context) error {
	companies, err := db.Collect(ctx, i.session, selectCompanies, nil, db.Scan[int64])
	for _, id := range companies {
		for _, kind := range records.TextKinds {
			if err == nil {
				err = i.writeOf(ctx, kind, id)
			}
		}
	}
	return err
}

func (i *indexing) writeOf(ctx context.Context, kind records.Kind, companyID int64) error {
	for after := int64(0); ; {
		texts, err := db.Collect(ctx, i.session, kind.Of, []any{companyID, after, textsAtOnce}, kind.Scan)
		if err != nil || len(texts) == 0 {
			return err
		}
		rows := make([][]any, len(texts))
		for at, text := range texts {
			rows[at] = []any{companyID, kind.Name, text.ID, joined(text), true}
		}
		if err := engine.CopyIn(ctx, i.session, "search_texts", textColumns, rows); err != nil {
			return err
		}
		after = texts[len(texts)-1].ID
		i.done += int64(len(texts))
		i.progress(i.done, i.total)
	}
}
