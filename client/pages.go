package client

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/gen/apiclient"
)

// maxPageSize is the largest page that the server gives, and what lists ask for
// if the caller does not say.
const maxPageSize = 100

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	// Total is how many records there are on all pages. It is -1 if the list
	// was not asked for it.
	Total int64

	next  string // the query of the page that follows; empty on the last one
	fetch fetch[T]
}

// fetch gets the page with a query; the first one if it is empty.
type fetch[T any] func(ctx context.Context, query string) (*Page[T], error)

// HasNext tells whether another page follows.
func (p *Page[T]) HasNext() bool { return p.next != "" }

// Next returns the page that follows, or nil on the last one.
func (p *Page[T]) Next(ctx context.Context) (*Page[T], error) {
	if !p.HasNext() {
		return nil, nil
	}
	return p.fetch(ctx, p.next)
}

// ask is a method of the generated client that asks for a part of a list.
type ask[P any] func(ctx context.Context, params *P, editors ...apiclient.RequestEditorFn) (*http.Response, error)

// list returns the function that gets the pages of a list. send asks for the
// first page, or for what an editor makes of it; items takes the answer apart;
// checks refuse what cannot be asked for.
func list[T, A, P any](send ask[P], params *P, items func(*A) []T, checks ...apiclient.RequestEditorFn) fetch[T] {
	var get fetch[T]
	get = func(ctx context.Context, query string) (*Page[T], error) {
		resp, err := send(ctx, params, slices.Concat(checks, []apiclient.RequestEditorFn{func(_ context.Context, req *http.Request) error {
			req.URL.RawQuery = cmp.Or(query, req.URL.RawQuery)
			return nil
		}})...)
		body, err := answer[A](resp, err)
		if err != nil {
			return nil, err
		}
		next, err := nextQuery(resp)
		if err != nil {
			return nil, err
		}
		page := &Page[T]{Items: items(body), Total: -1, next: next, fetch: get}
		if total, err := strconv.ParseInt(resp.Header.Get("X-Total-Count"), 10, 64); err == nil {
			page.Total = total
		}
		return page, nil
	}
	return get
}

// all iterates over the records of all pages.
func (get fetch[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		page, err := get(ctx, "")
		for err == nil {
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if !page.HasNext() {
				return
			}
			page, err = page.Next(ctx)
		}
		var none T
		yield(none, err)
	}
}

// nextQuery returns the query of the page that a Link header calls the next.
// Only the query is taken: the pages of a list differ in nothing else, and
// so neither a server behind a gateway that moves paths nor a link that leads
// elsewhere can send the key astray. Such a link is refused.
func nextQuery(resp *http.Response) (string, error) {
	asked := resp.Request.URL
	target := linkTarget(resp.Header.Values("Link"), "next")
	if target == "" {
		return "", nil
	}
	next, err := asked.Parse(target)
	if err != nil || !sameOrigin(asked, next) {
		return "", unexpected(resp, nil, "the next page is said to be at %q, which is another host", target)
	}
	if next.RawQuery == "" || sameQuery(next, asked) {
		return "", unexpected(resp, nil, "the next page is said to be this one")
	}
	return next.RawQuery, nil
}

func sameQuery(a, b *url.URL) bool { return a.Query().Encode() == b.Query().Encode() }

// linkTarget returns where the link with the relation leads (RFC 8288), or "".
func linkTarget(headers []string, rel string) string {
	for _, header := range headers {
		for header != "" {
			var target, parameters string
			if target, parameters, header = cutLink(header); hasRelation(parameters, rel) {
				return target
			}
		}
	}
	return ""
}

// cutLink splits the first link off a header: <target>; parameters, rest.
func cutLink(header string) (target, parameters, rest string) {
	_, header, ok := strings.Cut(header, "<")
	if !ok {
		return "", "", ""
	}
	if target, header, ok = strings.Cut(header, ">"); !ok {
		return "", "", ""
	}
	quoted := false
	for i := range len(header) {
		switch {
		case header[i] == '"':
			quoted = !quoted
		case header[i] == ',' && !quoted:
			return target, header[:i], header[i+1:]
		}
	}
	return target, header, ""
}

func hasRelation(parameters, rel string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for relation := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(relation, rel) {
				return true
			}
		}
	}
	return false
}
