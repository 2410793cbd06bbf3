package patch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
)

// decode returns a value as bodies are decoded.
func decode(t *testing.T, text string) any {
	t.Helper()
	value, _, err := jsonvalue.Decode([]byte(text))
	if err != nil {
		t.Fatal(text, err)
	}
	return value
}

// told writes offences with their pointers.
func told(offences fault.Offences) string {
	text := ""
	for _, o := range offences {
		text += fmt.Sprintf("%s %s|", o.Pointer(), o.Message)
	}
	return text
}

// show writes a field with its state.
func show[T any](f patch.Field[T]) string {
	switch {
	case f.IsAbsent():
		return "absent"
	case f.IsNull():
		return "null"
	}
	return fmt.Sprint(f.Value)
}

// reading reads the member m.
type reading func(r *patch.Reader) string

func member[T any](convert patch.Converter[T]) reading {
	return func(r *patch.Reader) string { return show(patch.Member(r, "m", convert)) }
}

// Each converter takes what is of its type, and says of all else what it is and
// where. What is wrong is not in what is read.
func TestConverters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		read reading
		sent map[string]string // the member's value: what is read, or the offences
	}{
		{"text", member(patch.Text), map[string]string{
			`"x"`: "x", `""`: "", `5`: "/m m must be a string; got 5|", `["x"]`: "/m m must be a string; got a list|", `{}`: "/m m must be a string; got an object|",
		}},
		{"bool", member(patch.Bool), map[string]string{
			`true`: "true", `false`: "false", `"true"`: `/m m must be true or false; got "true"|`, `0`: "/m m must be true or false; got 0|",
		}},
		{"integer", member(patch.IntegerWithin(1, 9)), map[string]string{
			`5`: "5", `5.0`: "5", `5e0`: "5", `-0`: "0", `1e3`: "1000", `1.50`: "/m m must be an integer; got 1.50|", `"5"`: `/m m must be an integer; got "5"|`,
			`true`:                  "/m m must be an integer; got true|",
			`1e400`:                 "/m m must be an integer from 1 to 9; got 1e400|",
			`9223372036854775808.0`: "/m m must be an integer from 1 to 9; got 9223372036854775808.0|",
		}},
		{"number", member(patch.Number), map[string]string{
			`5`: "5", `1.50`: "1.5", `-1e3`: "-1000", `1e-400`: "0", `1e400`: "+Inf", `"5"`: `/m m must be a number; got "5"|`, `[]`: "/m m must be a number; got a list|",
		}},
		{"time", member(patch.Time), map[string]string{
			`"2026-11-24T10:00:00Z"`: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).String(), `"garbage"`: `/m m must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "garbage"|`,
			`5`: "/m m must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got 5|", `"2026-11-24"`: `/m m must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "2026-11-24"|`,
		}},
		{"object", member(patch.Object), map[string]string{`{"a":1}`: "map[a:1]", `[]`: "/m m must be an object; got a list|", `5`: "/m m must be an object; got 5|"}},
		{"anything", member(patch.Any), map[string]string{`{"a":[1]}`: "map[a:[1]]", `false`: "false"}},
		{"texts", member(patch.Texts), map[string]string{
			`[]`: "[]", `["a","b"]`: "[a b]", `"a"`: `/m m must be a list; got "a"|`, `{}`: "/m m must be a list; got an object|",
			`["a",1,null]`: "/m/1 m[1] must be a string; got 1|/m/2 m[2] must be a string; got null|",
		}},
		{"integers", member(patch.IDs), map[string]string{
			`[1,2.0]`: "[1 2]", `[1,1.5,"x"]`: `/m/1 m[1] must be an integer; got 1.5|/m/2 m[2] must be an integer; got "x"|`,
		}},
		{"lists of lists", member(patch.ListOf(patch.IDs)), map[string]string{
			`[[1],[]]`: "[[1] []]", `[[1],[2,true],3]`: "/m/1/1 m[1][1] must be an integer; got true|/m/2 m[2] must be a list; got 3|",
		}},
	} {
		for sent, want := range c.sent {
			r := patch.NewReader(decode(t, `{"m":`+sent+`}`), "US")
			got := c.read(r)
			if wrong := told(r.Offences); wrong != "" && got == "absent" {
				got = wrong
			}
			if got != want {
				t.Errorf("%s of %s: got %s, want %s", c.name, sent, got, want)
			}
		}
		for body, want := range map[string]string{`{}`: "absent", `{"M":1}`: "absent", `{"m":null}`: "null"} {
			r := patch.NewReader(decode(t, body), "US")
			if got := c.read(r); got != want || len(r.Offences) > 0 {
				t.Errorf("%s of %s: got %s %s, want %s", c.name, body, got, told(r.Offences), want)
			}
		}
	}
}

