package timestamp_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/oapi-codegen/runtime"

	"github.com/accountsd/accountsd/gen/timestamp"
)

func ExampleTime() {
	text, err := json.Marshal(timestamp.Of(time.Date(2026, 11, 24, 17, 5, 12, 300e6, time.FixedZone("", 3600))))
	fmt.Println(string(text), err)

	var t timestamp.Time
	err = json.Unmarshal([]byte(`"2026-11-24T21:35:12.3+05:30"`), &t)
	fmt.Println(t.UTC(), err)
	// Output:
	// "2026-11-24T16:05:12.300Z" <nil>
	// 2026-11-24 16:05:12.3 +0000 UTC <nil>
}

// A time keeps its time of day in a query, both ways.
func TestTimeInQuery(t *testing.T) {
	t.Parallel()
	at := timestamp.Of(time.Date(2026, 11, 24, 17, 5, 12, 300e6, time.FixedZone("", 3600)))
	text, err := runtime.StyleParamWithOptions("form", true, "updated_after", at, runtime.StyleParamOptions{ParamLocation: runtime.ParamLocationQuery, Type: "string", Format: "date-time"})
	if want := "updated_after=2026-11-24T16%3A05%3A12.300Z"; err != nil || text != want {
		t.Fatalf("%s, %v", text, err)
	}
	query, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	var got *timestamp.Time
	err = runtime.BindQueryParameterWithOptions("form", true, false, "updated_after", query, &got, runtime.BindQueryParameterOptions{Type: "string", Format: "date-time"})
	if err != nil || got == nil || !got.Equal(at.Time) {
		t.Errorf("%v, %v", got, err)
	}
}
