package fuzz

import (
	"bytes"
	"strconv"
	"strings"
)

// broken is what goes over a connection of its own, and is no sound request, or
// several.
type broken struct {
	kind     string
	pieces   [][]byte
	answers  int        // that must come
	requests []*request // that the answers are for; none: any problem will do
	ends     bool       // the caller hangs up its side after it
}

// method is that of a request that an answer is for, which decides how it is read.
func (b *broken) method(i int) string {
	if i < len(b.requests) {
		return b.requests[i].method
	}
	return "GET"
}

// heads are request lines and headers, each with what may be wrong with it. {key}
// stands for the key, {rest} for Host, the key and the end of the headers.
var heads = map[string]string{
	"no version":            "GET /v1/accounts\r\n{rest}",
	"HTTP/0.9":              "GET /v1/accounts HTTP/0.9\r\n{rest}",
	"HTTP/1.0":              "GET /v1/accounts HTTP/1.0\r\n{rest}",
	"HTTP/1.2":              "GET /v1/accounts HTTP/1.2\r\n{rest}",
	"HTTP/2":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"HTTP/3.0":              "GET /v1/accounts HTTP/3.0\r\n{rest}",
	"no target":             "GET HTTP/1.1\r\n{rest}",
	"asterisk":              "OPTIONS * HTTP/1.1\r\n{rest}",
	"GET asterisk":          "GET * HTTP/1.1\r\n{rest}",
	"absolute target":       "GET http://other.example/v1/accounts HTTP/1.1\r\n{rest}",
	"CONNECT":               "CONNECT accounts:443 HTTP/1.1\r\n{rest}",
	"relative target":       "GET v1/accounts HTTP/1.1\r\n{rest}",
	"empty method":          " /v1/accounts HTTP/1.1\r\n{rest}",
	"method with a bracket": "G(T /v1/accounts HTTP/1.1\r\n{rest}",
	"space in target":       "GET /v1/accounts?q=a b HTTP/1.1\r\n{rest}",
	"raw bytes in target":   "GET /v1/accounts?q=\xff\xfe HTTP/1.1\r\n{rest}",
	"control in target":     "GET /v1/acc\x01ounts HTTP/1.1\r\n{rest}",
	"bad escape":            "GET /v1/accounts/%zz HTTP/1.1\r\n{rest}",
	"fragment":              "GET /v1/accounts#x HTTP/1.1\r\n{rest}",
	"double slash":          "GET //v1/accounts HTTP/1.1\r\n{rest}",
	"dots":                  "GET /v1/../v1/./accounts HTTP/1.1\r\n{rest}",
	"no host":               "GET /v1/accounts HTTP/1.1\r\nx-api-key: {key}\r\n\r\n",
	"two hosts":             "GET /v1/accounts HTTP/1.1\r\nHost: a\r\n{rest}",
	"bad host":              "GET /v1/accounts HTTP/1.1\r\nHost: a b/c\r\nx-api-key: {key}\r\n\r\n",
	"header without colon":  "GET /v1/accounts HTTP/1.1\r\n{some}nonsense\r\n\r\n",
	"space before colon":    "GET /v1/accounts HTTP/1.1\r\n{some}X-A : b\r\n\r\n",
	"folded header":         "GET /v1/accounts HTTP/1.1\r\n{some}X-A: b\r\n c\r\n\r\n",
	"NUL in header":         "GET /v1/accounts HTTP/1.1\r\n{some}X-A: b\x00c\r\n\r\n",
	"CR in header":          "GET /v1/accounts HTTP/1.1\r\n{some}X-A: b\rc\r\n\r\n",
	"bare LF":               "GET /v1/accounts HTTP/1.1\nHost: a\nx-api-key: {key}\n\n",
	"empty header name":     "GET /v1/accounts HTTP/1.1\r\n{some}: b\r\n\r\n",
	"non-ASCII header name": "GET /v1/accounts HTTP/1.1\r\n{some}é: b\r\n\r\n",
	"huge header":           "GET /v1/accounts HTTP/1.1\r\n{some}X-A: " + strings.Repeat("a", 100_000) + "\r\n\r\n",
	"many headers":          "GET /v1/accounts HTTP/1.1\r\nK" + strings.Repeat("X-A: b\r\n", 5_000) + "\r\n",
	"huge target":           "GET /v1/accounts?q=" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\n{rest}",
	"unknown expectation":   "GET /v1/accounts HTTP/1.1\r\n{some}Expect: tea\r\n\r\n",
	"upgrade":               "GET /v1/accounts HTTP/1.1\r\n{some}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	"upgrade to h2c":        "GET /v1/accounts HTTP/1.1\r\n{some}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	"TLS":                   "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x00", 160),
	"empty lines":           "\r\n\r\nGET /v1/accounts HTTP/1.1\r\n{rest}",
	"noise":                 "\x00\x01\x02\r\n\r\n",
}

