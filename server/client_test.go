package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
	"github.com/accountsd/accountsd/gen/custom"
)

// The generated client against the real server, as the README uses it.
func TestGeneratedClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	web := httptest.NewServer(f.handler)
	t.Cleanup(web.Close)
	c, err := apiclient.NewClientWithResponses(web.URL+"/v1", apiclient.WithRequestEditorFn(
		func(_ context.Context, req *http.Request) error {
			req.Header.Set("x-api-key", writeKey)
			return nil
		}))
	must(t, err)

	title := "Sunrise Solar & Roofing"
	updated, err := c.UpdateAccountWithResponse(t.Context(), 1, nil, api.AccountPatch{
		Title:        nullable.NewNullableWithValue(title),
		PrimaryEmail: nullable.NewNullNullable[string](),
		Custom:       custom.Values{"roof_type": nil, "capacity": json.Number("12345678901234567890.123")},
	})
	must(t, err)
	a := updated.JSON200
	if a == nil || a.Title != title || !a.PrimaryEmail.IsNull() || len(*a.Contacts) != 1 {
		t.Fatalf("%s %s", updated.Status(), updated.Body)
	}
	if got := a.Custom["capacity"]; got != json.Number("12345678901234567890.123") || len(a.Custom) != 1 {
		t.Errorf("custom %v", a.Custom)
	}
	if !a.CreatedAt.Equal(f.account.CreatedAt) {
		t.Errorf("createdAt %v, want %v", a.CreatedAt, f.account.CreatedAt)
	}

	refused, err := c.UpdateAccountWithResponse(t.Context(), 1, nil, api.AccountPatch{Custom: custom.Values{"capacity": "a lot"}})
	must(t, err)
	problem := refused.ApplicationProblemJSON400
	if problem == nil || problem.Code != api.ProblemCodeValidationError || *problem.Field != "custom.capacity" {
		t.Errorf("%s %s", refused.Status(), refused.Body)
	}
}
