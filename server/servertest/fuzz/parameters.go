package fuzz

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// segment is a value of a parameter of the path, escaped.
func (m *maker) segment(p *openapi3.Parameter) string {
	pool := &m.server.pool
	ids := map[string][]string{
		"accountId": pool.accounts, "clientId": pool.accounts, "contactId": pool.contacts,
		"userId": pool.users, "keyId": pool.keys, "keyName": pool.keyNames(), "webhookId": pool.webhooks,
	}[p.Name]
	if m.strays() {
		text := m.parameter(p)
		if m.sacred(text) {
			text = "0"
		}
		if text == "" || text == "." || text == ".." {
			m.wrong = "" // It is another path.
		}
		if m.chance(0.1) {
			m.wrong = ""
			return pick(m, []string{"%", "%zz", "%2F", "%00", "%ff", "a%2fb", "..%2f..", "%c0%ae", "%ED%A0%80", "%F0%9F%98%80", strings.Repeat("a", 5000)})
		}
		return url.PathEscape(text)
	}
	text := m.known(ids, "1")
	if m.sacred(text) {
		text = pool.users[len(pool.users)-1]
	}
	return url.PathEscape(text)
}

// sacred tells whether a request is not to name the first user: who makes keys for
// this program must not be disabled, nor have no password.
func (m *maker) sacred(text string) bool {
	return text == "1" && strings.Contains(m.operation.path, "{userId}") && m.operation.method != "GET" && !strings.HasPrefix(m.operation.path, "/alias")
}

// keyNames are those of custom members.
func (p *pool) keyNames() []string {
	var names []string
	for _, property := range p.properties {
		if property.IsCustom {
			names = append(names, property.KeyName)
		}
	}
	return names
}

