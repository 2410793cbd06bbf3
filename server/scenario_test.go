package server_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// scenario is one request on a fresh fixture, and what must come of it.
type scenario struct {
	name string
	request
	status  int
	code    string         // of a problem
	want    []string       // texts that the answer's body holds
	notWant []string       // texts that it does not hold
	members map[string]any // members of the answer, decoded
	errors  []string       // all offences, as answer.errors lists them
	header  map[string]string
	changes bool // whether the account may differ afterwards
}

// internals are texts of libraries and of the runtime that no answer may hold.
var internals = []string{"sqlite", "SQL", "jsontext", "json:", "goroutine", "openapi3", "schema", "strconv", "runtime error", "github.com"}

func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}

func (s scenario) run(t *testing.T) {
	f := newFixture(t)
	before, stored := f.get(t, "1"), f.stored(t)
	a := f.send(t, s.request)
	if a.Code != s.status {
		t.Fatalf("status %d, want %d: %s", a.Code, s.status, a.Body)
	}
	if code, _ := a.json["code"].(string); code != s.code {
		t.Errorf("code %q, want %q", code, s.code)
	}
	for _, text := range s.want {
		if !strings.Contains(a.Body.String(), text) {
			t.Errorf("the answer does not hold %q:\n%s", text, a.Body)
		}
	}
	for _, text := range slices.Concat(s.notWant, internals) {
		if strings.Contains(a.Body.String(), text) {
			t.Errorf("the answer holds %q:\n%s", text, a.Body)
		}
	}
	for name, want := range s.members {
		if got := a.json[name]; !same(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if s.errors != nil && !slices.Equal(a.errors(), s.errors) {
		t.Errorf("errors\n %s\nwant\n %s", strings.Join(a.errors(), "\n "), strings.Join(s.errors, "\n "))
	}
	for name, want := range s.header {
		got := a.Header().Get(name)
		if name == "ETag" {
			got = shortTag(got)
		}
		if got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if s.status >= http.StatusBadRequest {
		checkProblem(t, a)
		if now := f.stored(t); now != stored {
			t.Errorf("something was written:\n%s\nbefore\n%s", now, stored)
		}
	}
	if after := f.get(t, "1"); !s.changes && !reflect.DeepEqual(after.json, before.json) {
		t.Errorf("the account changed:\n%v\n%v", before.json, after.json)
	}
}

// checkProblem checks what all problems have in common.
func checkProblem(t *testing.T, a answer) {
	t.Helper()
	if got := a.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if fmt.Sprint(a.json["status"]) != fmt.Sprint(a.Code) {
		t.Errorf("status %v in the body of a %d", a.json["status"], a.Code)
	}
	if a.json["message"] != a.json["detail"] || a.json["message"] == "" {
		t.Errorf("message %q, detail %q", a.json["message"], a.json["detail"])
	}
	if a.json["requestId"] != a.Header().Get("X-Request-Id") {
		t.Errorf("requestId %v, header %q", a.json["requestId"], a.Header().Get("X-Request-Id"))
	}
	errors, _ := a.json["errors"].([]any)
	if field, ok := a.json["field"]; ok && field != errors[0].(map[string]any)["field"] {
		t.Errorf("field %v is not that of the first error", field)
	}
	mayHave := a.Code == http.StatusPreconditionFailed // of a batch
	if must := a.Code == http.StatusBadRequest || a.Code == http.StatusConflict; (len(errors) > 0) != must && !mayHave {
		t.Errorf("%d errors in a %d", len(errors), a.Code)
	}
}

// same compares decoded JSON by its text.
func same(got, want any) bool { return fmt.Sprint(got) == fmt.Sprint(want) }

// shortTag is an entity tag without the hash at its end. If-Match takes it, and
// only If-None-Match asks for all of it.
func shortTag(tag string) string {
	if id, rest, ok := strings.Cut(tag, "-"); ok {
		version, _, _ := strings.Cut(rest, "-")
		return id + "-" + version + `"`
	}
	return tag
}
