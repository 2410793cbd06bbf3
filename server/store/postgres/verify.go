package postgres

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/verify"
)

var _ verify.Database = (*Bulk)(nil)

var (
	selectForeignKeys = db.Statement{Thing: "schema", Text: `SELECT c.relname::text, p.relname::text, f.conname::text, f.convalidated,
	(SELECT string_agg(quote_ident(a.attname), ',' ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
		JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
	(SELECT string_agg(quote_ident(a.attname), ',' ORDER BY k.place) FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, place)
		JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
WHERE f.contype = 'f' AND` + ofSchema + `ORDER BY 1, 3`}
	selectInvalid = db.Statement{Thing: "schema", Text: `SELECT i.relname::text FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE NOT x.indisvalid AND` + ofSchema + `ORDER BY 1`}
)

// foreignKey is a reference of a table to another one.
type foreignKey struct {
	table, parent, name    string
	validated              bool
	columns, parentColumns string // separated by commas
}

func scanForeignKey(row *db.Row) (k foreignKey, err error) {
	err = row.Scan(&k.table, &k.parent, &k.name, &k.validated, &k.columns, &k.parentColumns)
	return k, err
}

// dangling counts the rows that refer to none. One with a NULL refers to nothing.
func (k foreignKey) dangling() db.Statement {
	columns, parents := strings.Split(k.columns, ","), strings.Split(k.parentColumns, ",")
	var equal, known []string
	for i, column := range columns {
		equal = append(equal, "p."+parents[i]+" = c."+column)
		known = append(known, "c."+column+" IS NOT NULL")
	}
	return db.Statement{Thing: k.table, Text: fmt.Sprintf(`SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)`,
		k.table, strings.Join(known, " AND "), k.parent, strings.Join(equal, " AND "))}
}

// Inspect looks for references to nothing, which PostgreSQL lets pass where its checks
// were switched off, for indexes that it does not use, and for texts that words are
// looked for in and that no record has. The files of the cluster are
// for pg_amcheck and its checksums.
func (b *Bulk) Inspect(ctx context.Context, s db.Session, found func(verify.Fault)) error {
	keys, err := db.Collect(ctx, s, selectForeignKeys, nil, scanForeignKey)
	if err != nil {
		return err
	}
	for _, k := range keys {
		rows, err := s.Number(ctx, k.dangling())
		if err != nil {
			return err
		}
		if rows > 0 {
			found(verify.Fault{Problem: fmt.Sprintf("the table %s has %s without the one of %s that is referred to (%s)", k.table, plural.Of(rows, "row", "rows"), k.parent, k.name), Remedy: verify.Restore})
		}
		if !k.validated {
			found(verify.Fault{Problem: "the reference " + k.name + " of the table " + k.table + " is not enforced for all rows",
				Remedy: "correct the rows, and then ALTER TABLE " + k.table + " VALIDATE CONSTRAINT " + k.name})
		}
	}
	invalid, err := db.Collect(ctx, s, selectInvalid, nil, db.Scan[string])
	if err != nil {
		return err
	}
	for _, index := range invalid {
		found(verify.Fault{Problem: "the index " + index + " is not complete, and is not used", Remedy: "REINDEX INDEX " + index})
	}
	companies, err := db.Collect(ctx, s, selectCompanies, nil, db.Scan[int64])
	for _, id := range companies {
		for _, kind := range records.TextKinds {
			if err == nil {
				err = inspectTexts(ctx, s, kind, id, found)
			}
		}
	}
	return err
}

// selectTexts selects texts as words are looked for in them: one that has changed is found by
// its parts.
var selectTexts = db.Statement{Thing: "search texts", Text: `SELECT record_id,
	CASE WHEN text IS NULL THEN words WHEN EXISTS (SELECT FROM search_parts p WHERE (p.company_id, p.kind, p.record_id) = (t.company_id, t.kind, t.record_id)) THEN text ELSE '' END
FROM search_texts t WHERE company_id = ? AND kind = ? AND record_id > ? AND record_id <= ?`}

// rewritten is what to do about a wrong text, by the kind of records.
var rewritten = map[string]string{
	records.AccountTexts.Name: "link a contact to the account by PATCH, or unlink one, which writes the text",
	records.ContactTexts.Name: "change its name by PATCH, and back, which writes the text",
}

// inspectTexts compares the texts that words are looked for in with the records.
func inspectTexts(ctx context.Context, s db.Session, kind records.Kind, companyID int64, found func(verify.Fault)) error {
	wrong := func(id int64) {
		found(verify.Fault{CompanyID: companyID, Problem: fmt.Sprintf("the text of the record %d of %s is not what is looked for words in", id, kind.Name), Remedy: rewritten[kind.Name]})
	}
	for after, more := int64(0), true; more; {
		texts, err := db.Collect(ctx, s, kind.Of, []any{companyID, after, textsAtOnce}, kind.Scan)
		if err != nil {
			return err
		}
		last := int64(math.MaxInt64)
		if more = len(texts) == textsAtOnce; more {
			last = texts[len(texts)-1].ID
		}
		has := make(map[int64]string)
		err = s.Each(ctx, selectTexts, []any{companyID, kind.Name, after, last}, func(row *db.Row) error {
			var id int64
			var text string
			err := row.Scan(&id, &text)
			has[id] = text
			return err
		})
		if err != nil {
			return err
		}
		for _, text := range texts {
			if stored, ok := has[text.ID]; !ok || stored != joined(text) {
				wrong(text.ID)
			}
			delete(has, text.ID)
		}
		for id := range has { // of no record
			wrong(id)
		}
		after = last
	}
	return nil
}
