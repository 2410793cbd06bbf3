package server

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
)

// cursor is a place in a list, and on which side of it the page lies. It names
// the place by the values of a record and not by counting, so that it stays true
// while others write.
type cursor struct {
	Side side   `json:"d"`
	Up   bool   `json:"u,omitempty"` // the list has the earliest first
	At   *int64 `json:"t,omitempty"` // the record's updatedAt in ms; nil in a list ordered by id only
	ID   int64  `json:"i"`
}

// side is where a page lies, seen from a place.
type side string

const (
	pageAfter  side = "a" // it starts behind the place
	pageBefore side = "b" // it ends ahead of it
)

// maxCursorTime is the last millisecond that RFC 3339 can write.
var maxCursorTime = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli()

var errCursor = errors.New("malformed cursor")

// String writes the cursor for a URL: JSON in base64url without padding.
func (c cursor) String() string {
	text, _ := json.Marshal(c) // It has nothing that could fail.
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor reads what String wrote, and nothing else.
func parseCursor(s string) (cursor, error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return cursor{}, errCursor
	}
	var c cursor
	if err := json.Unmarshal(text, &c); err != nil || c.String() != s {
		return cursor{}, errCursor
	}
	if c.Side != pageAfter && c.Side != pageBefore || c.ID < 1 || c.At != nil && (*c.At < 0 || *c.At > maxCursorTime) {
		return cursor{}, errCursor
	}
	return c, nil
}

// place is where the cursor points.
func (c cursor) place() *query.Cursor {
	place := &query.Cursor{ID: c.ID}
	if c.At != nil {
		place.UpdatedAt = time.UnixMilli(*c.At).UTC()
	}
	return place
}

// cursorOffences returns what is wrong with the cursor of a query. It is found
// before the handler runs, so that one answer names it with all else.
func cursorOffences(query url.Values) []fault.Offence {
	sent := query.Get("cursor")
	if sent == "" {
		return nil
	}
	if query.Has("page") {
		return cursorOffence("cursor cannot be combined with page, since it says where the page is; send only one")
	}
	if _, err := parseCursor(sent); err != nil {
		return cursorOffence("cursor must be one that a Link header gave; got " + fault.Quote(sent))
	}
	return nil
}

func cursorOffence(message string) []fault.Offence {
	return []fault.Offence{{In: fault.InQuery, Path: []string{"cursor"}, Message: message}}
}
