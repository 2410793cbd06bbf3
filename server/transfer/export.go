package transfer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/schema"
)

// Writer writes accounts in a format.
type Writer struct {
	buffer *bufio.Writer
	write  func(account.Account) error
	flush  func() error
}

// NewWriter returns a Writer of accounts of a company with the properties. show
// is the JSON form of an account.
func NewWriter(w io.Writer, format Format, properties []schema.Property, show func(account.Account) any) (*Writer, error) {
	buffer := bufio.NewWriterSize(w, 64<<10)
	if format == NDJSON {
		write := func(a account.Account) error {
			line, err := json.Marshal(show(a))
			if err != nil {
				return err
			}
			_, err = buffer.Write(append(jsonvalue.Plain(line), '\n'))
			return err
		}
		return &Writer{buffer: buffer, write: write, flush: func() error { return nil }}, nil
	}
	c := newCSVWriter(buffer, properties)
	return &Writer{buffer: buffer, write: c.account, flush: c.flush}, c.header()
}

// Write writes an account. It may not be in the file before Flush.
func (w *Writer) Write(a account.Account) error { return w.write(a) }

// Flush writes what was held back.
func (w *Writer) Flush() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.buffer.Flush()
}

type csvWriter struct {
	csv     *csv.Writer
	columns []column
	cells   []string
}

func newCSVWriter(w io.Writer, properties []schema.Property) *csvWriter {
	columns := columnsOf(properties, nil)
	return &csvWriter{csv: csv.NewWriter(w), columns: columns, cells: make([]string, len(columns))}
}

func (c *csvWriter) header() error {
	for i, column := range c.columns {
		c.cells[i] = column.Name
	}
	return c.csv.Write(c.cells)
}

func (c *csvWriter) account(a account.Account) error {
	for i, column := range c.columns {
		var err error
		if c.cells[i], err = column.cell(a); err != nil {
			return err
		}
	}
	return c.csv.Write(c.cells)
}

func (c *csvWriter) flush() error {
	c.csv.Flush()
	return c.csv.Error()
}
