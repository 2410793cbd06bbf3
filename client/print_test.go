package client_test

import (
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// What is printed can be read: a member in three states is not a map.
func TestPrinted(t *testing.T) {
	t.Parallel()
	account := client.Account{ETag: `"1-1"`}
	account.ID, account.Title, account.Value, account.Description = 1, "<Sunrise>", client.Set(80.0), client.Clear[string]()
	patch := client.AccountPatch{Title: client.Set("x"), PrimaryEmail: client.Clear[string](), Custom: client.Values{"roof": nil}}
	for _, value := range []any{account, &account, client.CreatedAccount{Account: account}} {
		want := account.Account.String()
		if got := fmt.Sprintf("%+v", value); got != want || fmt.Sprint(value) != want {
			t.Errorf("%T is printed as %s, not %s", value, got, want)
		}
	}
	for want, value := range map[string]any{
		`{"title":"x","primaryEmail":null,"custom":{"roof":null}}`:             patch,
		`{"id":2,"set":{"title":"x"}}`:                                         client.BatchUpdate{ID: 2, Set: client.AccountPatch{Title: client.Set("x")}},
		`[{"title":"y","address":["A"]}]`:                                      []client.AccountCreate{{Title: "y", Address: []string{"A"}}},
		`{"id":1,"name":"<Jo>","title":"Manager","emails":null,"phones":null}`: client.AccountContact{ID: 1, Name: "<Jo>", Title: client.Set("Manager")},
	} {
		if got := fmt.Sprintf("%+v", value); got != want {
			t.Errorf("%T is printed as %s, not %s", value, got, want)
		}
	}
}