// framings are headers and bodies that do not belong together; {json} stands
// for a sound body, {length} and {hex} for its length.
var framings = map[string]string{
	"length too small":            "Content-Length: 1\r\n\r\n{json}",
	"negative length":             "Content-Length: -5\r\n\r\n{json}",
	"length with a plus":          "Content-Length: +5\r\n\r\n{json}",
	"length is a word":            "Content-Length: five\r\n\r\n{json}",
	"length overflows":            "Content-Length: 99999999999999999999\r\n\r\n{json}",
	"huge length":                 "Content-Length: 999999999999\r\n\r\n{json}",
	"two lengths":                 "Content-Length: {length}\r\nContent-Length: 1\r\n\r\n{json}",
	"the length twice":            "Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{json}",
	"list of lengths":             "Content-Length: {length}, {length}\r\n\r\n{json}",
	"empty length":                "Content-Length: \r\n\r\n{json}",
	"length and chunks":           "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"chunked":                     "Transfer-Encoding: chunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"chunked, with trailer":       "Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n{hex}\r\n{json}\r\n0\r\nX-A: b\r\n\r\n",
	"chunked, forbidden trailer":  "Transfer-Encoding: chunked\r\n\r\n{hex}\r\n{json}\r\n0\r\nContent-Length: 3\r\n\r\n",
	"chunk with extension":        "Transfer-Encoding: chunked\r\n\r\n{hex};a=b;c=\"d\"\r\n{json}\r\n0\r\n\r\n",
	"chunk with huge extension":   "Transfer-Encoding: chunked\r\n\r\n{hex};a=" + strings.Repeat("b", 20_000) + "\r\n{json}\r\n0\r\n\r\n",
	"chunk size is a word":        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{json}\r\n0\r\n\r\n",
	"chunk size overflows":        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{json}\r\n0\r\n\r\n",
	"negative chunk size":         "Transfer-Encoding: chunked\r\n\r\n-1\r\n{json}\r\n0\r\n\r\n",
	"chunk too short":             "Transfer-Encoding: chunked\r\n\r\n1\r\n{json}\r\n0\r\n\r\n",
	"chunk without end":           "Transfer-Encoding: chunked\r\n\r\n{hex}\r\n{json}0\r\n\r\n",
	"chunks with bare LF":         "Transfer-Encoding: chunked\r\n\r\n{hex}\n{json}\n0\n\n",
	"no chunks":                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunked in capitals":         "Transfer-Encoding: CHUNKED\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"chunked twice":               "Transfer-Encoding: chunked, chunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"gzip as transfer coding":     "Transfer-Encoding: gzip, chunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"identity as transfer coding": "Transfer-Encoding: identity\r\nContent-Length: {length}\r\n\r\n{json}",
	"unknown transfer coding":     "Transfer-Encoding: xchunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"smuggled coding":             "Transfer-Encoding:\x0bchunked\r\n\r\n{hex}\r\n{json}\r\n0\r\n\r\n",
	"neither":                     "\r\n{json}",
}

// broken makes broken bytes of one of the kinds.
func (m *maker) broken() *broken {
	switch n := m.Float64(); {
	case n < 0.45:
		return m.brokenHead()
	case n < 0.85:
		return m.brokenFraming()
	case n < 0.95:
		return m.pipeline()
	}
	return m.unfinished()
}

func (m *maker) brokenHead() *broken {
	kind := pick(m, sortedKeys(heads))
	key := m.server.keys["read"]
	some := "Host: a\r\nx-api-key: " + key + "\r\n"
	text := strings.NewReplacer("{rest}", some+"\r\n", "{some}", some, "{key}", key).Replace(heads[kind])
	return &broken{kind: kind, pieces: [][]byte{[]byte(text)}, answers: 1}
}

// brokenFraming sends a write whose body is not as its headers say.
func (m *maker) brokenFraming() *broken {
	kind := pick(m, sortedKeys(framings))
	m.wild = 0
	r := m.requestOf(m.withBody())
	head, _, _ := bytes.Cut((&request{method: r.method, target: r.target, header: r.header}).bytes(), []byte("\r\n\r\n"))
	length := len(r.body)
	framing := strings.NewReplacer("{json}", string(r.body), "{length}", strconv.Itoa(length), "{hex}", strconv.FormatInt(int64(length), 16)).Replace(framings[kind])
	return &broken{kind: kind, pieces: m.cut([]byte(string(head) + "\r\n" + framing)), answers: 1}
}

// withBody is an operation that takes a body and no password.
func (m *maker) withBody() *operation {
	for {
		if op := pick(m, m.operations); op.body != nil && !m.slow(op) {
			return op
		}
	}
}

// pipeline is several sound requests in one piece, or each byte in one.
func (m *maker) pipeline() *broken {
	b := &broken{kind: "pipeline"}
	var data []byte
	for range 2 + m.IntN(6) {
		m.wild = 0.02
		op := pick(m, m.operations)
		if m.slow(op) {
			continue
		}
		r := m.requestOf(op)
		b.requests = append(b.requests, r)
		data = append(data, r.bytes()...)
	}
	b.answers = min(1, len(b.requests)) // Any of them may end the connection.
	b.pieces = m.cut(data)
	return b
}

// unfinished is a request that ends early: the caller hangs up, or says no more.
func (m *maker) unfinished() *broken {
	m.wild = 0
	data := m.requestOf(m.withBody()).bytes()
	return &broken{kind: "unfinished", pieces: m.cut(data[:m.IntN(len(data))]), ends: m.chance(0.8)}
}

// cut cuts bytes in pieces, most often in one.
func (m *maker) cut(data []byte) [][]byte {
	if m.chance(0.8) || len(data) > 2000 {
		return [][]byte{data}
	}
	var pieces [][]byte
	for len(data) > 0 {
		n := min(len(data), 1+m.IntN(40))
		pieces, data = append(pieces, data[:n]), data[n:]
	}
	return pieces
}
