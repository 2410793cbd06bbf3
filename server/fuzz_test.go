package server

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever decodeJSON takes, encoding/json takes as well and reads the same; what
// it refuses is told as a problem.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `[1.10e2,null,true,"x\u0000"]`, `{"a":{"b":[{}]}} x`, "\xff", `"`, ``, `[[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, _, err := decodeJSON(data)
		if err != nil {
			if p, ok := errors.AsType[*problem](err); !ok || p.detail == "" || !utf8.ValidString(p.detail) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.UseNumber()
		var other any
		if err := decoder.Decode(&other); err != nil {
			t.Fatalf("%q is taken, encoding/json says %v", data, err)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("%q has more text", data)
		}
		got, err1 := json.Marshal(value)
		want, err2 := json.Marshal(other)
		if err1 != nil || err2 != nil || string(got) != string(want) {
			t.Fatalf("%q is %s (%v), encoding/json reads %s (%v)", data, got, err1, want, err2)
		}
	})
}
