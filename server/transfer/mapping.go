package transfer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/accountsd/accountsd/server/fault"
)

// ParseMapping returns the assignments of a mapping file: one on each line, as
// in Options.Map. Lines that begin with # are comments.
func ParseMapping(text string) []string {
	var assignments []string
	for line := range strings.Lines(strings.TrimPrefix(text, byteOrderMark)) {
		if !isBlank(line) && !strings.HasPrefix(line, "#") {
			assignments = append(assignments, strings.TrimSpace(line))
		}
	}
	return assignments
}

// field is a member that rows set, and where its cells are. Several cells are
// its values, or the words of its one.
type field struct {
	column
	at []int
}

func (f field) value(cells []string) (any, bool) {
	if len(f.at) == 1 {
		return f.column.value(cells[f.at[0]])
	}
	var parts []any
	var words []string
	for _, at := range f.at {
		if cell := f.clean(cells[at]); !isBlank(cell) {
			parts, words = append(parts, f.item(cell)), append(words, strings.TrimSpace(cell))
		}
	}
	switch {
	case len(parts) == 0:
		return f.column.value("")
	case f.Ignored:
		return nil, false
	case f.List:
		return parts, true
	}
	return f.item(strings.Join(words, " ")), true
}

// destroyed says what is wrong with the cells of a row that a spreadsheet has
// destroyed, or "".
func (f field) destroyed(cells []string) string {
	for _, at := range f.at {
		if wrong := f.column.destroyed(cells[at]); wrong != "" {
			return wrong
		}
	}
	return ""
}

// heading finds out what the columns of a file are.
type heading struct {
	names  []string // of the file
	known  []column
	used   []bool
	fields []field
	wrong  []string
}

// resolve makes the fields, first by the assignments and then by the names.
func (h *heading) resolve(assignments []string) {
	h.used = make([]bool, len(h.names))
	for _, text := range assignments {
		h.assign(text)
	}
	rejected := slices.Contains(h.names, errorsColumn)
	for i, name := range h.names {
		if h.used[i] || isBlank(name) || name == errorsColumn || rejected && name == lineColumn {
			continue
		}
		h.set(name, []int{i})
	}
}

// assign reads one assignment, as in "Street+City=address". Without a member
// the column is passed over.
func (h *heading) assign(text string) {
	end := strings.LastIndex(text, "=")
	if end < 0 {
		h.wrong = append(h.wrong, fmt.Sprintf("a mapping must be written as COLUMN=MEMBER; got %s", fault.Quote(text)))
		return
	}
	sources, target := []string{text[:end]}, strings.TrimSpace(text[end+1:])
	if h.find(text[:end]) < 0 {
		sources = strings.Split(text[:end], "+")
	}
	var at []int
	for _, source := range sources {
		i := h.find(source)
		if i < 0 {
			h.wrong = append(h.wrong, fmt.Sprintf("the mapping names column %s, which the file does not have%s", fault.Quote(source), fault.DidYouMean(source, h.names)))
			return
		}
		h.used[i], at = true, append(at, i)
	}
	if target != "" {
		h.set(target, at)
	}
}

// find returns the place of a column of the file that is not yet assigned, or
// -1.
func (h *heading) find(name string) int {
	found := -1
	for i, other := range h.names {
		switch {
		case h.used[i]:
		case other == name:
			return i
		case found < 0 && !isBlank(name) && loose(other) == loose(name):
			found = i
		}
	}
	return found
}

// set makes the cells the values of the member of the name.
func (h *heading) set(name string, at []int) {
	i := slices.IndexFunc(h.known, func(c column) bool { return c.Name == name })
	if i < 0 {
		i = h.nearly(name)
	}
	switch {
	case i < 0:
		h.wrong = append(h.wrong, fmt.Sprintf("column %s is not known%s", fault.Quote(name), fault.DidYouMean(name, h.knownNames())))
		return
	case slices.ContainsFunc(h.fields, func(f field) bool { return f.Name == h.known[i].Name }):
		h.wrong = append(h.wrong, fmt.Sprintf("column %s appears twice", fault.Quote(name)))
	}
	h.fields = append(h.fields, field{column: h.known[i], at: at})
}

// nearly returns the one known column that is written in another way, or -1.
func (h *heading) nearly(name string) int {
	found := -1
	for i, c := range h.known {
		if loose(c.Name) != loose(name) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

func (h *heading) knownNames() []string {
	var names []string
	for _, c := range h.known {
		names = append(names, c.Name)
	}
	return names
}

// loose is a name without what people and programs write differently: case,
// spaces and underscores.
func loose(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
