package fuzz

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

func basic(user, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
}

// text is a JSON text for a schema.
func (m *maker) text(s *openapi3.Schema) []byte { return m.value(nil, s, "", 0) }

// value appends a JSON value for a schema. name is the member that it is for.
func (m *maker) value(to []byte, s *openapi3.Schema, name string, depth int) []byte {
	for s.Type == nil && len(s.AllOf) > 0 {
		s = s.AllOf[0].Value
	}
	if s.Nullable && m.chance(0.1) {
		return append(to, "null"...)
	}
	if m.strays() && m.chance(0.25) {
		return m.wrongType(to, s, name)
	}
	switch options := append(s.OneOf, s.AnyOf...); {
	case len(options) > 0:
		return m.value(to, pick(m, options).Value, name, depth+1)
	case name == "custom":
		return m.custom(to)
	case s.Type.Is("object"):
		return m.object(to, s, depth)
	case s.Type.Is("array"):
		return m.array(to, s, name, depth)
	case s.Type.Is("integer"), s.Type.Is("number"):
		return m.number(to, s, name)
	case s.Type.Is("boolean"):
		return append(to, pick(m, []string{"true", "false"})...)
	}
	if m.strays() {
		return m.quote(to, m.strangeText(s, name))
	}
	return m.quote(to, m.sound(s, name))
}

// wrongType appends a value of another type.
func (m *maker) wrongType(to []byte, s *openapi3.Schema, name string) []byte {
	kinds := map[string]string{"object": `{"a":1}`, "array": `[1]`, "string": `"x"`, "number": "1.5", "boolean": "true", "null": "null"}
	wrong := pick(m, []string{"object", "array", "string", "number", "boolean", "null"})
	fits := s.Type == nil || s.Type.Is(wrong) || s.Type.Is("integer") && wrong == "number" || wrong == "null" && s.Nullable
	if !fits && !m.loose(name) {
		m.refuse(fmt.Sprintf("%s is a %s", name, wrong))
	}
	return append(to, kinds[wrong]...)
}

// loose tells whether a member may also be what its schema does not say.
func (m *maker) loose(name string) bool { return name == "" && m.operation.optional }

// object appends an object, with some of its members.
func (m *maker) object(to []byte, s *openapi3.Schema, depth int) []byte {
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	m.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	to = append(to, '{')
	first := true
	add := func(name string, value func()) {
		if !first {
			to = append(to, ',')
		}
		first = false
		to = append(m.quote(to, name), ':')
		value()
	}
	for _, name := range names {
		required := slices.Contains(s.Required, name)
		if !required && (depth > 6 || !m.chance(0.3)) {
			continue
		}
		if required && m.strays() && m.chance(0.2) {
			m.refuse(name + " is missing")
			continue
		}
		member := func() { to = m.value(to, s.Properties[name].Value, name, depth+1) }
		add(name, member)
		if m.strays() && m.chance(0.1) {
			m.refuse(name + " stands twice")
			add(name, member)
		}
	}
	if m.strays() && m.chance(0.2) {
		if s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has {
			m.refuse("unknown member")
		}
		add(pick(m, []string{"nope", "", "__proto__", "Title", "é", "a/b~c", "$ref", strings.Repeat("n", 3000)}), func() { to = append(to, '1') })
	}
	return append(to, '}')
}

// array appends a list, of a length at or beyond its bounds or, most often, of a few.
func (m *maker) array(to []byte, s *openapi3.Schema, name string, depth int) []byte {
	length := int(s.MinItems) + m.IntN(3)
	if s.MaxItems != nil {
		most := int(*s.MaxItems)
		length = min(length, most)
		if m.strays() && m.chance(0.2) {
			length = pick(m, []int{0, most, most + 1, 2 * most})
		}
		if length > most || length < int(s.MinItems) {
			m.refuse(fmt.Sprintf("%s has %d items", name, length))
		}
	}
	to = append(to, '[')
	// The items of a long list are as like as not to be too much for the body.
	was := m.wild
	if length > 20 {
		m.wild = 0
	}
	for i := range length {
		if i > 0 {
			to = append(to, ',')
		}
		to = m.value(to, s.Items.Value, name, depth+1)
	}
	m.wild = was
	return append(to, ']')
}

