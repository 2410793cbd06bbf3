package patch_test

import (
	"encoding/json"
	"testing"

	"github.com/accountsd/accountsd/server/patch"
)

type label string

// Changes are written byte for byte as encoding/json writes them, whatever the
// values of members are.
func TestAppendChanges(t *testing.T) {
	t.Parallel()
	for _, changes := range []patch.Changes{
		{},
		{"title": {Before: `a "b" <c>`, After: "é\u2028"}, "isActive": {Before: true, After: false}, "number": {Before: int64(-7), After: int64(1 << 53)}},
		{"value": {After: 1e21}, "size": {Before: 1e-7, After: 12.5}, "accountType": {Before: label("RESIDENTIAL"), After: nil}},
		{"address": {Before: []string(nil), After: []string{"1 \"Main\" St", ""}}, "contacts": {Before: []int64{}, After: []int64{1, 2}}},
		{"custom.b": {Before: json.Number("1.50"), After: []any{"x", json.Number("2"), true}}, "custom.a": {After: []any{}}},
	} {
		want, err := json.Marshal(changes)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := changes.Append([]byte("x")); err != nil || string(got) != "x"+string(want) {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
	if got, err := (patch.Changes{"a": {Before: make(chan int)}}).Append(nil); err == nil {
		t.Errorf("a channel is written as %s", got)
	}
}
