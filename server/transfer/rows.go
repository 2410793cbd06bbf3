package transfer

import (
	"fmt"
	"io"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/schema"
)

// row is one row of a file.
type row struct {
	line  int      // where it starts, from 1
	cells []string // of CSV
	text  []byte   // of NDJSON
}

func (r row) size() int {
	size := len(r.text)
	for _, cell := range r.cells {
		size += len(cell)
	}
	return size
}

// layout is the form of a file but for its rows.
type layout struct {
	mark   string   // what it begins with, so that --encoding does not count
	header []string // of CSV
	comma  rune     // of CSV
}

func newLayout(foreign bool) layout {
	if foreign {
		return layout{mark: byteOrderMark}
	}
	return layout{}
}

// rowReader reads the rows of a file in order.
type rowReader interface {
	// next returns the next row, or io.EOF. Another error is one of the file.
	next() (row, error)

	// read makes of a row what is to be imported.
	read(row) intake.ImportRow

	// names returns the names of the members that a row may set, or nil if
	// the row cannot be read.
	names(row) []string

	// unknown returns what is wrong with a name that names no member, with
	// the known one that is nearest, or "".
	unknown(name string) string

	// layout is what a file of rejected rows shares with the file.
	layout() layout
}

// parser makes a patch of an object: account.ParsePatch.
type parser func(object any) account.Patch

// unusable is a row of which nothing can be read.
func unusable(format string, args ...any) intake.ImportRow {
	row := intake.ImportRow{Unusable: true}
	row.Patch.Found = fault.Offences{{In: fault.InBody, Message: fmt.Sprintf(format, args...)}}
	return row
}

// newRowReader reads a file of accounts of a company with the properties.
func newRowReader(r io.Reader, o *Options, properties []schema.Property, parse parser) (rowReader, error) {
	text, foreign, err := o.Dialect.text(r)
	if err != nil {
		return nil, err
	}
	if o.Format == NDJSON {
		return newNDJSONReader(text, foreign, properties, parse), nil
	}
	return newCSVReader(text, foreign, o, properties, parse)
}