// query is the query, with its question mark if there is any.
func (m *maker) query(op *operation) string {
	var pairs []string
	for _, p := range op.parameters {
		if p.In != "query" || p.Extensions["x-lenient"] == true && !m.chance(0.05) || !p.Required && !m.chance(0.2) {
			continue
		}
		if p.Required && m.strays() && m.chance(0.2) {
			m.refuse(p.Name + " is missing")
			continue
		}
		pairs = append(pairs, p.Name+"="+m.escape(m.parameter(p)))
		if m.strays() && m.chance(0.2) {
			m.refuse(p.Name + " is sent twice")
			pairs = append(pairs, p.Name+"="+m.escape(m.parameter(p)))
		}
	}
	if m.strays() && m.chance(0.2) {
		m.refuse("unknown parameter")
		pairs = append(pairs, pick(m, []string{"nope=1", "=1", "&&", "a;b=1", "PAGE_SIZE=1", "page_size[]=1", "%zz=1", "nope=%zz", "%00=%00", "%ff=1", strings.Repeat("a", 3000) + "=1"}))
		if last := pairs[len(pairs)-1]; last == "&&" {
			m.wrong = ""
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

// escape escapes a value of the query.
func (m *maker) escape(text string) string {
	if m.strays() && m.chance(0.05) {
		m.wrong = ""
		return pick(m, []string{"%", "%f", "%zz", "%ff", "%00", "%c0%80", "%ED%A0%80", "+", "a+b", "a;b", "%u0041"})
	}
	return url.QueryEscape(text)
}

// parameter is a value of a parameter as it is before it is escaped.
func (m *maker) parameter(p *openapi3.Parameter) string {
	s := p.Schema.Value
	switch kind := s.Type; {
	case kind.Is("integer"):
		return m.integerParameter(p, s)
	case kind.Is("boolean"):
		if m.strays() {
			m.refuse(p.Name + " is no boolean")
			return pick(m, []string{"", "1", "0", "True", "TRUE", "yes", "null", "true ", "truefalse"})
		}
		return pick(m, []string{"true", "false"})
	case kind.Is("array"):
		if m.strays() {
			m.refuse(p.Name + " has a wrong item")
			return pick(m, []string{"", ",", "nope", "account,", "account,nope", "ACCOUNT", strings.Repeat("account,", 10) + "account"})
		}
		return pick(m, []string{"account", "account,account"})
	}
	return m.textParameter(p, s)
}

func (m *maker) integerParameter(p *openapi3.Parameter, s *openapi3.Schema) string {
	if m.strays() {
		text := pick(m, numberTexts)
		if m.chance(0.5) {
			text = pick(m, integers)
		}
		if !isInt64(text) || text[0] == '+' || len(text) > 1 && text[0] == '0' || outside(s, text) {
			m.refuse(p.Name + " is outside of its bounds")
		}
		return text
	}
	var bounds []string
	for _, bound := range []*float64{s.Min, s.Max} {
		if bound != nil {
			bounds = append(bounds, fmt.Sprintf("%.0f", *bound))
		}
	}
	return pick(m, append(bounds, "1", "1", "2", "3", "7", "20"))
}

// outside tells whether an integer is outside of its bounds.
func outside(s *openapi3.Schema, text string) bool {
	var number float64
	if _, err := fmt.Sscan(text, &number); err != nil {
		return true
	}
	return s.Min != nil && number < *s.Min || s.Max != nil && number > *s.Max
}

// textParameter is a value of a text.
func (m *maker) textParameter(p *openapi3.Parameter, s *openapi3.Schema) string {
	pool := &m.server.pool
	if m.strays() {
		return m.strangeText(s, p.Name)
	}
	switch p.Name {
	case "cursor":
		return m.known(pool.cursors.texts, "nope")
	case "after", "before":
		return m.known(pool.sequences, "0")
	case "prop1", "prop2":
		return m.known(append(pool.keyNames(), "title", "number", "isActive", "createdAt", "primaryEmail", "address", "contacts", "value"), "title")
	case "value1", "value2":
		return pick(m, []string{"a", "true", "false", "1", "1,2", "-5.5", "a,b", `["a","b"]`, "2026-01-01", "2026-01-01,2026-12-31", "1,1000", `"Last, First",Other`, "2026-11-24T00:00:00Z", `[1,2]`, "metal"})
	case "If-Match", "If-None-Match":
		return m.known(append(pool.tags.texts, "*", `"1-1"`, `W/"1-1"`, `"a", "b"`), "*")
	case "Prefer":
		return pick(m, []string{"handling=strict", "handling=lenient", "handling=lenient", "respond-async", "handling=strict, wait=10", "return=minimal", "merge", "merge=strict, handling=strict"})
	}
	return m.sound(s, p.Name)
}

// headers are those of the operation's own, the key and some that any may have.
func (m *maker) headers(op *operation) [][2]string {
	header := [][2]string{{"Host", m.server.address}}
	for _, p := range op.parameters {
		if p.In == "header" && m.chance(0.15) {
			text := m.textParameter(p, p.Schema.Value)
			if strings.ContainsAny(text, "\r\n\x00") {
				m.wrong, text = "", "x"
			}
			header = append(header, [2]string{p.Name, text})
		}
	}
	header = append(header, m.credentials(op)...)
	header = append(header, [2]string{"X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", m.IntN(256), m.IntN(256), m.IntN(256))})
	for _, h := range commonHeaders {
		if m.chance(0.04) {
			header = append(header, [2]string{h[0], pick(m, h[1:])})
		}
	}
	return header
}

// commonHeaders are headers, each with values that it may have.
var commonHeaders = [][]string{
	{"Accept-Encoding", "gzip", "gzip;q=0", "br", "*", "gzip, deflate, br, zstd", "identity;q=0", ";;;"},
	{"Accept", "application/json", "text/html", "application/xml", "*/*;q=0", "nonsense"},
	{"Origin", origin, "https://evil.example.com", "null", "%%"},
	{"Access-Control-Request-Method", "PATCH", "NOPE"},
	{"Access-Control-Request-Headers", "x-api-key", "é"},
	{"X-Request-Id", "abc-1", "a b", strings.Repeat("a", 128), strings.Repeat("a", 129), "\xff", "<script>"},
	{"If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT", "never"},
	{"If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"},
	{"Range", "bytes=0-0", "bytes=5-1"},
	{"Cookie", "a=b", strings.Repeat("a", 4000)},
	{"X-HTTP-Method-Override", "DELETE"},
	{"Content-Language", "de"},
	{"Expect", "100-continue"},
	{"X-Forwarded-For", "1.2.3.4", "::1", "unknown", ",,,"},
	{"X-Forwarded-Proto", "https"},
	{"User-Agent", "curl/8", "", "\xf0\x9f\x98\x80"},
}

// credentials are how the caller proves who it is.
func (m *maker) credentials(op *operation) [][2]string {
	key := m.server.keys["admin"]
	if m.chance(0.15) {
		key = m.server.keys[pick(m, scopes)]
	}
	if op.password {
		secret, user := password, pick(m, []string{owner, second})
		if m.strays() {
			secret, m.wrong = pick(m, []string{"", "wrong wrong wrong", strings.Repeat("x", 2000), "\xff", "a:b"}), ""
		}
		return [][2]string{{"Authorization", "Basic " + basic(user, secret)}}
	}
	if m.strays() && m.chance(0.3) {
		m.wrong = ""
		return pick(m, [][][2]string{
			{}, {{"x-api-key", "nope"}}, {{"x-api-key", ""}}, {{"Authorization", "Bearer"}}, {{"Authorization", "Basic !!!"}}, {{"Authorization", "Bearer " + key + " x"}},
			{{"x-api-key", key}, {"x-api-key", key}}, {{"x-api-key", key}, {"Authorization", "Bearer nope"}}, {{"x-api-key", strings.Repeat("k", 9000)}}, {{"x-api-key", "\xff\xfe"}},
		})
	}
	if m.chance(0.1) {
		return [][2]string{{"Authorization", "Bearer " + key}}
	}
	return [][2]string{{"x-api-key", key}}
}
