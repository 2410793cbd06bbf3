package fuzz

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// maker makes requests up.
type maker struct {
	*rand.Rand
	server     *sampleServer
	operations []*operation

	operation *operation
	wild      float64 // how likely each value is beyond a bound
	wrong     string  // what of the request openapi.yaml does not allow
}

// request is one to send.
type request struct {
	operation *operation
	method    string
	target    string
	header    [][2]string
	body      []byte
	hasBody   bool
	sound     bool   // nothing of it is meant to be wrong
	wrong     string // what openapi.yaml does not allow: it must not succeed
}

// chance is true with the probability.
func (m *maker) chance(p float64) bool { return m.Float64() < p }

// strays tells whether the next value is to be beyond a bound.
func (m *maker) strays() bool { return m.chance(m.wild) }

// refuse notes that the request is not allowed.
func (m *maker) refuse(why string) {
	if m.wrong == "" {
		m.wrong = why
	}
}

// pick returns one of a list, which must not be empty.
func pick[T any](m *maker, from []T) T { return from[m.IntN(len(from))] }

// known returns one of the texts, or else the other one.
func (m *maker) known(texts []string, other string) string {
	if len(texts) == 0 {
		return other
	}
	return pick(m, texts)
}

// request makes a request of one of the operations. Half of them are sound, a third
// has few values that are not, and the rest many.
func (m *maker) request() *request {
	op := pick(m, m.operations)
	// Passwords take the server a hundred times as long as anything else.
	if m.slow(op) && m.chance(0.8) {
		op = pick(m, m.operations)
	}
	switch n := m.Float64(); {
	case n < 0.5:
		m.wild = 0
	case n < 0.85:
		m.wild = 0.08
	default:
		m.wild = 0.4
	}
	return m.requestOf(op)
}

func (m *maker) slow(op *operation) bool {
	return op.password || op.open || op.id == "changePassword"
}

// requestOf makes a request of the operation.
func (m *maker) requestOf(op *operation) *request {
	m.operation, m.wrong = op, ""
	r := &request{operation: op, method: op.method, sound: m.wild == 0}
	r.target = m.target(op)
	r.header = m.headers(op)
	if op.body != nil && !(op.optional && m.chance(0.3)) {
		r.body, r.hasBody = m.text(op.body), true
		if m.strays() {
			m.mangle(r)
		}
		m.describe(r)
	} else if m.strays() {
		r.body, r.hasBody = []byte("{}"), true
		m.describe(r)
	}
	if m.chance(m.wild / 4) {
		m.changeMethod(r)
	}
	r.wrong = m.wrong
	return r
}

// changeMethod takes another method than the operation's.
func (m *maker) changeMethod(r *request) {
	methods := []string{"HEAD", "OPTIONS", "PUT", "TRACE", "BREW", "patch", "GET", "POST", "DELETE"}
	if r.method == "GET" {
		methods = methods[:2]
	}
	r.method = pick(m, methods)
	m.wrong = "" // It is another request now.
}

// target is the path and the query.
func (m *maker) target(op *operation) string {
	path := op.path
	for _, p := range op.parameters {
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", m.segment(p))
		}
	}
	if m.chance(m.wild / 20) {
		path += pick(m, []string{"/", "//", "/.", "/..", ";a=b", "%2F", "%00", "/x"})
		m.wrong = ""
	}
	return "/v1" + path + m.query(op)
}

// integers are at the bounds that programs have.
var integers = []string{
	"0", "-1", "1", "2147483648", "4294967296", "9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775807",
	"9223372036854775808", "-9223372036854775809", "18446744073709551616", strings.Repeat("9", 400),
}

// numberTexts are texts that some take for integers.
var numberTexts = []string{"", " 1", "1 ", "+1", "01", "1.0", "1e0", "0x1", "1_000", "١", "NaN", "null", "true", "-0", "--1", "1,2", "∞"}

// isInt64 tells whether openapi.yaml's int64 can be the text.
func isInt64(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// sortedKeys are the names of a table in an order that is the same each time.
func sortedKeys[V any](table map[string]V) []string { return slices.Sorted(maps.Keys(table)) }
