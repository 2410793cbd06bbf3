package timestamp_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/client/timestamp"
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