// What a member must be beyond its type is said in the words of who reads it.
func TestReaderRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, want, wrong string }{
		{"not null", `{"m":null}`, "absent", "/m m must not be null|"},
		{"not null", `{"m":"x"}`, "x", ""},
		{"not null", `{}`, "absent", ""},
		{"value", `{"m":null}`, "", "/m m must not be null|"},
		{"value", `{"m":1}`, "", "/m m must be a string; got 1|"},
		{"value", `{"m":"x"}`, "x", ""},
		{"value", `{}`, "", ""},
		{"checked", `{"m":"415 555 0142"}`, "+14155550142", ""},
		{"checked", `{"m":"\u0000"}`, "absent", "/m m must not contain a NUL character|"},
		{"checked", `{"m":null}`, "null", ""},
		{"amount", `{"m":1}`, "1", ""},
		{"amount", `{"m":-1.50e0}`, "absent", "/m m must be positive; got -1.50e0|"},
		{"list", `{"m":["Ada@Example.com","ada@example.com"]}`, "[ada@example.com]", ""},
		{"list", `{"m":["a@example.com","nobody"]}`, "absent", `/m/1 m[1] must be an e-mail address; got "nobody"|`},
		{"list", `{"m":[]}`, "absent", "/m m must contain at least 1 item|"},
		{"list", `{"m":["a@b.example","b@b.example","c@b.example"]}`, "absent", "/m m must contain at most 2 items; got 3|"},
		{"list", `{"m":[1]}`, "absent", "/m/0 m[0] must be a string; got 1|"},
		{"list", `{"m":null}`, "null", ""},
		{"required", `{"m":null}`, "true", "/n n is required|"},
		{"unknown", `{"m":1,"mm":2,"x":3}`, "true", `/mm mm is not a known member; did you mean "m"?|/x x is not a known member; did you mean "m"?|`},
		{"no object", `[1]`, "false", " the body must be an object; got a list|"},
		{"no object", `null`, "false", " the body must be an object; got null|"},
	} {
		r := patch.NewReader(decode(t, c.body), "US")
		got := rules[c.name](r)
		if wrong := told(r.Offences); got != c.want || wrong != c.wrong {
			t.Errorf("%s of %s: got %q and %q, want %q and %q", c.name, c.body, got, wrong, c.want, c.wrong)
		}
	}
}

var rules = map[string]reading{
	"not null": func(r *patch.Reader) string { return show(patch.NotNull(r, "m", patch.Member(r, "m", patch.Text))) },
	"value":    func(r *patch.Reader) string { return patch.Value(r, "m", patch.Text) },
	"checked":  func(r *patch.Reader) string { return show(patch.Checked(r, "m", patch.Text, normal.CheckPhone)) },
	"list": func(r *patch.Reader) string {
		return show(patch.CheckedList(r, "m", patch.List{Min: 1, Max: 2, Distinct: true, Check: normal.CheckEmail}))
	},
	"amount":    func(r *patch.Reader) string { return show(patch.Checked(r, "m", patch.Number, checkPositive)) },
	"required":  func(r *patch.Reader) string { r.Require("m", "n"); return fmt.Sprint(r.Has("m")) },
	"unknown":   func(r *patch.Reader) string { r.Unknown([]string{"m"}); return fmt.Sprint(r.Has("x")) },
	"no object": func(r *patch.Reader) string { return fmt.Sprint(r.Has("m")) },
}

func checkPositive(x float64, _ string) (float64, string) {
	if x < 0 {
		return x, fmt.Sprintf("must be positive; got %g", x)
	}
	return x, ""
}
