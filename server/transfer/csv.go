package transfer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
)

// csvReader reads the rows of a CSV file.
type csvReader struct {
	csv     *csv.Reader
	first   []string // the header as it stands
	columns []column // those of the header; without a name: passed over
	known   []string
	parse   parser
}

func newCSVReader(r *bufio.Reader, properties []schema.Property, parse parser) (*csvReader, error) {
	c := &csvReader{parse: parse, csv: csv.NewReader(&lineEnds{r: r, line: 1})}
	c.csv.FieldsPerRecord = -1 // A row of another length is the row's mistake, not the file's.
	header, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, refuse("the file is empty; the first line must name the columns")
	}
	if err != nil {
		return nil, explainCSV(err)
	}
	c.first = header
	byName := map[string]column{errorsColumn: {}}
	for _, column := range columnsOf(properties) {
		byName[column.Name] = column
		c.known = append(c.known, column.Name)
	}
	return c, c.resolve(byName)
}

// resolve finds the columns that the header names.
func (c *csvReader) resolve(byName map[string]column) error {
	var wrong []string
	for i, name := range c.first {
		column, ok := byName[name]
		if !ok {
			wrong = append(wrong, c.unknown(name))
		}
		if slices.Contains(c.first[:i], name) {
			wrong = append(wrong, fmt.Sprintf("column %s appears twice", fault.Quote(name)))
		}
		c.columns = append(c.columns, column)
	}
	if len(wrong) == 0 {
		return nil
	}
	if len(c.first) == 1 && strings.ContainsAny(c.first[0], ";\t") {
		wrong = append(wrong, "columns must be separated by commas")
	}
	return refuse("line 1: %s", strings.Join(wrong, "; "))
}

func (c *csvReader) unknown(name string) string {
	if name == errorsColumn || slices.Contains(c.known, name) {
		return ""
	}
	return fmt.Sprintf("column %s is not known%s", fault.Quote(name), fault.DidYouMean(name, c.known))
}

func (c *csvReader) header() []string { return c.first }

func (c *csvReader) names(row) []string { return c.first }

func (c *csvReader) next() (row, error) {
	cells, err := c.csv.Read()
	if err != nil {
		return row{}, explainCSV(err)
	}
	line, _ := c.csv.FieldPos(0)
	return row{line: line, cells: cells}, nil
}

func explainCSV(err error) error {
	wrong, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return err // the end, or one of reading
	case errors.Is(err, csv.ErrBareQuote):
		return refuse(`line %d: there is a quote in a cell that does not begin with one; enclose the cell in quotes, and write "" for each quote within`, wrong.Line)
	}
	return refuse(`line %d: the quoted cell that begins on line %d does not end as it should; a quote within a cell is written ""`, wrong.Line, wrong.StartLine)
}

func (c *csvReader) read(r row) account.ImportRow {
	if len(r.cells) != len(c.columns) {
		return unusable("the row has %d cells, but the header names %d columns", len(r.cells), len(c.columns))
	}
	object, custom := make(map[string]any, len(r.cells)), make(map[string]any)
	for i, column := range c.columns {
		if column.Name == "" {
			continue
		}
		value, says := column.value(r.cells[i])
		switch {
		case !says:
		case column.Custom != "":
			custom[column.Custom] = value
		default:
			object[column.Name] = value
		}
	}
	if len(custom) > 0 {
		object["custom"] = custom
	}
	return account.ImportRow{Patch: c.parse(object)}
}

// lineEnds keeps a carriage return before a line feed that is part of a quoted
// cell: encoding/csv drops one of them from each line. It also keeps a row that
// does not end from filling the memory.
type lineEnds struct {
	r      *bufio.Reader
	quoted bool
	again  bool // the last byte was a carriage return that must be doubled
	line   int
	length int // of the row so far
}

func (l *lineEnds) Read(p []byte) (int, error) {
	for n := range p {
		if l.again {
			p[n], l.again = '\r', false
			continue
		}
		// All that is buffered is given out before more is waited for.
		if n > 0 && l.r.Buffered() < 2 {
			return n, nil
		}
		c, err := l.r.ReadByte()
		if err != nil {
			return n, err
		}
		if err := l.count(c); err != nil {
			return n, err
		}
		if c == '\r' && l.quoted {
			next, _ := l.r.Peek(1)
			l.again = string(next) == "\n"
		}
		p[n] = c
	}
	return len(p), nil
}

// count follows the rows. A quote within a quoted cell is written twice, so
// every one of them begins or ends a quotation.
func (l *lineEnds) count(c byte) error {
	l.length++
	switch c {
	case '"':
		l.quoted = !l.quoted
	case '\n':
		l.line++
		if !l.quoted {
			l.length = 0
		}
	}
	if l.length > maxRow {
		return tooLong(l.line)
	}
	return nil
}
