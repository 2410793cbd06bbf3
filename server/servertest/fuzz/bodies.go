package fuzz

import (
	"bytes"
	"compress/gzip"
	"strings"
	"unicode/utf16"
)

// mangle makes of a body another one, which is no longer JSON, or not as it was sent.
func (m *maker) mangle(r *request) {
	switch m.IntN(12) {
	case 0: // which is passed over
		r.body = append([]byte("\ufeff"), r.body...)
		return
	case 1:
		r.body = r.body[:m.IntN(len(r.body))]
	case 2:
		r.body = append(r.body, pick(m, []string{"x", "{}", ",", "\x00", "]", "null"})...)
	case 3:
		r.body = zip(r.body)
	case 4:
		r.body = zip(r.body)
		r.header = append(r.header, [2]string{"Content-Encoding", pick(m, []string{"gzip", "br", "gzip, gzip", "nope"})})
	case 5:
		r.body = wide(r.body)
	case 6:
		depth := pick(m, []int{100, 9_999, 10_001, 100_000})
		r.body = []byte(strings.Repeat(`[`, depth) + strings.Repeat(`]`, depth*m.IntN(2)))
	case 7:
		r.body = []byte(strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000))
	case 8:
		r.body = []byte(pick(m, []string{"", " ", "null", "0", `""`, "[]", "true", "nul", "NaN", "{'a':1}", "{a:1}", "{\"a\":1,}", "/**/{}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\"", "\ufeff", "\xff\xfe{\x00}\x00", `{"a":"` + "\n" + `"}`, `{"a":1e}`, "--x\r\n", "a=1&b=2", "<a/>"}))
	case 9: // one byte is another
		r.body[m.IntN(len(r.body))] = byte(m.IntN(256))
		m.wrong = ""
		return
	case 10: // larger than a server takes
		r.body = append(r.body, bytes.Repeat([]byte(" "), 1<<20)...)
	case 11: // about as large as one takes without a key
		r.body = append(r.body, bytes.Repeat([]byte(" "), 16<<10-len(r.body)%(1<<10))...)
		m.wrong = ""
		return
	}
	m.refuse("the body is broken")
	if m.operation.optional && len(r.body) == 0 {
		m.wrong = ""
	}
}

func zip(data []byte) []byte {
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	_, _ = w.Write(data)
	_ = w.Close()
	return to.Bytes()
}

// wide is a text in UTF-16.
func wide(data []byte) []byte {
	to := []byte{0xfe, 0xff}
	for _, unit := range utf16.Encode([]rune(string(data))) {
		to = append(to, byte(unit>>8), byte(unit))
	}
	return to
}

// describe adds the Content-Type.
func (m *maker) describe(r *request) {
	if !m.strays() || m.chance(0.5) {
		mediaType := "application/json"
		if len(r.operation.mediaTypes) > 0 {
			mediaType = pick(m, r.operation.mediaTypes)
		}
		r.header = append(r.header, [2]string{"Content-Type", mediaType})
		return
	}
	m.wrong = ""
	for range 1 + m.IntN(2) {
		mediaType := pick(m, []string{
			"", "text/plain", "application/xml", "application/json-patch+json", "application/jsonx", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=latin1",
			"application/json;;;", "multipart/form-data", "application/x-www-form-urlencoded", "application/json, text/plain", "*/*", "\xff", strings.Repeat("a", 3000) + "/b",
		})
		r.header = append(r.header, [2]string{"Content-Type", mediaType})
	}
}
