package db

import (
	"slices"
	"strings"
)

// Table is columns of a table whose rows are records. What is selected,
// inserted, updated and scanned is all made of it.
type Table[T any] struct {
	names []string
	picks []int // where in the pairs the columns are
	pairs func(*T) []any
}

// NewTable returns a table of the pairs of a record: the name of a column, and
// a pointer to what the record has in it, converted to the kind that it is
// stored as. What is only written need not be a pointer, and what is only read
// may have an expression for a name.
func NewTable[T any](pairs func(*T) []any) Table[T] {
	t := Table[T]{pairs: pairs}
	for i, name := range pairs(new(T)) {
		if i%2 == 0 {
			t.names, t.picks = append(t.names, name.(string)), append(t.picks, i+1)
		}
	}
	return t
}

// Without is the table without some of its columns.
func (t Table[T]) Without(names ...string) Table[T] {
	rest := Table[T]{pairs: t.pairs}
	for i, name := range t.names {
		if !slices.Contains(names, name) {
			rest.names, rest.picks = append(rest.names, name), append(rest.picks, t.picks[i])
		}
	}
	return rest
}

// Names are those of the columns.
func (t Table[T]) Names() []string { return slices.Clone(t.names) }

// List names the columns, each behind a prefix.
func (t Table[T]) List(prefix string) string { return prefix + strings.Join(t.names, ", "+prefix) }

// Insert is the statement that adds a row to the table of a name.
func (t Table[T]) Insert(name string) string {
	return `INSERT INTO ` + name + ` (` + t.List("") + `) VALUES (?` + strings.Repeat(", ?", len(t.names)-1) + `)`
}

// Upsert is Insert, which writes all but the key if there is a row with it.
func (t Table[T]) Upsert(name string, key ...string) string {
	var set []string
	for _, column := range t.Without(key...).names {
		set = append(set, column+" = excluded."+column)
	}
	return t.Insert(name) + ` ON CONFLICT (` + strings.Join(key, ", ") + `) DO UPDATE SET ` + strings.Join(set, ", ")
}

// Update is the start of a statement that writes rows of the table of a name.
func (t Table[T]) Update(name string) string {
	return `UPDATE ` + name + ` SET ` + strings.Join(t.names, " = ?, ") + ` = ?`
}

// At is where a record has the columns, and what follows them.
func (t Table[T]) At(record *T, more ...any) []any {
	pairs := t.pairs(record)
	at := pairs[:0] // no pick is behind its place
	for _, pick := range t.picks {
		at = append(at, pairs[pick])
	}
	return append(at, more...)
}

// All is where each of the records has the columns.
func (t Table[T]) All(records []T) [][]any {
	lists := make([][]any, len(records))
	for i := range records {
		lists[i] = t.At(&records[i])
	}
	return lists
}

// Scan reads a record.
func (t Table[T]) Scan(row *Row) (T, error) {
	var record T
	err := row.Scan(t.At(&record)...)
	return record, err
}
