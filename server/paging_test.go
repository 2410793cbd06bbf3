package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
)

// Whatever parseCursor takes, it takes in this form only, and a URL carries it
// as it is.
func FuzzParseCursor(f *testing.F) {
	at := int64(1795478400123)
	for _, c := range []cursor{{Side: pageAfter, At: &at, ID: 42}, {Side: pageBefore, ID: 7}} {
		f.Add(c.String())
	}
	for _, seed := range []string{"", "e30", "eyJkIjoiYSIsInQiOm51bGwsImkiOjQyfQ", "eyJkIjoiYyIsImkiOjQyfQ", "eyJkIjoiYSIsImkiOjB9", "eyJkIjoiYSIsImkiOjF9Cg", "eyJkIjoiYSIsImkiOjF9=", "%%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(s)
		if err != nil {
			return
		}
		if c.String() != s || url.QueryEscape(s) != s || len(s) > 200 {
			t.Fatalf("%q is read as %+v, which is written %q", s, c, c.String())
		}
		if p := c.place(); p.ID < 1 || p.UpdatedAt.Year() > 9999 {
			t.Fatalf("%q is the place %+v", s, p)
		}
	})
}

func TestCursorRefusesOtherForms(t *testing.T) {
	t.Parallel()
	good := cursor{Side: pageAfter, ID: 42}.String()
	if _, err := parseCursor(good); err != nil {
		t.Fatal(err)
	}
	tooLate, negative := maxCursorTime+1, int64(-1)
	for _, bad := range []string{
		good + "=", " " + good, good + "Cg", "42", "e30",
		cursor{Side: pageAfter}.String(), cursor{Side: "c", ID: 1}.String(),
		cursor{Side: pageAfter, ID: 1, At: &tooLate}.String(), cursor{Side: pageAfter, ID: 1, At: &negative}.String(),
	} {
		if c, err := parseCursor(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, c)
		}
	}
}

// numbers is a list of the ids from 1 to 7 that selects by a page as a store
// does, in an order of the place that order says.
func numbers(p query.Page, place func(int64) query.Cursor) []int64 {
	all := []int64{1, 2, 3, 4, 5, 6, 7}
	position := func(c *query.Cursor) int {
		return slices.IndexFunc(all, func(n int64) bool { return place(n) == *c })
	}
	switch {
	case p.After != nil:
		all = all[position(p.After)+1:]
	case p.Before != nil:
		all = all[:position(p.Before)]
		return all[max(0, len(all)-p.Limit):]
	default:
		all = all[min(int(p.Offset), len(all)):]
	}
	return all[:min(p.Limit, len(all))]
}

func TestPagesLinkToEachOther(t *testing.T) {
	t.Parallel()
	for order, place := range map[listOrder]func(int64) query.Cursor{
		byTime: func(n int64) query.Cursor {
			return query.Cursor{ID: n, UpdatedAt: time.UnixMilli(n / 2).UTC()}
		},
		byID: func(n int64) query.Cursor { return query.Cursor{ID: n} },
	} {
		get := func(target string) ([]int64, map[string]string) {
			u, err := url.Parse(target)
			if err != nil {
				t.Fatal(err)
			}
			size, number, sent := 3, (*int64)(nil), (*string)(nil)
			if page := int64(2); u.Query().Has("page") {
				number = &page
			}
			if c := u.Query().Get("cursor"); c != "" {
				sent = &c
			}
			p, err := newPaging(order, &size, number, sent)
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.WithValue(t.Context(), gin.ContextRequestKey, &http.Request{URL: u})
			records, header := cutPage(ctx, p, numbers(p.Page, place), place)
			return records, parseLinks(t, *header)
		}
		check := func(target string, want []int64, rels string) map[string]string {
			t.Helper()
			records, links := get(target)
			found := []string{}
			for rel, link := range links {
				found = append(found, rel)
				if !strings.Contains(link, "q=a+%3Cb%3E%26") || strings.Contains(link, "page=") {
					t.Errorf("%s of %s is %s", rel, target, link)
				}
			}
			slices.Sort(found)
			if fmt.Sprint(records) != fmt.Sprint(want) || strings.Join(found, " ") != rels {
				t.Errorf("%s has %v and links %v, want %v and %s", target, records, found, want, rels)
			}
			return links
		}
		start := "/v1/accounts?q=a+%3Cb%3E%26"
		first := check(start, []int64{1, 2, 3}, "first next")
		second := check(first["next"], []int64{4, 5, 6}, "first next prev")
		third := check(second["next"], []int64{7}, "first prev")
		check(check(third["prev"], []int64{4, 5, 6}, "first next prev")["prev"], []int64{1, 2, 3}, "first next")
		numbered := check(start+"&page=2", []int64{4, 5, 6}, "first next prev")
		check(numbered["next"], []int64{7}, "first prev")
		check(numbered["prev"], []int64{1, 2, 3}, "first next")
		if numbered["first"] != start {
			t.Errorf("first is %s", numbered["first"])
		}
	}
}

// A cursor of a list in another order is no place in this one.
func TestCursorOfAnotherList(t *testing.T) {
	t.Parallel()
	sent := cursor{Side: pageAfter, ID: 42}.String()
	_, err := newPaging(byTime, nil, nil, &sent)
	if err == nil || fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("%v", err)
	}
}

func parseLinks(t *testing.T, header string) map[string]string {
	t.Helper()
	links := make(map[string]string)
	for link := range strings.SplitSeq(header, ", ") {
		target, rel, ok := strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="`)
		if !ok {
			t.Fatalf("malformed link %s", link)
		}
		links[strings.TrimSuffix(rel, `"`)] = target
	}
	return links
}
