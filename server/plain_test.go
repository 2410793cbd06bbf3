package server_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// quoted returns text as a JSON string that only escapes what it must.
func quoted(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	must(t, encoder.Encode(text))
	return strings.TrimSpace(b.String())
}

// No answer escapes what only HTML would have escaped, and none loses a
// backslash that belongs to a text.
func TestAnswersAreNotEscapedForHTML(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, text := range []string{`R&D <b> > x`, `\u0026`, `\\u0026&\`, `"\u003c<\\`, `&\u003e\\\u003e>`, "line\nwith \u2028 & \x7f \u00e9"} {
		q, phone, email := quoted(t, text), quoted(t, "1 "+text), quoted(t, strings.Repeat("a&", i+1)+"b@x.example")
		f.send(t, request{method: "PATCH", path: "/contacts/1", body: `{"name":` + q + `,"title":` + q + `,"emails":[` + email + `]}`})
		update := once(patch(`{"title":`+q+`,"description":`+q+`,"address":[`+q+`],"primaryEmail":`+email+`,"primaryPhone":`+phone+`,"custom":{"remarks":[`+q+`]},"contacts":[1]}`), strconv.Itoa(i))
		for _, c := range []struct {
			request
			times int // how often the text is a string of the answer
		}{
			{update, 6},
			{update, 6}, // the kept answer
			{request{method: "GET", path: "/accounts/1?include_contacts=true"}, 6},
			{request{method: "GET", path: "/accounts?include_contacts=true"}, 6},
			{request{method: "GET", path: "/accounts/1/changes?page_size=1"}, 4},
			{request{method: "GET", path: "/contacts/1"}, 2},
		} {
			body := f.send(t, c.request).Body.String()
			escaped := strings.Contains(strings.ReplaceAll(body, `\\`, ""), `\u00`)
			if escaped || strings.Count(body, q) < c.times || !strings.Contains(body, email) {
				t.Errorf("%s %s: want %s %d times, and %s: %s", c.method, c.path, q, c.times, email, body)
			}
		}
	}
	problem := f.send(t, patch(`{"<a&b>":1}`)).Body.String()
	if !strings.Contains(problem, `"field":"<a&b>"`) {
		t.Errorf("%s", problem)
	}
}
