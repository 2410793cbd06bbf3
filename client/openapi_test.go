package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// The document is beside the API, under whatever path that is.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := serve(t, reply(http.StatusOK, `{"openapi":"3.0.3"}`), problem(http.StatusUnauthorized, "UNAUTHORIZED"))
	for base, want := range map[string]string{"": "/openapi.json", "/v1": "/openapi.json", "/crm/v1/": "/crm/openapi.json"} {
		c, err := client.New(s.URL+base, client.WithAPIKey(key))
		must(t, err)
		text, err := c.OpenAPI(t.Context())
		asked := s.asked()
		last := asked[len(asked)-1]
		if (err == nil) != json.Valid(text) || err != nil && !errors.Is(err, client.ErrUnauthorized) ||
			last.path != want || last.query != "custom=true" || last.header.Get("X-Api-Key") != key {
			t.Errorf("%q: %v %s; asked %s?%s", base, err, text, last.path, last.query)
		}
	}
}
