package transfer

import (
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/cell"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// errorsColumn says in a file of rejected rows why. It is passed over when such
// a file is imported.
const errorsColumn = "errors"

// lineColumn says in such a file where the row was.
const lineColumn = "line"

// column is a column of a CSV file.
type column struct {
	account.Column
	cells *cellReader // nil of files that are written
}

// columnsOf returns the columns of a company's accounts.
func columnsOf(properties []schema.Property, cells *cellReader) []column {
	var columns []column
	for _, c := range account.Columns(properties) {
		columns = append(columns, column{c, cells})
	}
	return columns
}

// isText tells whether the cells are texts as they stand.
func (c column) isText() bool { return !c.isNumber() && c.Kind != query.Bool }

func (c column) isNumber() bool {
	switch c.Kind {
	case query.Integer, query.Reference, query.Amount, query.Numeric:
		return true
	}
	return false
}

// value is what a cell says, as the JSON form of an account has it; false if it
// says nothing of the member.
func (c column) value(text string) (any, bool) {
	text = c.clean(text)
	switch {
	case text == "":
		return nil, c.Optional
	case c.Ignored:
		return nil, false
	case !c.List && c.isText():
		return c.item(cell.UnescapeQuotes(text)), true
	case !c.List:
		return c.item(text), true
	}
	if items, ok := parseList(text); ok {
		return items, true
	}
	if items := c.split(text); c.Custom == "" || len(items) != 1 {
		return items, true
	}
	return c.item(text), true // Custom members take one value for a list of one.
}

// item is one value. One that is not of the column's kind stays as it is, for
// the reader of the object to refuse.
func (c column) item(cell string) any {
	switch {
	case c.isNumber():
		return c.number(strings.TrimSpace(cell))
	case c.Kind == query.Bool:
		return c.boolean(cell)
	case c.Kind == query.Date:
		return c.day(cell)
	}
	return cell
}

// cell writes the account's member so that value returns the same.
func (c column) cell(a account.Account) (string, error) { return cell.Of(plainOf(c.Value(&a))) }

// plainOf returns a value as JSON has it.
func plainOf(value any) any {
	switch v := value.(type) {
	case []string:
		return anys(v)
	case []int64:
		return anys(v)
	case account.Type:
		return string(v)
	case time.Time:
		return v.UTC().Format(timestamp.Layout)
	}
	return value
}

func anys[T any](items []T) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// parseList reads a cell that is a JSON array.
func parseList(cell string) ([]any, bool) {
	if !strings.HasPrefix(strings.TrimSpace(cell), "[") {
		return nil, false
	}
	value, _, err := jsonvalue.Decode([]byte(cell))
	items, ok := value.([]any)
	return items, ok && err == nil
}
