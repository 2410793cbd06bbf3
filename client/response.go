package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

type responseKey struct{}

// KeepResponse returns a context whose calls also store the answer as it came, with
// its status, its headers and its whole body, errors of the server included. A
// call that is made again stores the last answer, a list that of its last page.
// Nothing is stored if no answer arrives. The context is for one call at a time.
//
//	var resp *http.Response
//	account, err := c.Accounts.Get(client.KeepResponse(ctx, &resp), 42)
func KeepResponse(ctx context.Context, into **http.Response) context.Context {
	return context.WithValue(ctx, responseKey{}, into)
}

// keep stores the answer where the call's context asks for it.
func (o outcome) keep(ctx context.Context) {
	into, ok := ctx.Value(responseKey{}).(**http.Response)
	if !ok || into == nil || o.resp == nil {
		return
	}
	kept := *o.resp
	kept.Body = io.NopCloser(bytes.NewReader(o.body))
	*into = &kept
}
