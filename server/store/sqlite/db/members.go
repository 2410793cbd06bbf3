package db

import (
	"bytes"
	"encoding/json"

	"zombiezen.com/go/sqlite"
)

// Members are some members of an object that is stored as JSON, of which no value
// is an object itself. They are read without the others, which is for those who
// look at many.
type Members struct {
	Names []string
	Into  map[string]any // without those that there are not
}

// Read reads the members.
func (m Members) Read(c Column) error {
	if err := c.is(sqlite.TypeText); err != nil {
		return err
	}
	var kept [1024]byte // enough for most
	text := kept[:]
	if n := c.stmt.ColumnLen(c.at); n > len(text) {
		text = make([]byte, n)
	}
	text = text[:c.stmt.ColumnBytes(c.at, text)]
	clear(m.Into)
	for _, name := range m.Names {
		value, err := member(text, name)
		if err != nil {
			return err
		}
		if value != nil {
			m.Into[name] = value
		}
	}
	return nil
}

// member returns the value of a member, nil if there is none. A name is no name
// within a string: there its last quote has a backslash, or no colon follows.
func member(object []byte, name string) (value any, err error) {
	quoted := []byte(`"` + name + `"`)
	for {
		_, rest, found := bytes.Cut(object, quoted)
		if !found {
			return nil, nil
		}
		if text := bytes.TrimLeft(rest, " \t\r\n"); bytes.HasPrefix(text, []byte(":")) {
			return firstValue(bytes.TrimLeft(text[1:], " \t\r\n"))
		}
		object = rest
	}
}

// firstValue decodes the value at the start of a text: a plain string at once.
func firstValue(text []byte) (value any, err error) {
	if plain, ok := bytes.CutPrefix(text, []byte(`"`)); ok {
		if end := bytes.IndexAny(plain, `"\`); end >= 0 && plain[end] == '"' {
			return string(plain[:end]), nil
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}
