package copying

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// Column is a column that rows are written with: one that the database computes is
// none.
type Column struct {
	Name string
	Kind Kind
}

// Table is a table of records, as the catalogue of its database has it.
type Table struct {
	Name    string
	Columns []Column // by their names
	Key     []string // the columns of the primary key; none: there is one row, from the start on
	Parents []string // the tables that its rows refer to
}

// Describe returns the tables in the catalogue of a database, but for those that the
// store has for itself. The first statement selects a row of each column: its table,
// its name, the name of its type, and its place in the primary key from 1 on, 0 for
// none; ordered by table and name. The second selects a table and one that it refers
// to. Kinds are those of the types.
func Describe(ctx context.Context, s db.Session, columns, references db.Statement, kinds map[string]Kind, own ...string) ([]Table, error) {
	d := description{kinds: kinds}
	if err := s.Each(ctx, columns, nil, d.column); err != nil {
		return nil, err
	}
	if err := s.Each(ctx, references, nil, d.reference); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(d.tables, func(t Table) bool { return slices.Contains(own, t.Name) }), nil
}

// description is what was read of a catalogue.
type description struct {
	kinds  map[string]Kind
	tables []Table
}

func (d *description) column(row *db.Row) error {
	var table, name, kind string
	var place int
	if err := row.Scan(&table, &name, &kind, &place); err != nil {
		return err
	}
	known := d.kinds[kind]
	if len(d.tables) == 0 || d.tables[len(d.tables)-1].Name != table {
		d.tables = append(d.tables, Table{Name: table})
	}
	t := &d.tables[len(d.tables)-1]
	t.Columns = append(t.Columns, Column{name, known})
	if place > 0 {
		t.Key = append(t.Key, make([]string, max(0, place-len(t.Key)))...)
		t.Key[place-1] = name
	}
	return nil
}

func (d *description) reference(row *db.Row) error {
	var table, parent string
	err := row.Scan(&table, &parent)
	for i := range d.tables {
		if t := &d.tables[i]; t.Name == table && parent != table && !slices.Contains(t.Parents, parent) {
			t.Parents = append(t.Parents, parent)
		}
	}
	return err
}

// pair is a table of both databases. The columns are the same, but a kind may be
// another one.
type pair struct{ from, to Table }

// match pairs the tables of two databases, those first that others refer to. It also
// returns the names of those that only one has.
func match(from, to []Table) (pairs []pair, unknown []string, err error) {
	for _, t := range to {
		i := slices.IndexFunc(from, named(t.Name))
		if i < 0 {
			unknown = append(unknown, t.Name)
			continue
		}
		p := pair{from[i], t}
		if err := p.check(); err != nil {
			return nil, nil, err
		}
		pairs = append(pairs, p)
	}
	for _, t := range from {
		if !slices.ContainsFunc(to, named(t.Name)) {
			unknown = append(unknown, t.Name)
		}
	}
	pairs, err = parentsFirst(pairs)
	return pairs, unknown, err
}

func named(name string) func(Table) bool { return func(t Table) bool { return t.Name == name } }

// check returns an error unless what one table has can be written to the other.
func (p pair) check() error {
	equal := slices.EqualFunc(p.from.Columns, p.to.Columns, func(from, to Column) bool {
		return from.Name == to.Name && from.Kind.stored() == to.Kind.stored() && from.Kind != 0
	})
	if equal {
		return nil
	}
	return fault.Errorf(fault.KindInvalid, "table %s has not the same columns in both databases: %s in the source, %s in the target",
		p.to.Name, p.from.columnTypes(), p.to.columnTypes())
}

// columnTypes tells of the columns.
func (t Table) columnTypes() string {
	var texts []string
	for _, c := range t.Columns {
		texts = append(texts, c.Name+" ("+c.Kind.String()+")")
	}
	return strings.Join(texts, ", ")
}

// stored is the kind that values of a kind can be exchanged with.
func (k Kind) stored() Kind {
	if k == Boolean {
		return Integer
	}
	return k
}

