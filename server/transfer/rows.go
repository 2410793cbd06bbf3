package transfer

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
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

// rowReader reads the rows of a file in order.
type rowReader interface {
	// next returns the next row, or io.EOF. Another error is one of the file.
	next() (row, error)

	// read makes of a row what is to be imported.
	read(row) account.ImportRow

	// names returns the names of the members that a row may set, or nil if
	// the row cannot be read.
	names(row) []string

	// unknown returns what is wrong with a name that names no member, with
	// the known one that is nearest, or "".
	unknown(name string) string

	// header is the first row of the file, if it has one.
	header() []string
}

// parser makes a patch of an object: account.ParsePatch.
type parser func(object any) account.Patch

// unusable is a row of which nothing can be read.
func unusable(format string, args ...any) account.ImportRow {
	row := account.ImportRow{Unusable: true}
	row.Patch.Found = fault.Offences{{In: fault.InBody, Message: fmt.Sprintf(format, args...)}}
	return row
}

// newRowReader reads a file of accounts of a company with the properties.
func newRowReader(r io.Reader, format Format, properties []schema.Property, parse parser) (rowReader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	start, err := buffered.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch string(start[:min(2, len(start))]) {
	case "\xff\xfe", "\xfe\xff":
		return nil, refuse("the file is UTF-16; save it as UTF-8")
	}
	if string(start) == "\xef\xbb\xbf" {
		if _, err := buffered.Discard(3); err != nil {
			return nil, err
		}
	}
	if format == NDJSON {
		return newNDJSONReader(buffered, properties, parse), nil
	}
	return newCSVReader(buffered, properties, parse)
}
