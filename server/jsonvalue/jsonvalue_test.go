package jsonvalue_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

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
