// Package cell says how values stand in the cells of a CSV file of accounts: one
// form for the server's export, its import and the command line.
package cell

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// Of returns the cell of a value: a string, a list of values, or what JSON has
// else. No value and an empty list are an empty cell.
func Of(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return guard(escapeQuotes(v)), nil
	case []any:
		return ofList(v)
	}
	return encode(value)
}

// ofList writes a list of one as its value, where that cannot be mistaken.
func ofList(items []any) (string, error) {
	if len(items) == 0 {
		return "", nil
	}
	if len(items) > 1 {
		return encode(items)
	}
	switch v := items[0].(type) {
	case nil:
	case string:
		if v != "" && !isList(v) {
			return guard(v), nil
		}
	default:
		return encode(v)
	}
	return encode(items)
}

// isList tells whether a text reads as a JSON array.
func isList(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "[") && json.Valid([]byte(text))
}

func encode(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// An empty cell is no value, so an empty text is written as two quotes, and to
// tell those from a text of quotes, that gets two more.
func escapeQuotes(text string) string {
	if strings.Trim(text, `"`) == "" && text != `"` {
		return text + `""`
	}
	return text
}

// UnescapeQuotes gives a text back as it was before Of, once Unguard has.
func UnescapeQuotes(cell string) string {
	if strings.Trim(cell, `"`) == "" && len(cell) > 1 {
		return cell[2:]
	}
	return cell
}

// A spreadsheet runs a cell that begins with one of these, in the name of
// whoever opens the file.
const formulaStarts = "=+-@\t\r"

// guard puts an apostrophe before a text that a spreadsheet would run, which
// makes it a text there. One that looks guarded gets another, so that Unguard
// gives each text back as it was.
func guard(text string) string {
	if isFormula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// number is what a spreadsheet reads as a number, whatever it begins with.
var number = regexp.MustCompile(`^[+-]?[0-9.,]+([eE][+-]?[0-9]+)?$`)

// Defuse puts an apostrophe before a cell of somebody else's file that a spreadsheet
// would run. Unguard takes it off; a cell that is guarded already stays as it is.
func Defuse(cell string) string {
	if isFormula(cell) && !number.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// Unguard takes off the apostrophe that Of or Defuse has put before a text.
func Unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && isFormula(strings.TrimLeft(cell, "'")) {
		return cell[1:]
	}
	return cell
}

func isFormula(text string) bool {
	return text != "" && strings.IndexByte(formulaStarts, text[0]) >= 0
}
