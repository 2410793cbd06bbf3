package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A number is found in whatever way it is written, and in whatever way it was when it was
// kept: in accounts, and in the contacts that are made with them.
func TestPhonesAreFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	kept := []string{"+1 (415) 555-0100", "415.555.0101 ext. 5", "+44 20 7946 0018", "030 12345678", "0012"}
	for i, phone := range kept {
		f.must(t, request{method: "POST", path: "/accounts?match_by=none", body: fmt.Sprintf(`{"title":"No. %d","address":["x"],"primaryPhone":%q}`, i+1, phone)}, http.StatusCreated)
	}
	for _, c := range []struct {
		want  string
		ways  []string
		parts bool // not of a number alone, which primaryPhone is asked for
	}{
		{want: "[1]", ways: []string{
			"415-555-0100", "(415) 555 0100", "4155550100", "+14155550100", "+1 (415) 555-0100", "001 415 555 0100", "415 – 555 – 0100", "tel:+1-415-555-0100",
		}},
		{want: "[2]", ways: []string{"415.555.0101", "+1 415 555 0101", "(415) 555-0101 ext. 5", "415-555-0101 x5"}},
		{want: "[3]", ways: []string{"+442079460018", "020 7946 0018", "(020) 79460018", "+44 (0)20 7946 0018", "0044 20 7946 0018", "7946 0018"}},
		{want: "[4]", ways: []string{"030 12345678", "030/123 456 78", "+49 30 12345678", "+49 (0)30 12345678"}},
		{want: "[5]", ways: []string{"0012"}},
		{want: "[1]", ways: []string{"No. 1 415-555-0100"}, parts: true},
		{want: "[]", ways: []string{"+44 415 555 0109", "415-555-0100 No. 2"}, parts: true},
	} {
		for _, way := range c.ways {
			paths := []string{"/accounts?" + query("q", way), "/contacts?" + query("q", way)}
			if !c.parts {
				paths = append(paths, "/accounts?"+query("primaryPhone", way), "/accounts/search?"+query("prop1", "primaryPhone", "op1", "contains", "value1", way))
			}
			for _, path := range paths {
				if a := f.send(t, get(path)); a.Code != http.StatusOK || fmt.Sprint(numbered(a)) != c.want {
					t.Errorf("%s: %d %v, want %s", path, a.Code, numbered(a), c.want)
				}
			}
		}
	}
}

// numbered are the numbers in the names of what was found.
func numbered(a answer) (found []string) {
	for _, item := range a.list {
		record := item.(map[string]any)
		name, ok := record["name"].(string) // of a contact
		if !ok {
			name = record["title"].(string)
		}
		found = append(found, strings.TrimPrefix(name, "No. "))
	}
	return found
}
