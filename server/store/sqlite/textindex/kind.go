package textindex

import (
	"fmt"
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// recordID names a record. With an id of 0, it names all of a company's.
type recordID struct {
	kind      string
	companyID int64
	id        int64
}

// table names the table of a company's records. Each company has its own, so
// that no search reads what is another's.
func table(k records.Kind, companyID int64) string { return fmt.Sprintf("%s_%d", k.Name, companyID) }

// tune is for tables whose records change often. SQLite's own values merge parts of
// a table as soon as a tenth of one is out of date, which reads and writes a table
// of many records again and again.
const tune = "INSERT INTO %[1]s (%[1]s, rank) VALUES ('deletemerge', 40), ('automerge', 8)"

// The tables keep no text, only where the trigrams are.
func createTable(k records.Kind, companyID int64) []db.Statement {
	table := table(k, companyID)
	return []db.Statement{
		{Thing: "search table", Once: true, Text: `CREATE VIRTUAL TABLE ` + table + ` USING fts5(` +
			strings.Join(k.Columns, ", ") + `, content='', contentless_delete=1, tokenize="trigram case_sensitive 1")`},
		{Thing: "search table", Once: true, Text: fmt.Sprintf(tune, table)},
	}
}

func put(k records.Kind, companyID int64) db.Statement {
	return db.Statement{Thing: "search text", Once: true, Text: `INSERT OR REPLACE INTO ` + table(k, companyID) +
		` (rowid, ` + strings.Join(k.Columns, ", ") + `) VALUES (?` + strings.Repeat(", ?", len(k.Columns)) + `)`}
}

func remove(k records.Kind, companyID int64) db.Statement {
	return db.Statement{Thing: "search text", Once: true, Text: `DELETE FROM ` + table(k, companyID) + ` WHERE rowid = ?`}
}

// unsearched stands between texts, and for what SQLite cannot hold in a text.
// No phrase has it.
const unsearched = "\uFFFD"

// apart puts texts in one column so that nothing is found that reaches from one
// into the next.
func apart(texts []string) string {
	text := strings.ToValidUTF8(strings.Join(texts, unsearched), unsearched)
	return strings.ReplaceAll(text, "\x00", unsearched)
}
