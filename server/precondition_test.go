package server_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// eachWriteOfRecord visits what writes a record that its path names: one that is there,
// and nobody, where there is none.
func eachWriteOfRecord(t *testing.T, f *fixture, visit func(method, path, nobody, body string, op *openapi3.Operation)) {
	t.Helper()
	if a := f.serve(t, "POST", "/v1/webhooks", `{"url":"https://hooks.invalid/in"}`); a.Code != http.StatusCreated {
		t.Fatal(a.Body)
	}
	bodies := map[string]string{
		"mergeAccounts":          `{"from":[{"id":2}]}`,
		"mergeClients":           `{"from":[{"id":2}]}`,
		"replayWebhook":          `{"after":"0"}`,
		"notifyAliasUser":        `{"message":"Please move."}`,
		"rehearseAliasMigration": `{"until":"` + f.clock.Now().Add(time.Hour).Format(time.RFC3339) + `"}`,
	}
	nobody := strings.NewReplacer("/1", "/999", "roof_type", "nothing")
	found := 0
	eachOperation(t, func(method, path string, op *openapi3.Operation, item *openapi3.PathItem) {
		if method == http.MethodGet || nobody.Replace(path) == path {
			return
		}
		found++
		visit(method, path, nobody.Replace(path), cmp.Or(bodies[op.OperationID], "{}"), op)
	})
	if found < 17 {
		t.Errorf("only %d writes of records", found)
	}
}

// A caller that wants no record is told that there is one, by whatever writes
// one that its path names.
func TestIfNoneMatchOnWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	eachWriteOfRecord(t, f, func(method, path, nobody, body string, op *openapi3.Operation) {
		for path, want := range map[string]int{path: http.StatusPreconditionFailed, nobody: http.StatusNotFound} {
			a := f.serve(t, method, path, body, "If-None-Match", "*")
			if a.Code != want || op.Responses.Status(want) == nil {
				t.Errorf("%s %s: %d %s, want %d; declared: %t", method, path, a.Code, a.Body, want, op.Responses.Status(want) != nil)
			}
		}
		if method == http.MethodPatch {
			if a := f.serve(t, method, path, body, "If-None-Match", `"x-1"`); a.Code != http.StatusOK {
				t.Errorf("%s: %d %s", path, a.Code, a.Body)
			}
		}
	})
	// What is not the caller's record is none.
	if a := f.serve(t, "DELETE", "/v1/api-keys/1", "", "X-Api-Key", linKey, "If-None-Match", "*"); a.Code != http.StatusNotFound {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// A caller that writes only over what it has seen writes nothing over a record whose
// versions nobody can tell.
func TestIfMatchOnWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refused := func(method, path, body, match string) bool {
		return f.serve(t, method, path, body, "If-Match", match).Code == http.StatusPreconditionFailed
	}
	eachWriteOfRecord(t, f, func(method, path, nobody, body string, op *openapi3.Operation) {
		if op.Parameters.GetByInAndName("header", "If-Match") != nil {
			return // It compares what it writes, which is tested where that is.
		}
		if !refused(method, path, body, `"x-1"`) || !refused(method, path, body, `W/"x-1", "x-2"`) {
			t.Errorf("%s %s: written over a version that it has not", method, path)
		}
		if method == http.MethodPatch && refused(method, path, body, "*") || refused(method, nobody, body, `"x-1"`) {
			t.Errorf("%s %s: refused", method, path)
		}
	})
	for path, body := range map[string]string{
		"accounts": `{"title":"New","address":["x"]}`, "clients": `{"title":"Former","address":["x"]}`, "contacts": `{"name":"New"}`, "properties": `{"name":"New","type":"TEXT"}`,
		"users": `{"email":"new@example.com"}`, "webhooks": `{"url":"https://hooks.invalid/new"}`,
	} {
		if !refused("POST", "/v1/"+path, body, `"x-1"`) || !refused("POST", "/v1/"+path, body, "*") || refused("POST", "/v1/"+path, "{}", "*") {
			t.Errorf("%s: made though it was to be there, or refused though it cannot be", path)
		}
		if a := f.serve(t, "POST", "/v1/"+path, body, "If-None-Match", "*"); a.Code != http.StatusCreated {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
	const batch = `{"updates":[{"id":1,"set":{"title":"Over"}}]}`
	if !refused("POST", "/v1/accounts/batch", batch, `"1-1-0"`) || refused("POST", "/v1/accounts/batch", batch, "*") {
		t.Error("a batch takes no version for all, but any")
	}
}