// parentsFirst orders tables so that no row is written before one that it refers to.
func parentsFirst(pairs []pair) (ordered []pair, err error) {
	for len(pairs) > 0 {
		i := slices.IndexFunc(pairs, func(p pair) bool {
			return !slices.ContainsFunc(pairs, func(other pair) bool { return slices.Contains(p.to.Parents, other.to.Name) })
		})
		if i < 0 {
			return nil, fmt.Errorf("table %s and others refer to each other", pairs[0].to.Name)
		}
		ordered = append(ordered, pairs[i])
		pairs = slices.Delete(pairs, i, i+1)
	}
	return ordered, nil
}

// quoted puts names one after the other.
func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// ColumnNames are the names of the columns.
func (t Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Insert is the statement that adds a row.
func (t Table) Insert() db.Statement {
	return db.Statement{Thing: t.Name, Text: `INSERT INTO "` + t.Name + `" (` + quoted(t.ColumnNames()) + `) VALUES (?` + strings.Repeat(", ?", len(t.Columns)-1) + `)`}
}

// empty removes all rows.
func (t Table) empty() db.Statement {
	return db.Statement{Thing: t.Name, Text: `DELETE FROM "` + t.Name + `"`}
}

// all selects the rows. In the order of the key they come without being sorted, and
// each time the same.
func (t Table) all() db.Statement {
	st := db.Statement{Thing: t.Name, Text: `SELECT ` + quoted(t.ColumnNames()) + ` FROM "` + t.Name + `"`}
	if len(t.Key) > 0 {
		st.Text += ` ORDER BY ` + quoted(t.Key)
	}
	return st
}

// read calls yield for each row, which is yield's to keep.
func (t Table) read(ctx context.Context, s db.Session, yield func(Row) error) error {
	return t.readBy(ctx, s, t.all(), nil, yield)
}

// readBy is read of the rows that a statement selects.
func (t Table) readBy(ctx context.Context, s db.Session, st db.Statement, args []any, yield func(Row) error) error {
	dest := make([]any, len(t.Columns))
	return s.Each(ctx, st, args, func(row *db.Row) error {
		values := make(Row, len(t.Columns))
		for i := range values {
			values[i].Kind = t.Columns[i].Kind
			dest[i] = &values[i]
		}
		if err := row.Scan(dest...); err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
		return yield(values)
	})
}

// NotText names the first text of rows that is not UTF-8, by its column and the key
// of its row.
func (t Table) NotText(rows []Row) string {
	for _, row := range rows {
		for i, v := range row {
			if v.Kind == Text && !utf8.ValidString(v.bytes) {
				return fmt.Sprintf("%s of the row of %s with %s", t.Columns[i].Name, t.Name, t.keyOf(row))
			}
		}
	}
	return "a text of " + t.Name
}

// keyOf is the key of a row, as an operator finds it.
func (t Table) keyOf(row Row) string {
	var parts []string
	for _, name := range t.Key {
		i := slices.Index(t.ColumnNames(), name)
		parts = append(parts, name+" "+row[i].String())
	}
	return strings.Join(parts, ", ")
}

// count counts the rows.
func (t Table) count(ctx context.Context, s db.Session) (n int64, err error) {
	err = s.Get(ctx, db.Statement{Thing: t.Name, Text: `SELECT count(*) FROM "` + t.Name + `"`}, nil, &n)
	return n, err
}

// hasRows tells whether there are any.
func (t Table) hasRows(ctx context.Context, s db.Session) (bool, error) {
	var n int
	err := s.Get(ctx, db.Statement{Thing: t.Name, Text: `SELECT count(*) FROM (SELECT 1 FROM "` + t.Name + `" LIMIT 1) AS found`}, nil, &n)
	return n > 0, err
}

// ReadCounters returns what a statement selects of the last ids: tables and ids.
func ReadCounters(ctx context.Context, s db.Session, st db.Statement) (map[string]int64, error) {
	counters := make(map[string]int64)
	err := s.Each(ctx, st, nil, func(row *db.Row) error {
		var table string
		var last int64
		err := row.Scan(&table, &last)
		counters[table] = last
		return err
	})
	return counters, err
}
