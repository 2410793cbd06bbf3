package transfer

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

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
func (c column) value(cell string) (any, bool) {
	cell = c.clean(cell)
	switch {
	case cell == "":
		return nil, c.Optional
	case c.Ignored:
		return nil, false
	case !c.List && c.isText():
		return c.item(unescapeQuotes(cell)), true
	case !c.List:
		return c.item(cell), true
	}
	if items, ok := parseList(cell); ok {
		return items, true
	}
	if items := c.split(cell); c.Custom == "" || len(items) != 1 {
		return items, true
	}
	return c.item(cell), true // Custom members take one value for a list of one.
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
func (c column) cell(a account.Account) (string, error) {
	value := c.Value(&a)
	items, isList := itemsOf(value)
	if !isList {
		if text, ok := value.(string); ok && c.isText() {
			return guard(escapeQuotes(text)), nil
		}
		return itemText(value), nil
	}
	if len(items) == 0 {
		return "", nil
	}
	if text := itemText(items[0]); len(items) == 1 && text != "" {
		if _, ok := parseList(text); !ok {
			if c.isText() {
				text = guard(text)
			}
			return text, nil
		}
	}
	return listText(items)
}

// itemsOf returns the items of a list.
func itemsOf(value any) ([]any, bool) {
	switch v := value.(type) {
	case []any:
		return v, true
	case []string:
		return anys(v), true
	case []int64:
		return anys(v), true
	}
	return nil, false
}

func anys[T any](items []T) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// itemText writes one value as JSON has it, but a text as it is.
func itemText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case account.Type:
		return string(v)
	case time.Time:
		return v.UTC().Format(timestamp.Layout)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "" // Neither an infinity nor a NaN is ever stored.
	}
	return string(text)
}

func listText(items []any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(items)
	return strings.TrimSuffix(b.String(), "\n"), err
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

// An empty cell is no value, so an empty text is written as two quotes, and to
// tell those from a text of quotes, that gets two more.
func escapeQuotes(text string) string {
	if strings.Trim(text, `"`) == "" && text != `"` {
		return text + `""`
	}
	return text
}

func unescapeQuotes(cell string) string {
	if strings.Trim(cell, `"`) == "" && len(cell) > 1 {
		return cell[2:]
	}
	return cell
}