// numbers are texts of JSON numbers that are hard to hold.
var numbers = []string{"-0", "0.0", "1e0", "1E+2", "1.0", "0.1", "1e-400", "1e400", "-1e400", "1e999999999", "123456789012345678901234567890.123456789", "1.7976931348623157e308", "5e-324", "9007199254740993"}

// number appends a number.
func (m *maker) number(to []byte, s *openapi3.Schema, name string) []byte {
	if ids := m.server.pool.idsOf(m.operation, name); len(ids) > 0 && !m.strays() {
		return append(to, pick(m, ids)...)
	}
	if m.strays() {
		text := pick(m, integers)
		if m.chance(0.5) {
			text = pick(m, numbers)
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil || s.Min != nil && number < *s.Min || s.Max != nil && number > *s.Max || s.Type.Is("integer") && (number != math.Trunc(number) || math.Abs(number) > 1e19) {
			m.refuse(name + " is outside of its bounds")
		}
		return append(to, text...)
	}
	bounds := []string{"1", "2", "42"}
	for _, bound := range []*float64{s.Min, s.Max} {
		if bound != nil {
			bounds = append(bounds, strconv.FormatFloat(*bound, 'f', -1, 64))
		}
	}
	return append(to, pick(m, bounds)...)
}

// idsOf are those that a member can name.
func (p *pool) idsOf(op *operation, name string) []string {
	switch {
	case name == "contacts", name == "id" && strings.Contains(op.path, "contact"):
		return p.contacts
	case name == "id":
		return p.accounts
	}
	return nil
}

// custom appends values of custom members.
func (m *maker) custom(to []byte) []byte {
	to = append(to, '{')
	n := 0
	for _, p := range m.server.pool.properties {
		if !p.IsCustom || !m.chance(min(0.4, 6/float64(len(m.server.pool.properties)))) {
			continue
		}
		if n++; n > 1 {
			to = append(to, ',')
		}
		to = append(m.quote(to, p.KeyName), ':')
		if p.IsMultiple && !m.strays() {
			to = append(append(to, '['), m.customValue(p)...)
			to = append(to, ']')
			continue
		}
		to = append(to, m.customValue(p)...)
	}
	if m.strays() && n == 0 {
		m.refuse("unknown custom member")
		to = append(to, `"no_such_member":1`...)
	}
	return append(to, '}')
}

// customValue is a value of a custom member, of its type or of another.
func (m *maker) customValue(p property) []byte {
	kinds := [][]byte{[]byte("null"), []byte("true"), []byte(pick(m, numbers[:6])), []byte(`"2026-02-03"`), m.quote(nil, m.words(40)), []byte(`["a"]`), []byte(`{}`)}
	if m.strays() {
		return pick(m, kinds)
	}
	switch {
	case len(p.Options) > 0:
		return m.quote(nil, pick(m, p.Options))
	case strings.Contains(p.Type, "bool"):
		return kinds[1]
	case strings.Contains(p.Type, "num"):
		return kinds[2]
	case strings.Contains(p.Type, "date"):
		return kinds[3]
	}
	return kinds[4]
}

// quote appends a text as JSON. It writes bytes that are no UTF-8 as they are, and
// some characters as escapes.
func (m *maker) quote(to []byte, text string) []byte {
	to = append(to, '"')
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			to = append(to, text[0])
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r < 0x20:
			to = fmt.Appendf(to, `\u%04x`, r)
		default:
			to = append(to, text[:size]...)
		}
		text = text[size:]
	}
	if m.strays() && m.chance(0.03) {
		m.refuse("broken text in JSON")
		to = append(to, pick(m, []string{`\ud800`, `\udc00\ud800`, `\x41`, `\u12`, "\n", "\x00", `\u0000`, "\xff", "\xc0\x80", "\xed\xa0\x80"})...)
	}
	return append(to, '"')
}
