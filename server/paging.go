package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
)

// defaultPageSize is the default of page_size in the spec.
const defaultPageSize = 20

// listOrder says what the records of a list are ordered by, and so what its
// cursors hold.
type listOrder uint8

const (
	byTime         listOrder = iota // updatedAt, then id, the latest first
	byTimeEarliest                  // the earliest first
	byID
)

// orderByTime is the order of a list that is ordered by time.
func orderByTime(ascending bool) listOrder {
	if ascending {
		return byTimeEarliest
	}
	return byTime
}

// paging is the page of a list that a request asks for.
type paging struct {
	// Page is what to load: one record more than the page holds, which tells
	// whether there is another page.
	query.Page
	size  int
	order listOrder
}

// newPaging reads the parameters of a list. A cursor has passed validation, and
// can only be one of a list in another order.
func newPaging(order listOrder, size *int, number *int64, sent *string) (paging, error) {
	p := paging{size: pageSize(size), order: order}
	p.Limit = p.size + 1
	if number != nil {
		p.Offset = (*number - 1) * int64(p.size)
	}
	if sent == nil {
		return p, nil
	}
	c, err := parseCursor(*sent)
	switch {
	case err != nil || (c.At == nil) != (order == byID):
		return p, fault.Invalid(cursorOffence("cursor must be one that a Link header of this list gave; got " + fault.Quote(*sent)))
	case c.Up != (order == byTimeEarliest):
		return p, fault.Invalid(cursorOffence("cursor must be of a list in this order; leave order_by as it was when a Link header gave the cursor"))
	}
	if c.Side == pageBefore {
		p.Before = c.place()
	} else {
		p.After = c.place()
	}
	return p, nil
}

// pageSize is how many records a page holds at the most.
func pageSize(sent *int) int {
	return valueOr(sent, defaultPageSize)
}

// requestURL is the URL that a handler's request asked for, under its canonical
// path as callers reach it.
func requestURL(ctx context.Context) *url.URL {
	if r, ok := ctx.Value(gin.ContextRequestKey).(*http.Request); ok {
		return publicURL(r)
	}
	return &url.URL{}
}

func publicURL(r *http.Request) *url.URL {
	u := asSent(r)
	prefix := url.URL{Path: prefixOf(r.Context())}
	if u.RawPath != "" {
		u.RawPath = prefix.EscapedPath() + u.RawPath
	}
	u.Path = prefix.Path + u.Path
	return &u
}

// cutPage returns the page out of the records that were loaded for it, and the
// Link header with the pages around it. place tells where in the list a record
// is.
//
// The next page always starts from a record and never has a number: whoever
// follows it sees a record that does not change exactly once, whatever others
// write.
func cutPage[T any](ctx context.Context, p paging, loaded []T, place func(T) query.Cursor) ([]T, *string) {
	more := len(loaded) > p.size
	backwards := p.Before != nil
	records := loaded
	switch {
	case more && backwards:
		records = loaded[len(loaded)-p.size:]
	case more:
		records = loaded[:p.size]
	}
	var links []string
	url := requestURL(ctx)
	if len(records) > 0 {
		if more || backwards {
			links = append(links, linkTo(url, "next", "cursor", p.cursorAt(place(records[len(records)-1]), pageAfter)))
		}
		if more && backwards || p.After != nil || p.Offset > 0 {
			links = append(links, linkTo(url, "prev", "cursor", p.cursorAt(place(records[0]), pageBefore)))
		}
	}
	links = append(links, linkTo(url, "first", "cursor", ""))
	return records, linkHeader(ctx, links...)
}

// cutAfter returns the page out of the records that were loaded for it, one more than
// it holds, and the Link header with the page that goes on from its last record by the
// parameter; nil if there is none. place is what the parameter has of a record.
func cutAfter[T any](ctx context.Context, size int, loaded []T, parameter string, place func(T) string) ([]T, *string) {
	if len(loaded) <= size {
		return loaded, nil
	}
	return loaded[:size], linkHeader(ctx, linkTo(requestURL(ctx), "next", parameter, place(loaded[size-1])))
}

// cursorAt is a cursor for the page on one side of a place.
func (p paging) cursorAt(place query.Cursor, s side) string {
	c := cursor{Side: s, Up: p.order == byTimeEarliest, ID: place.ID}
	if p.order != byID {
		c.At = new(place.UpdatedAt.UnixMilli())
	}
	return c.String()
}

// linkTo is a member of a Link header (RFC 8288): the URL without a page number,
// and with the parameter that says where the page is; none if it is empty.
func linkTo(u *url.URL, rel, parameter, value string) string {
	query := u.Query()
	query.Del("page")
	query.Del(parameter)
	if value != "" {
		query.Set(parameter, value)
	}
	target := url.URL{Path: u.Path, RawQuery: query.Encode()}
	return fmt.Sprintf(`<%s>; rel="%s"`, target.String(), rel)
}

// linkHeader is the Link header with the links. Under the alias the header is there
// already and would be replaced, so what it holds goes ahead of the links.
func linkHeader(ctx context.Context, links ...string) *string {
	if isAlias(ctx) {
		links = append([]string{successorLink(requestURL(ctx))}, links...)
	}
	return new(strings.Join(links, ", "))
}
