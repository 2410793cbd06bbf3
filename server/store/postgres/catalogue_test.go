package postgres_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// indexesOf are the tables of a database with an index, and the first column of each,
// those of primary keys and of unique constraints included.
const indexesOf = `SELECT t.relname, i.relname, coalesce((SELECT attname FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = x.indkey[0]), 'an expression')
FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE t.relnamespace = 'public'::regnamespace ORDER BY 1, 2`

// The rows of a company can be kept together on one of many machines, as each key and
// index begins with the company, but for those tables that the schema itself names.
func TestCompanyLeadsEveryIndex(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	indexes, err := pgx.CollectRows(mustQuery(t, conn, indexesOf), pgx.RowToStructByPos[struct{ Table, Name, Column string }])
	if err != nil {
		t.Fatal(err)
	}
	excepted := exceptions(t)
	needed := make(map[string]bool)
	tables := make(map[string]bool)
	for _, index := range indexes {
		tables[index.Table] = true
		switch {
		case index.Column == "company_id":
		case slices.Contains(excepted, index.Table):
			needed[index.Table] = true
		default:
			t.Errorf("index %s of %s begins with %s instead of the company", index.Name, index.Table, index.Column)
		}
	}
	for _, name := range excepted {
		if tables[name] && !needed[name] {
			t.Errorf("the schema names %s as an exception, and it is none", name)
		}
	}
	if len(indexes) < 30 {
		t.Errorf("only %d indexes were looked at", len(indexes))
	}
}

// Every table is one of companies, or named by the schema as an exception.
func TestCompanyIsInEveryTable(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	without, err := pgx.CollectRows(mustQuery(t, conn, `SELECT relname FROM pg_class t WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'company_id' AND NOT a.attisdropped)`), pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	excepted := exceptions(t)
	for _, name := range without {
		if !slices.Contains(excepted, name) {
			t.Errorf("%s does not say whose its rows are", name)
		}
	}
}

func mustQuery(t *testing.T, conn *pgx.Conn, sql string) pgx.Rows {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var exceptionList = regexp.MustCompile(`is the exception: ([a-z_, ]+)\.`)

// exceptions are the tables that the top of the schema names, and the one that is
// there before it.
func exceptions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	match := exceptionList.FindStringSubmatch(strings.ReplaceAll(string(text), "\n-- ", " "))
	if match == nil {
		t.Fatal("the schema does not say which tables are the exception")
	}
	return append(strings.Split(match[1], ", "), "schema_version")
}
