package copying_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
)

// dump returns the rows of each table as texts that the database makes of them, with
// what is the store's own and has to be the same after there and back.
func (e engine) dump(t testing.TB, name string) map[string][]string {
	t.Helper()
	b, err := e.source(t.Context(), name)
	must(t, err)
	defer b.Close()
	tables, err := b.Tables(t.Context())
	must(t, err)
	statements := maps.Clone(e.own)
	for _, table := range tables {
		statements[table.Name] = db.Statement{Thing: table.Name, Text: e.rows(table)}
	}
	dumped := make(map[string][]string)
	must(t, b.Look(t.Context(), func(s db.Session) error {
		for thing, st := range statements {
			rows, err := db.Collect(t.Context(), s, st, nil, db.Scan[string])
			if err != nil {
				return err
			}
			slices.Sort(rows)
			dumped[thing] = rows
		}
		return nil
	}))
	return dumped
}

// fileRows selects the rows of a table of SQLite with the types that they are stored
// as. Texts end at a NUL for its functions, blobs do not.
func fileRows(table copying.Table) string {
	var parts []string
	for _, name := range table.ColumnNames() {
		parts = append(parts, strings.ReplaceAll(`typeof("%") || CASE typeof("%") WHEN 'text' THEN hex(CAST("%" AS BLOB)) ELSE quote("%") END`, "%", name))
	}
	return `SELECT ` + strings.Join(parts, ` || ' ' || `) + ` FROM "` + table.Name + `"`
}

// serverRows selects the rows of a table of PostgreSQL.
func serverRows(table copying.Table) string { return `SELECT t::text FROM "` + table.Name + `" t` }

// wantSame compares two dumps.
func wantSame(t testing.TB, got, want map[string][]string) {
	t.Helper()
	for thing, rows := range want {
		if !slices.Equal(got[thing], rows) {
			t.Errorf("%s: got %d rows\n%.2000q\nwant %d\n%.2000q", thing, len(got[thing]), got[thing], len(rows), rows)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}
