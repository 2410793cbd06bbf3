package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/cell"
)

// format is how records are printed.
type format string

const (
	formatTable  format = "table"
	formatJSON   format = "json"
	formatNDJSON format = "ndjson"
	formatCSV    format = "csv"
)

func checkFormat(name string) error {
	if formats := []format{formatTable, formatJSON, formatNDJSON, formatCSV}; !slices.Contains(formats, format(name)) {
		return fmt.Errorf("must be table, json, ndjson or csv; got %q", name)
	}
	return nil
}

// printer prints records in the format that the command line asks for.
type printer struct {
	t       *terminal
	format  format
	columns []string // of tables and CSV: members, or custom.<keyName>
	told    bool     // which of them there are not
}

// printer returns one that prints columns where the command line does not name
// others.
func (t *terminal) printer(cmd *cli.Command, columns []string) *printer {
	p := &printer{t: t, format: format(cmd.String("output")), columns: columns}
	if named := cmd.String("columns"); named != "" {
		p.columns = strings.Split(named, ",")
	}
	return p
}

// record is a record as it is sent.
type record map[string]any

func recordOf(value any) (record, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var r record
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // so that digits are kept
	return r, decoder.Decode(&r)
}

// get returns a member, or nil if it is absent.
func (r record) get(column string) any {
	if values, ok := r["custom"].(map[string]any); ok {
		if key, isCustom := strings.CutPrefix(column, "custom."); isCustom {
			return values[key]
		}
	}
	return r[column]
}

// render writes a value for people.
func render(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = render(item)
		}
		return strings.Join(texts, "; ")
	case map[string]any:
		return renderObject(v)
	}
	return fmt.Sprint(value)
}

func renderObject(object map[string]any) string {
	before, hasBefore := object["before"]
	after, hasAfter := object["after"]
	if hasBefore && hasAfter {
		return fmt.Sprintf("%q -> %q", render(before), render(after))
	}
	if member, ok := object["member"].(string); ok { // which duplicates have in common
		return member + ": " + render(object["value"])
	}
	for _, name := range []string{"name", "title", "email"} { // of people and accounts
		if text, ok := object[name].(string); ok && object["id"] != nil {
			return fmt.Sprintf("%s (%v)", text, object["id"])
		}
	}
	if email, ok := object["email"].(string); ok && object["userId"] != nil { // of an actor
		return email
	}
	texts := make([]string, 0, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if object[name] == nil {
			continue
		}
		texts = append(texts, name+": "+render(object[name]))
	}
	return strings.Join(texts, "; ")
}

// printOne prints one record.
func printOne(p *printer, value any) error {
	switch p.format {
	case formatJSON:
		return p.printLine(json.MarshalIndent(value, "", "  "))
	case formatTable:
		return p.printMembers(value)
	}
	return printList(p, func(yield func(any, error) bool) { yield(value, nil) })
}

// unescape undoes the escapes for HTML. It steps over an escaped backslash.
var unescape = strings.NewReplacer(`\\`, `\\`, `\u0026`, `&`, `\u003c`, `<`, `\u003e`, `>`)

func (p *printer) printLine(text []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.t.out, unescape.Replace(string(text)))
	return err
}

// printMembers prints a member a line.
func (p *printer) printMembers(value any) error {
	cells, err := p.cells(value)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.t.out, 0, 0, 2, ' ', 0)
	for i, column := range p.columns {
		fmt.Fprintf(table, "%s\t%s\n", column, plain(cells[i]))
	}
	return table.Flush()
}

// printRecords prints records with all that they have in CSV, and with columns in
// a table.
func printRecords[T any](t *terminal, cmd *cli.Command, columns []string, list iter.Seq2[T, error]) error {
	if cmd.String("output") == string(formatCSV) {
		columns = columnsOf[T]()
	}
	return printList(t.printer(cmd, columns), list)
}

// printList prints records as they come; a table is printed at the end.
func printList[T any](p *printer, list iter.Seq2[T, error]) error {
	write, end := p.writer()
	progress := p.t.progress(p.format)
	for value, err := range list {
		if err == nil {
			err = write(value)
		}
		if err != nil {
			progress.done()
			return err
		}
		progress.add()
	}
	progress.done()
	return end()
}

