package client_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
)

func ExampleValues_Number() {
	var values client.Values
	if err := json.Unmarshal([]byte(`{"capacity":86.40,"installed_on":"2026-04-17","tags":["Gold","Silver"]}`), &values); err != nil {
		panic(err)
	}
	capacity, _ := values.Number("capacity")
	installed, _ := values.Time("installed_on")
	fmt.Println(capacity, installed.Year(), values.Texts("tags"))
	// Output: 86.40 2026 [Gold Silver]
}

func TestTypedValuesSurviveTheWire(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 17, 9, 30, 0, 5e6, time.FixedZone("", 3600))
	sent := client.Values{
		"text": "Tile", "yes": true, "number": client.Decimal("12345678901234567890.10"), "int": 7, "float": 1.5, "long": int64(8),
		"date": client.Day(2026, time.April, 17), "moment": client.Moment(at), "tags": client.ListOf("Gold", "Silver"), "one": "Gold",
	}
	sent.Clear("gone")
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var got client.Values
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, values := range []client.Values{sent, got} {
		checkTyped(t, values, at)
	}
}

func checkTyped(t *testing.T, values client.Values, at time.Time) {
	t.Helper()
	if text, ok := values.Text("text"); text != "Tile" || !ok {
		t.Errorf("text %q %v", text, ok)
	}
	if value, ok := values.Bool("yes"); !value || !ok {
		t.Errorf("yes %v %v", value, ok)
	}
	for key, want := range map[string]json.Number{"number": "12345678901234567890.10", "int": "7", "float": "1.5", "long": "8"} {
		if number, ok := values.Number(key); number != want || !ok {
			t.Errorf("%s %q %v", key, number, ok)
		}
	}
	if rat, ok := values.Rat("float"); !ok || rat.String() != "3/2" {
		t.Errorf("float %v %v", rat, ok)
	}
	if date, ok := values.Time("date"); !ok || !date.Equal(time.Date(2026, 4, 17, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("date %v %v", date, ok)
	}
	if moment, ok := values.Time("moment"); !ok || !moment.Equal(at) {
		t.Errorf("moment %v %v", moment, ok)
	}
	if tags := values.Texts("tags"); !slices.Equal(tags, []string{"Gold", "Silver"}) {
		t.Errorf("tags %v", tags)
	}
	if one := values.Texts("one"); !slices.Equal(one, []string{"Gold"}) {
		t.Errorf("one %v", one)
	}
	if value, has := values["gone"]; value != nil || !has {
		t.Errorf("gone %v %v", value, has)
	}
}

func TestTypedValuesOfAnotherKind(t *testing.T) {
	t.Parallel()
	values := client.Values{"text": "Tile"}
	_, isNumber := values.Number("text")
	_, isRat := values.Rat("text")
	_, isBool := values.Bool("text")
	_, isTime := values.Time("text")
	_, isText := values.Text("none")
	if isNumber || isRat || isBool || isTime || isText || values.Texts("none") != nil {
		t.Error("found a value that is not there")
	}
	if _, err := json.Marshal(client.Values{"n": client.Decimal("twelve")}); err == nil {
		t.Error("wrote a number that is none")
	}
}
