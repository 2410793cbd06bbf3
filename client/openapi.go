package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// OpenAPI returns the document of the API as the company's key sees it: the
// members of `custom` are the company's properties, with their types.
func (c *Client) OpenAPI(ctx context.Context) (json.RawMessage, error) {
	base, err := url.Parse(c.raw.Server)
	if err != nil {
		return nil, invalid("base URL: %v", err)
	}
	// The document is beside the path of the API, which ends in a slash.
	document := base.ResolveReference(&url.URL{Path: "../openapi.json", RawQuery: "custom=true"})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, document.String(), nil)
	if err != nil {
		return nil, invalid("the request cannot be written: %v", err)
	}
	text, err := answer[json.RawMessage](c.raw.Client.Do(req))
	if err != nil {
		return nil, err
	}
	return *text, nil
}
