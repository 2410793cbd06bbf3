package jsonvalue_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

// Whatever Decode takes, encoding/json takes as well and reads the same; what it
// refuses is told in words that can be sent.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `[1.10e2,null,true,"x\u0000"]`, `{"a":{"b":[{}]}} x`, "\xff", `"`, ``, `[[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, _, err := jsonvalue.Decode(data)
		if err != nil {
			if words, at := jsonvalue.Explain(err); words == "" || !utf8.ValidString(words+string(at)) {
				t.Fatalf("%q: %q at %q", data, words, at)
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
