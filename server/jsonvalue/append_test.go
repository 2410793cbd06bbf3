package jsonvalue_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

// What is appended is byte for byte what encoding/json writes.
func TestAppend(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		value := randomValue(random, 3)
		want, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := jsonvalue.Append([]byte("x"), value); err != nil || string(got) != "x"+string(want) {
			t.Fatalf("%s %v, want %s", got, err, want)
		}
	}
	for _, n := range []any{int64(0), int64(-1 << 63), []int64{1}, 1.5, 1e21, map[string]string{"a": "&"}} { // which Decode does not return
		want, err := json.Marshal(n)
		if got, failed := jsonvalue.Append(nil, n); err != nil || failed != nil || string(got) != string(want) {
			t.Errorf("%s %v, want %s", got, failed, want)
		}
	}
	wide := make(map[string]any)
	for i := range 40 {
		wide[fmt.Sprint(i)] = i%2 == 0
	}
	want, _ := json.Marshal(wide)
	if got, err := jsonvalue.Append(nil, wide); err != nil || string(got) != string(want) {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	for _, number := range []json.Number{"1x", " 1", "NaN", "0x1", "true", "1 "} {
		if got, err := jsonvalue.Append(nil, map[string]any{"a": []any{number}}); err == nil {
			t.Errorf("%q is written as %s", number, got)
		}
	}
}

// A string is read as it was written, and what is no list of strings is refused.
func TestTexts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		want := make([]string, random.IntN(4))
		for i := range want {
			want[i] = randomText(random)
		}
		text := jsonvalue.AppendTexts(nil, want)
		if got, err := jsonvalue.Texts(text); err != nil || fmt.Sprint(got) != fmt.Sprint(want) || got == nil {
			t.Fatalf("%s: %q %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{`["a", "b"]`: `["a" "b"]`, ` ["a,b" ,"c"] `: `["a,b" "c"]`, `["",""]`: `["" ""]`, `["\u0061"]`: `["a"]`, "[ ]": "[]"} {
		if got, err := jsonvalue.Texts([]byte(text)); err != nil || fmt.Sprintf("%q", got) != want {
			t.Errorf("%s: %q %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "{}", `["a"`, `["a",1]`, `["a"]]`, `["a"] 1`, `["a"x"b"]`, `["a""b"]`, `["a","b"],"c"]`, "[\"\xff\"]", `["`, `["]`, "null"} {
		if got, err := jsonvalue.Texts([]byte(text)); err == nil {
			t.Errorf("%s is read as %q", text, got)
		}
	}
}

// Of names that are there twice the last one counts, in what was written here.
func TestObject(t *testing.T) {
	t.Parallel()
	if got, err := jsonvalue.Object([]byte(`{"a":1,"b":[],"a":"x"}`)); err != nil || fmt.Sprint(got) != "map[a:x b:[]]" {
		t.Errorf("%v %v", got, err)
	}
	for _, text := range []string{"", "[]", `{"a":1`, `{} 1`, "null"} {
		if got, err := jsonvalue.Object([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

func randomValue(r *rand.Rand, depth int) any {
	switch kind := r.IntN(7); {
	case kind == 0 && depth > 0:
		object := make(map[string]any)
		for range r.IntN(4) {
			object[randomText(r)] = randomValue(r, depth-1)
		}
		return object
	case kind == 1 && depth > 0:
		array := make([]any, r.IntN(4))
		for i := range array {
			array[i] = randomValue(r, depth-1)
		}
		return array
	case kind == 2:
		return json.Number([]string{"0", "-1.50", "12345678901234567890.10", "1e-7"}[r.IntN(4)])
	case kind == 3:
		return r.IntN(2) == 0
	case kind == 4:
		return nil
	}
	return randomText(r)
}

var letters = []rune("abc ÉÅ日👧\"\\/<>&\u2028\u2029\u0001\n\t\b\f\r\u007f\ufffd'")

func randomText(r *rand.Rand) string {
	text := make([]rune, r.IntN(6))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}
