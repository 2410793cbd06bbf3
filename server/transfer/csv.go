package transfer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/schema"
)

// csvReader reads the rows of a CSV file.
type csvReader struct {
	csv    *csv.Reader
	ends   *lineEnds
	form   layout
	passed int      // lines before the header
	first  []string // the header without the empty columns on the right
	fields []field
	parse  parser
}

func newCSVReader(r *bufio.Reader, foreign bool, o *Options, properties []schema.Property, parse parser) (*csvReader, error) {
	cells, err := newCellReader(o.Cells)
	if err != nil {
		return nil, err
	}
	c, err := openCSV(r, foreign, o.Dialect)
	if err != nil {
		return nil, err
	}
	h := heading{names: c.first, known: columnsOf(properties, cells)}
	h.resolve(o.Map)
	if len(h.wrong) > 0 {
		return nil, refuse("line %d: %s", 1+c.passed, strings.Join(h.wrong, "; "))
	}
	c.fields, c.parse = h.fields, parse
	return c, nil
}

// openCSV reads the header of a file.
func openCSV(r *bufio.Reader, foreign bool, d Dialect) (*csvReader, error) {
	c := &csvReader{form: newLayout(foreign)}
	if err := c.open(r, d); err != nil {
		return nil, err
	}
	c.csv.FieldsPerRecord = -1 // A row of another length is the row's mistake, not the file's.
	header, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, refuse("the file is empty; the first line must name the columns")
	}
	if err != nil {
		return nil, c.explain(err)
	}
	c.first = trimRight(header, 0)
	c.form.header = c.first
	return c, nil
}

// open finds out how the rows are written. A first line by which spreadsheets
// tell the delimiter to each other is passed over.
func (c *csvReader) open(r *bufio.Reader, d Dialect) error {
	sample, _ := r.Peek(r.Size()) // An error will come again.
	said := rune(0)
	if found := separatorLine.FindSubmatch(sample); found != nil {
		said, _ = utf8.DecodeRune(found[1])
		c.passed, sample = 1, sample[len(found[0]):]
		if _, err := r.Discard(len(found[0])); err != nil {
			return err
		}
	}
	header, alone := firstLine(sample)
	comma, err := d.delimiter(said, header)
	if err != nil {
		return err
	}
	c.form.comma = comma
	c.ends = &lineEnds{r: r, line: 1 + c.passed, alone: alone}
	c.csv = csv.NewReader(c.ends)
	c.csv.Comma = comma
	return nil
}

var separatorLine = regexp.MustCompile(`^(?i)"?sep=([,;\t|])"?(?:\r\n|\n|\r)`)

func (c *csvReader) layout() layout { return c.form }

// unknown finds nothing: a header with unknown names is refused at once.
func (c *csvReader) unknown(string) string { return "" }

func (c *csvReader) names(row) []string {
	var names []string
	for _, f := range c.fields {
		names = append(names, f.Name)
	}
	return names
}

// next passes over rows in which spreadsheets left nothing but empty cells.
func (c *csvReader) next() (row, error) {
	for {
		cells, err := c.csv.Read()
		if err != nil {
			return row{}, c.explain(err)
		}
		line, _ := c.csv.FieldPos(0)
		if slices.ContainsFunc(cells, func(cell string) bool { return !isBlank(cell) }) {
			return row{line: line + c.passed, cells: trimRight(cells, len(c.first))}, nil
		}
	}
}

func isBlank(cell string) bool { return strings.TrimSpace(cell) == "" }

// trimRight drops blank cells at the end, but for the first n cells.
func trimRight(cells []string, n int) []string {
	for len(cells) > n && isBlank(cells[len(cells)-1]) {
		cells = cells[:len(cells)-1]
	}
	return cells
}

func (c *csvReader) explain(err error) error {
	wrong, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return explainEncoding(err, c.ends.line) // the end, or one of reading
	case errors.Is(err, csv.ErrBareQuote):
		return refuse(`line %d: there is a quote in a cell that does not begin with one; enclose the cell in quotes, and write "" for each quote within`, wrong.Line+c.passed)
	}
	return refuse(`line %d: the quoted cell that begins on line %d does not end as it should; a quote within a cell is written ""`, wrong.Line+c.passed, wrong.StartLine+c.passed)
}

func (c *csvReader) read(r row) intake.ImportRow {
	if wrong := c.misplaced(r.cells); wrong != "" {
		return unusable("%s", wrong)
	}
	var found fault.Offences
	object, custom := make(map[string]any, len(r.cells)), make(map[string]any)
	for _, f := range c.fields {
		if wrong := f.destroyed(r.cells); wrong != "" {
			found.Add([]string{f.Name}, "%s", wrong)
			continue
		}
		value, says := f.value(r.cells)
		switch {
		case !says:
		case f.Custom != "":
			custom[f.Custom] = value
		default:
			object[f.Name] = value
		}
	}
	if len(custom) > 0 {
		object["custom"] = custom
	}
	patch := c.parse(object)
	patch.Found = append(patch.Found, found...)
	return intake.ImportRow{Patch: patch}
}

// misplaced says which cells have no column or no cell, or "".
func (c *csvReader) misplaced(cells []string) string {
	for i, cell := range cells {
		if isBlank(cell) || i < len(c.first) && !isBlank(c.first[i]) {
			continue
		}
		wrong := fmt.Sprintf("column %d has no name, but holds %s", i+1, fault.Quote(cell))
		if i >= len(c.first) {
			wrong = fmt.Sprintf("%s: %s", c.width(cells), wrong)
		}
		return wrong
	}
	if len(cells) < len(c.first) {
		return c.width(cells)
	}
	return ""
}

// width tells that a row is not as wide as the header.
func (c *csvReader) width(cells []string) string {
	return fmt.Sprintf("the row has %s, but the header names %s", plural.Of(len(cells), "cell", "cells"), plural.Of(len(c.first), "column", "columns"))
}

// lineEnds keeps a carriage return before a line feed that is part of a quoted
// cell: encoding/csv drops one of them from each line. It also keeps a row that
// does not end from filling the memory.
type lineEnds struct {
	r      *bufio.Reader
	alone  bool // a carriage return alone ends a row
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
		if c == '\r' && l.alone && !l.quoted {
			c = '\n'
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
