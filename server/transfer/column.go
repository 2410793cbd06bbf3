package transfer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// errorsColumn says in a file of rejected rows why. It is passed over when such
// a file is imported.
const errorsColumn = "errors"

// cellKind is what the cells of a column hold.
type cellKind int

const (
	kindText cellKind = iota
	kindNumber
	kindBoolean
	kindIgnored
)

// column is a column of a CSV file.
type column struct {
	name string
	key  string // of the custom member
	kind cellKind
	list bool
	keep bool // an empty cell leaves the member as it is, since it cannot be cleared
	get  func(account.Account) any
}

// standardColumns are those of the members that every account has.
var standardColumns = []column{
	{name: "id", kind: kindNumber, keep: true, get: func(a account.Account) any { return integer(a.ID) }},
	{name: "number", kind: kindNumber, keep: true, get: func(a account.Account) any { return integer(a.Number) }},
	{name: "title", keep: true, get: func(a account.Account) any { return a.Title }},
	{name: "description", get: func(a account.Account) any { return orNil(a.Description) }},
	{name: "address", list: true, keep: true, get: func(a account.Account) any { return anys(a.Address, asIs) }},
	{name: "isActive", kind: kindBoolean, keep: true, get: func(a account.Account) any { return a.Active }},
	{name: "primaryEmail", get: func(a account.Account) any { return orNil(a.PrimaryEmail) }},
	{name: "primaryPhone", get: func(a account.Account) any { return orNil(a.PrimaryPhone) }},
	{name: "accountType", get: func(a account.Account) any { return typeOf(a) }},
	{name: "value", kind: kindNumber, get: func(a account.Account) any { return amount(a.Value) }},
	{name: "size", kind: kindNumber, get: func(a account.Account) any { return amount(a.Size) }},
	{name: "contacts", kind: kindNumber, list: true, get: func(a account.Account) any {
		return anys(a.Contacts, func(c account.Contact) any { return integer(c.ID) })
	}},
	{name: "createdAt", kind: kindIgnored, get: func(a account.Account) any { return instant(a.CreatedAt) }},
	{name: "updatedAt", kind: kindIgnored, get: func(a account.Account) any { return instant(a.UpdatedAt) }},
}

// columnsOf returns the columns of a company's accounts.
func columnsOf(properties []account.Property) []column {
	columns := slices.Clone(standardColumns)
	for _, p := range properties {
		columns = append(columns, customColumn(p))
	}
	return columns
}

func customColumn(p account.Property) column {
	c := column{
		name: customPrefix + p.Key, key: p.Key, list: p.Multiple,
		get: func(a account.Account) any { return a.Custom[p.Key] },
	}
	switch p.Type {
	case account.PropertyNumeric:
		c.kind = kindNumber
	case account.PropertyBoolean:
		c.kind = kindBoolean
	}
	return c
}

// value is what a cell says, as the JSON form of an account has it; false if it
// says nothing of the member.
func (c column) value(cell string) (any, bool) {
	switch {
	case cell == "":
		return nil, !c.keep
	case c.kind == kindIgnored:
		return nil, false
	case !c.list && c.kind == kindText:
		return unescapeQuotes(cell), true
	case !c.list:
		return c.item(cell), true
	}
	if items, ok := parseList(cell); ok {
		return items, true
	}
	if c.key != "" {
		return c.item(cell), true // Custom members take one value for a list of one.
	}
	return []any{c.item(cell)}, true
}

// item is one value. One that is not of the column's kind stays as it is, for
// the reader of the object to refuse.
func (c column) item(cell string) any {
	switch c.kind {
	case kindNumber:
		return json.Number(strings.TrimSpace(cell))
	case kindBoolean:
		switch strings.ToLower(strings.TrimSpace(cell)) { // Spreadsheets write TRUE.
		case "true":
			return true
		case "false":
			return false
		}
	}
	return cell
}

// cell writes the account's member so that value returns the same.
func (c column) cell(a account.Account) (string, error) {
	value := c.get(a)
	items, isList := value.([]any)
	if !isList {
		if text, ok := value.(string); ok && c.kind == kindText {
			return escapeQuotes(text), nil
		}
		return itemText(value), nil
	}
	if len(items) == 0 {
		return "", nil
	}
	if text := itemText(items[0]); len(items) == 1 && text != "" {
		if _, ok := parseList(text); !ok {
			return text, nil
		}
	}
	return listText(items)
}

func itemText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
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

func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func amount(x *float64) any {
	if x == nil {
		return nil
	}
	text, err := json.Marshal(*x)
	if err != nil {
		return nil // Neither an infinity nor a NaN is ever stored.
	}
	return json.Number(text)
}

func typeOf(a account.Account) any {
	if a.Type == nil {
		return nil
	}
	return string(*a.Type)
}

func instant(t time.Time) string { return t.UTC().Format(timestamp.Layout) }

func orNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func anys[T any](items []T, convert func(T) any) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = convert(item)
	}
	return list
}

func asIs(s string) any { return s }
