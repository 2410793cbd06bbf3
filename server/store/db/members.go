package db

import (
	"bytes"
	"encoding/json"
)

// Members is an object that is stored as JSON, of which no value is an object
// itself. Its members are decoded when they are asked for: that is for those who
// look at one member of many objects.
type Members struct{ text []byte }

// Read reads the object, in place of the one before.
func (m *Members) Read(c Column) (err error) {
	m.text, err = c.AppendText(m.text[:0])
	return err
}

// find returns the text from the value of a member on, nil if there is none. A
// name is no name within a string: there its last quote has a backslash, or no
// colon follows.
func (m *Members) find(name string) []byte {
	var kept [80]byte
	quoted := append(append(append(kept[:0], '"'), name...), '"')
	for rest, found := m.text, true; ; {
		if _, rest, found = bytes.Cut(rest, quoted); !found {
			return nil
		}
		if text := bytes.TrimLeft(rest, " \t\r\n"); bytes.HasPrefix(text, []byte(":")) {
			return bytes.TrimLeft(text[1:], " \t\r\n")
		}
	}
}

// Has tells whether there is a member with a value: an empty list is none.
func (m *Members) Has(name string) bool {
	text := m.find(name)
	return text != nil && !bytes.HasPrefix(text, []byte("[]"))
}

// Value decodes the value of a member; nil if there is none.
func (m *Members) Value(name string) (value any, err error) {
	text := m.find(name)
	if text == nil {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// Plain returns the value of a member that is a text of ASCII without escapes.
func (m *Members) Plain(name string) (text string, ok bool) {
	quoted := m.find(name)
	if len(quoted) == 0 || quoted[0] != '"' {
		return "", false
	}
	for i, b := range quoted[1:] {
		switch {
		case b == '"':
			return string(quoted[1 : i+1]), true
		case b == '\\' || b >= 0x80:
			return "", false
		}
	}
	return "", false
}
