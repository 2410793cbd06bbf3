package transfer

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/cell"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
)

// Cells says how values are written in the cells of a CSV file, beyond what
// every file may do.
type Cells struct {
	DateFormat string   // as DD.MM.YYYY; of YYYY YY MMM MM DD HH mm ss
	Decimal    string   // "." or ","; the other one may part groups of three digits
	True       []string // besides true
	False      []string // besides false
	Null       []string // cells that are as empty ones
	Split      string   // what parts several values in a cell
}

// cellReader reads cells that are written in one way.
type cellReader struct {
	Cells
	date    string         // the layout
	grouped *regexp.Regexp // a number with groups of digits
}

var dateTokens = strings.NewReplacer("YYYY", "2006", "YY", "06", "MMM", "Jan", "MM", "1", "M", "1", "DD", "2", "D", "2", "HH", "15", "mm", "04", "ss", "05")

func newCellReader(c Cells) (*cellReader, error) {
	r := &cellReader{Cells: c, date: dateTokens.Replace(c.DateFormat)}
	day := time.Date(2031, time.November, 24, 0, 0, 0, 0, time.UTC)
	if read, err := time.Parse(r.date, day.Format(r.date)); c.DateFormat != "" && (err != nil || !read.Equal(day)) {
		return nil, refuse("--date-format must name day, month and year, as in DD.MM.YYYY or MM/DD/YY HH:mm; got %s", fault.Quote(c.DateFormat))
	}
	switch c.Decimal {
	case "":
	case ",":
		r.grouped = regexp.MustCompile(`^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$`)
	case ".":
		r.grouped = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$`)
	default:
		return nil, refuse("--decimal must be . or ,; got %s", fault.Quote(c.Decimal))
	}
	return r, nil
}

// clean takes off the guard of a text, and all of what stands for no value.
func (c column) clean(text string) string {
	if c.isText() {
		text = cell.Unguard(text)
	}
	if c.cells != nil && isOneOf(c.cells.Null, text) {
		return ""
	}
	return text
}

func isOneOf(words []string, cell string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, strings.TrimSpace(cell)) })
}

// split parts the values of a cell, if the file has them so.
func (c column) split(cell string) []any {
	if c.cells == nil || c.cells.Split == "" {
		return []any{c.item(cell)}
	}
	items := []any{}
	for part := range strings.SplitSeq(cell, c.cells.Split) {
		if part = strings.TrimSpace(part); part != "" {
			items = append(items, c.item(part))
		}
	}
	return items
}

// day is a date as all files may have it. Another text stays as it is.
func (c column) day(cell string) string {
	if c.cells == nil || c.cells.date == "" {
		return cell
	}
	t, err := time.Parse(c.cells.date, strings.TrimSpace(cell))
	switch {
	case err != nil:
		return cell
	case strings.Contains(c.cells.date, "15"):
		return t.Format(time.RFC3339)
	}
	return t.Format(time.DateOnly)
}

// boolean is what a cell says of true and false, or the cell.
func (c column) boolean(cell string) any {
	var yes, no []string
	if c.cells != nil {
		yes, no = c.cells.True, c.cells.False
	}
	switch { // Spreadsheets write TRUE.
	case isOneOf(yes, cell) || isOneOf([]string{"true"}, cell):
		return true
	case isOneOf(no, cell) || isOneOf([]string{"false"}, cell):
		return false
	}
	return cell
}

// number is the number in a cell, or the cell if it has digits in groups that
// are none.
func (c column) number(cell string) any {
	if c.cells != nil && c.cells.grouped != nil {
		group := map[string]string{",": ".", ".": ","}[c.cells.Decimal]
		if strings.Contains(cell, group) && !c.cells.grouped.MatchString(cell) {
			return cell
		}
		cell = strings.ReplaceAll(strings.ReplaceAll(cell, group, ""), c.cells.Decimal, ".")
	}
	return json.Number(cell)
}

// shortened is a number of many digits as spreadsheets show it: what it was is
// lost.
var shortened = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE][+][0-9]+$`)

// destroyed says what is wrong with a cell that a spreadsheet has destroyed, or
// "".
func (c column) destroyed(text string) string {
	if c.Kind == query.Phone && shortened.MatchString(strings.TrimSpace(cell.Unguard(text))) {
		return "is a number that a spreadsheet has shortened, so that digits are lost; format the column as text before the number is entered"
	}
	return ""
}
