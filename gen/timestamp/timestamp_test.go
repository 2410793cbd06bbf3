package timestamp_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
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

// A time is written as package time writes the layout.
func TestAppend(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	times := []time.Time{{}, time.Unix(0, 0), time.Unix(0, 999_999), time.Unix(-1, 999_999_999), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Date(12345, 1, 2, 3, 4, 5, 6e6, time.UTC)}
	for range 1000 {
		times = append(times, time.UnixMilli(random.Int64N(1<<47)-1<<46).In(time.FixedZone("", random.IntN(80000)-40000)))
	}
	for _, at := range times {
		if got, want := string(timestamp.Append([]byte("x"), at)), "x"+at.UTC().Format(timestamp.Layout); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
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

// All of RFC 3339, and no more of ISO 8601 or of what Go takes.
func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-24T10:00:00Z": "2026-11-24 10:00:00", "2026-11-24t10:00:00z": "2026-11-24 10:00:00", "2026-11-24T10:00:00.123456789+05:30": "2026-11-24 04:30:00.123456789",
		"2026-11-24T10:00:00-00:00": "2026-11-24 10:00:00", "1998-12-31T23:59:60Z": "1999-01-01 00:00:00", "1998-12-31t15:59:60.25-08:00": "1999-01-01 00:00:00.25",
		"0000-01-01T00:00:00Z": "0000-01-01 00:00:00", "9999-12-31T23:59:59+23:59": "9999-12-31 00:00:59", "2024-02-29T00:00:00Z": "2024-02-29 00:00:00",
	} {
		got, err := timestamp.Parse(text)
		if err != nil || got.UTC().Format("2006-01-02 15:04:05.999999999") != want {
			t.Errorf("%s: %v %v, want %s", text, got.UTC(), err, want)
		}
		var read timestamp.Time
		if err := json.Unmarshal([]byte(`"`+text+`"`), &read); err != nil || !read.Equal(got) || read.Bind(text) != nil {
			t.Errorf("%s as JSON: %v %v", text, read, err)
		}
	}
	for _, text := range []string{
		"", "2026-11-24", "2026-11-24T10:00:00", "2026-11-24 10:00:00Z", "2026-11-24T10:00Z", "2026-11-24T1:00:00Z", "2026-11-24T10:00:00,5Z", "2026-11-24T10:00:00.Z",
		"2026-11-24T24:00:00Z", "2026-11-24T10:60:00Z", "2026-11-24T10:00:61Z", "2026-11-24T10:00:60Z", "2026-11-24T23:59:60Z", "2026-12-31T23:59:60+01:00",
		"2026-02-29T10:00:00Z", "2026-11-24T10:00:00+0200", "2026-11-24T10:00:00+24:00", "2026-11-24T10:00:00+02:60", "2026-11-24T10:00:00 02:00", "+2026-11-24T10:00:00Z",
		"2026-11-24T10:00:00Z ", "２026-11-24T10:00:00Z",
		"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00+00:01",
	} {
		var read timestamp.Time
		if got, err := timestamp.Parse(text); err == nil || json.Unmarshal([]byte(`"`+text+`"`), &read) == nil || read.Bind(text) == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	read := timestamp.Of(time.Unix(1, 0))
	if err := json.Unmarshal([]byte(`null`), &read); err != nil || read.Unix() != 1 || json.Unmarshal([]byte(`5`), &read) == nil {
		t.Errorf("null and 5: %v %v", read, err)
	}
}
