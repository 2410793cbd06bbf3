package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// pages answers lists of three pages of two accounts, as ids.
func pages(link string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		if page < 2 {
			w.Header().Add("Link", `</v1/accounts>; rel="first", <x?a=",>; rel=prev`)
			w.Header().Add("Link", strings.ReplaceAll(link, "PAGE", strconv.Itoa(page+1)))
		}
		w.Header().Set("X-Total-Count", "6")
		reply(200, fmt.Sprintf(`[{"id":%d,"title":"a"},{"id":%d,"title":"b"}]`, 2*page+1, 2*page+2))(w, r)
	}
}

func TestListFollowsLinks(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"path":          `</v1/accounts?cursor=PAGE&title=x>; rel="next"`,
		"moved path":    `</behind/gateway/v1/accounts?cursor=PAGE&title=x>; rel="next"`,
		"query":         `<?cursor=PAGE&title=x>; title="a, b"; rel="last next"`,
		"without quote": `<accounts?cursor=PAGE&title=x>;REL=next`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, pages(link))
			var ids []int64
			for account, err := range server.client(t).Accounts.List(t.Context(), client.AccountFilter{Title: "x"}) {
				must(t, err)
				ids = append(ids, account.ID)
			}
			if fmt.Sprint(ids) != "[1 2 3 4 5 6]" {
				t.Errorf("ids %v", ids)
			}
			for i, r := range server.asked() {
				if r.path != "/v1/accounts" || r.header.Get("X-Api-Key") != key || i > 0 && r.query != fmt.Sprintf("cursor=%d&title=x", i) {
					t.Errorf("page %d: %+v", i, r)
				}
			}
		})
	}
}

func TestListStopsWhenTheLoopDoes(t *testing.T) {
	t.Parallel()
	server := serve(t, pages(`<?cursor=PAGE>; rel="next"`))
	for account, err := range server.client(t).Accounts.List(t.Context(), client.AccountFilter{}) {
		must(t, err)
		if account.ID == 3 {
			break
		}
	}
	if asked := len(server.asked()); asked != 2 {
		t.Errorf("asked for %d pages", asked)
	}
}

func TestListEndsWithItsError(t *testing.T) {
	t.Parallel()
	server := serve(t, pages(`<?cursor=PAGE>; rel="next"`), problem(403, "FORBIDDEN"))
	seen := 0
	var last error
	for _, err := range server.client(t).Accounts.List(t.Context(), client.AccountFilter{}) {
		seen, last = seen+1, err
	}
	if seen != 3 || !errors.Is(last, client.ErrForbidden) {
		t.Errorf("%d items, then %v", seen, last)
	}
}

func TestListThatLeadsToItself(t *testing.T) {
	t.Parallel()
	for _, link := range []string{`<?page_size=100>; rel="next"`, `</v1/accounts>; rel="next"`} {
		server := serve(t, reply(200, "[]", "Link", link))
		if _, err := server.client(t).Accounts.Page(t.Context(), client.AccountFilter{}); !errors.Is(err, client.ErrUnexpected) {
			t.Errorf("%s: %v", link, err)
		}
	}
	for _, broken := range []string{"<", "next", `<?cursor=1; rel="next"`, `<?cursor=1>`, `;,<>;rel`, `<?cursor=1>; rel="prev"`} {
		page, err := serve(t, reply(200, "[]", "Link", broken)).client(t).Accounts.Page(t.Context(), client.AccountFilter{})
		if err != nil || page.HasNext() {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := serve(t, pages(`<?cursor=PAGE>; rel="next"`)).client(t)
	page, err := c.Accounts.Page(t.Context(), client.AccountFilter{IncludeTotal: true, PageSize: 2})
	must(t, err)
	if len(page.Items) != 2 || page.Total != 6 || !page.HasNext() {
		t.Fatalf("%+v", page)
	}
	for range 2 {
		page, err = page.Next(t.Context())
		must(t, err)
	}
	if page.Items[0].ID != 5 || page.HasNext() {
		t.Errorf("last page %+v", page)
	}
	if after, err := page.Next(t.Context()); after != nil || err != nil {
		t.Errorf("after the last page: %v, %v", after, err)
	}
	first, err := serve(t, reply(200, "[]")).client(t).Contacts.Page(t.Context(), client.ContactFilter{})
	if err != nil || first.Total != -1 {
		t.Errorf("%+v, %v", first, err)
	}
}
