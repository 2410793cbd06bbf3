package jsonvalue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	value, nuls, err := jsonvalue.Decode([]byte(` {"a":[12345678901234567890.10,-0,1e400,null,true],"b\u0000":{"c":"x\u0000"}} `))
	if got := fmt.Sprintf("%q %q %v", value, nuls, err); got != `map["a":["12345678901234567890.10" "-0" "1e400" <nil> %!q(bool=true)] "b\x00":map["c":"x\x00"]] [["b\x00"] ["b\x00" "c"]] <nil>` {
		t.Error(got)
	}
	for text, want := range map[string]error{
		`{} {}`:                    jsonvalue.ErrTrailing,
		`1 x`:                      jsonvalue.ErrTrailing,
		`{"a":1,"a":2}`:            jsontext.ErrDuplicateName,
		strings.Repeat("[", 65):    jsonvalue.ErrTooDeep,
		strings.Repeat("[", 1<<20): jsonvalue.ErrTooDeep,
	} {
		if _, _, err := jsonvalue.Decode([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.20s: got %v, want %v", text, err, want)
		}
	}
	for _, text := range []string{``, `{`, `"\ud800"`, "\"\xff\"", `01`, `{a:1}`} {
		if value, _, err := jsonvalue.Decode([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, value)
		}
	}
}

// Only digits without a zero ahead are an integer as it is written.
func TestIsInteger(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0": true, "7": true, "-7": true, "1200": true, "123456789012345678901234567890": true,
		"": false, "-": false, "-0": false, "00": false, "01": false, "-01": false, "+1": false, "--1": false, "1.0": false, "1e3": false,
		" 1": false, "1\n": false, "1a": false, "a": false, "١": false,
	} {
		if got := jsonvalue.IsInteger(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// An integer is one however it is written.
func TestInteger(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0", 1<<16)
	for text, want := range map[string]int64{
		"5": 5, "5.0": 5, "5e0": 5, "5E+0": 5, "-0": 0, "-0.0": 0, "0e999999999999999999999": 0, "1e3": 1000, "0.5e1": 5, "50e-1": 5,
		"-1.50e2": -150, "9223372036854775807": math.MaxInt64, "9223372036854775807.0": math.MaxInt64, "922337203685477580.7e1": math.MaxInt64,
		"-9223372036854775808": math.MinInt64, "-9.223372036854775808e18": math.MinInt64,
		"5." + long: 5, "5" + long + "e-65536": 5, "0." + long + "5e65537": 5,
	} {
		if got, err := jsonvalue.Integer(json.Number(text)); got != want || err != nil {
			t.Errorf("%.30s: got %d %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"1.5": jsonvalue.ErrFraction, "5e-1": jsonvalue.ErrFraction, "1e-400": jsonvalue.ErrFraction, "0." + long + "1": jsonvalue.ErrFraction,
		"9223372036854775807.5": jsonvalue.ErrFraction, "1e-999999999999999999999": jsonvalue.ErrFraction, "1e-2147483649": jsonvalue.ErrFraction,
		"9223372036854775808": jsonvalue.ErrRange, "-9223372036854775809": jsonvalue.ErrRange, "1e19": jsonvalue.ErrRange, "1e400": jsonvalue.ErrRange,
		"1e999999999": jsonvalue.ErrRange, "1e999999999999999999999": jsonvalue.ErrRange, "-1e2147483648": jsonvalue.ErrRange,
		"": jsonvalue.ErrFraction, "+5": jsonvalue.ErrFraction, "05": jsonvalue.ErrFraction, "0x5": jsonvalue.ErrFraction, "1_0": jsonvalue.ErrFraction, "NaN": jsonvalue.ErrFraction,
	} {
		if got, err := jsonvalue.Integer(json.Number(text)); err != want {
			t.Errorf("%.30s: got %d %v, want %v", text, got, err, want)
		}
	}
}

// An exact rational is what the integer is compared with.
func TestIntegerIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatal(text)
		}
		got, err := jsonvalue.Integer(json.Number(text))
		switch {
		case !exact.IsInt():
			ok = err == jsonvalue.ErrFraction
		case !exact.Num().IsInt64():
			ok = err == jsonvalue.ErrRange
		default:
			ok = err == nil && got == exact.Num().Int64()
		}
		if !ok {
			t.Fatalf("%s: got %d %v", text, got, err)
		}
	})
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{"a":"\u003cb\u003e \u0026"}`: `{"a":"<b> &"}`,
		`"\\u0026"`:                    `"\\u0026"`,
		`"\\\u0026"`:                   `"\\&"`,
		`"\u0000\u2028"`:               `"\u0000\u2028"`,
		`"plain"`:                      `"plain"`,
	} {
		if got := string(jsonvalue.Plain([]byte(document))); got != want {
			t.Errorf("%s: got %s, want %s", document, got, want)
		}
	}
}
