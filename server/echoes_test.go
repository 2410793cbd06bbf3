package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// What was fetched can be sent back with what is to change, and what the server owns in
// it is not written; what would be lost is refused.
func TestRecordsAreSentBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(t, request{key: adminKey, method: "POST", path: "/users", body: `{"email":"new@example.com"}`}, http.StatusCreated)
	f.must(t, request{key: adminKey, method: "POST", path: "/webhooks", body: `{"url":"https://hooks.invalid/in"}`}, http.StatusCreated)
	user := f.must(t, request{key: adminKey, method: "GET", path: "/users"}, http.StatusOK).list[0].(map[string]any)
	path := "/users/" + jsonOf(t, user["id"])
	for path, fetched := range map[string]any{
		path: user, "/webhooks/1": f.must(t, request{key: adminKey, method: "GET", path: "/webhooks/1"}, http.StatusOK).json,
		"/contacts/1": f.must(t, get("/contacts/1"), http.StatusOK).json, "/accounts/1": f.must(t, get("/accounts/1"), http.StatusOK).json,
	} {
		f.must(t, request{key: adminKey, method: "PATCH", path: path, body: jsonOf(t, fetched)}, http.StatusOK)
		f.must(t, request{key: adminKey, method: "PATCH", path: path, body: `{"id":999}`}, http.StatusBadRequest)
	}
	for _, body := range []string{`{"email":"other@example.com"}`, `{"isDisabled":true}`, `{"isDisabled":true,"disabled":true}`} {
		f.must(t, request{key: adminKey, method: "PATCH", path: path, body: body}, http.StatusBadRequest)
	}
	if now := f.must(t, request{key: adminKey, method: "GET", path: "/users"}, http.StatusOK).list[0]; jsonOf(t, now) != jsonOf(t, user) {
		t.Errorf("%v is no longer %v", now, user)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}