// writer returns what writes a record, and what ends the list.
func (p *printer) writer() (write func(any) error, end func() error) {
	switch p.format {
	case formatJSON:
		return p.jsonWriter()
	case formatNDJSON:
		return func(value any) error { return p.printLine(json.Marshal(value)) }, func() error { return nil }
	case formatCSV:
		return p.csvWriter()
	}
	return p.tableWriter()
}

func (p *printer) jsonWriter() (write func(any) error, end func() error) {
	separator, ending := "[\n  ", "[]\n"
	return func(value any) error {
			text, err := json.MarshalIndent(value, "  ", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.t.out, "%s%s", separator, unescape.Replace(string(text)))
			separator, ending = ",\n  ", "\n]\n"
			return err
		}, func() error {
			_, err := fmt.Fprint(p.t.out, ending)
			return err
		}
}

func (p *printer) csvWriter() (write func(any) error, end func() error) {
	w := csv.NewWriter(p.t.out)
	headErr := w.Write(p.columns)
	return func(value any) error {
			cells, err := p.csvCells(value)
			if err := cmp.Or(headErr, err); err != nil {
				return fmt.Errorf("write CSV: %w", err)
			}
			return w.Write(cells)
		}, func() error {
			w.Flush()
			return w.Error()
		}
}

// record is recordOf. It warns of columns that no such record has: what was asked for may
// be done by then, so that they are no error.
func (p *printer) record(value any) (record, error) {
	r, err := recordOf(value)
	if err != nil || p.told {
		return r, err
	}
	p.told = true
	members := columnsOfType(reflect.TypeOf(value), "<keyName>")
	for _, column := range p.columns {
		if _, has := r[column]; !has && !strings.HasPrefix(column, "custom.") && !slices.Contains(members, column) {
			fmt.Fprintf(p.t.err, "%s --columns names %q, which is none of %s\n", p.t.red("accounts:"), column, strings.Join(members, ", "))
		}
	}
	return r, nil
}

// cells returns the members of a record that the columns name.
func (p *printer) cells(value any) ([]string, error) {
	r, err := p.record(value)
	cells := make([]string, len(p.columns))
	for i, column := range p.columns {
		cells[i] = render(r.get(column))
	}
	return cells, err
}

// csvCells returns the members that the columns name as "accountsd import" reads
// them.
func (p *printer) csvCells(value any) ([]string, error) {
	r, err := p.record(value)
	if err != nil {
		return nil, err
	}
	cells := make([]string, len(p.columns))
	for i, column := range p.columns {
		if cells[i], err = cell.Of(reference(r.get(column))); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// reference returns the id of a record within another, as requests name it, and
// other values as they are.
func reference(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if id, ok := v["id"]; ok {
			return id
		}
	case []any:
		references := make([]any, len(v))
		for i, item := range v {
			references[i] = reference(item)
		}
		return references
	}
	return value
}

// maxCell is how much of a value a table shows.
const maxCell = 60

func (p *printer) tableWriter() (write func(any) error, end func() error) {
	// Colours would count as letters, so the header gets them at the end.
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ToUpper(strings.Join(p.columns, "\t")))
	return func(value any) error {
			cells, err := p.cells(value)
			if err != nil {
				return err
			}
			for i, cell := range cells {
				cells[i] = plain(cell)
				if i < len(cells)-1 { // what is last is in nobody's way
					cells[i] = shorten(cells[i])
				}
			}
			_, err = fmt.Fprintln(table, strings.Join(cells, "\t"))
			return err
		}, func() error {
			if err := table.Flush(); err != nil {
				return err
			}
			header, rows, _ := strings.Cut(text.String(), "\n")
			_, err := fmt.Fprintf(p.t.out, "%s\n%s", p.t.bold(header), rows)
			return err
		}
}

func shorten(text string) string {
	letters := []rune(text)
	if len(letters) <= maxCell {
		return text
	}
	return string(letters[:maxCell-3]) + "..."
}

// showConflicts prints, beside what went wrong, the values of what two have changed.
func (t *terminal) showConflicts(conflicts []client.Conflict) {
	beside := &printer{t: &terminal{out: t.err}, format: formatTable, columns: []string{"member", "base", "current", "mine", "merged"}}
	_ = printList(beside, each(conflicts)) // Who cannot be told cannot be told that either.
}
