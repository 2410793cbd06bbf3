package main

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/teststore"
	"github.com/accountsd/accountsd/server/transfer"
)

// books is a server whose store is at hand.
type books struct {
	server.Services
	store   store.Store
	company identity.CreatedCompany
	client  *client.Client
	shell   *shell
}

func newBooks(t *testing.T) *books {
	t.Helper()
	sh := &shell{t: t, dir: t.TempDir()}
	b := &books{store: teststore.Open(t), shell: sh}
	b.Services = server.NewServices(b.store, server.ServiceConfig{Region: "US"})
	var err error
	b.company, err = b.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "Sunrise", Email: "ada@example.com"})
	must(t, err)
	handler, err := server.New(server.Config{Logger: slog.New(slog.DiscardHandler)}, b.Services)
	must(t, err)
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	sh.env = []string{"RUN_ACCOUNTS=yes", "ACCOUNTS_URL=" + web.URL, "ACCOUNTS_KEY=" + b.company.Token}
	b.client, err = client.New(web.URL, client.WithAPIKey(b.company.Token))
	must(t, err)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill makes accounts with texts that a format might take for something else.
func (b *books) fill(t *testing.T) {
	t.Helper()
	awkward := []string{`say "so"`, `""`, `"`, "a; b", "a, b", `["a"]`, "[x]", "=1+1", "'=1", "-5", "+1", "@x", "two\r\nlines", "null", "true", "1.10", " in ", "<b>&", "\u2028x"}
	for _, kind := range []client.PropertyType{client.Text, client.Numeric, client.Boolean, client.Date, client.Dropdown} {
		for _, multiple := range []bool{false, true} {
			property := client.PropertyCreate{Name: fmt.Sprintf("%s %t", kind, multiple), Type: kind, IsMultiple: multiple}
			if kind == client.Dropdown {
				property.Options = []string{"Gold", "a,b", "[1]", `""`}
			}
			_, err := b.client.Properties.Create(t.Context(), property)
			must(t, err)
		}
	}
	jo, err := b.client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Jo"})
	must(t, err)
	lin, err := b.client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Lin"})
	must(t, err)
	for i, text := range awkward {
		_, err := b.client.Accounts.Create(t.Context(), client.AccountCreate{
			Title: "T" + text, Description: client.Set(text), Address: []string{text, "B"}[:1+i%2], IsActive: client.Set(i != 3),
			PrimaryEmail: client.Set(fmt.Sprintf("=x%d@example.com", i)), PrimaryPhone: client.Set("+1415555014" + fmt.Sprint(i%10)),
			AccountType: client.Set(client.Commercial), Value: client.Set(-0.5), Size: client.Set(float64(i)), Contacts: client.Set([]int64{lin.ID, jo.ID}[:i%3]),
			Custom: client.Values{
				"text_false": text, "text_true": client.ListOf(awkward[:i]...), "numeric_false": client.Decimal("-12345678901234567890.10"),
				"numeric_true": client.ListOf(-1, 2.5)[:1+i%2], "boolean_false": true, "boolean_true": client.ListOf(true, false), "date_false": "2026-11-24",
				"date_true": client.ListOf("2026-11-24"), "dropdown_false": `""`, "dropdown_true": client.ListOf("[1]", "a,b")[:1+i%2],
			},
		}, client.MatchBy(client.MatchNone))
		must(t, err)
	}
	_, err = b.client.Accounts.Create(t.Context(), client.AccountCreate{Title: "Bare", Address: []string{"A"}})
	must(t, err)
}

// rows are those of a CSV file, each with its cells by their columns.
func rows(t *testing.T, text string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	must(t, err)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// What the command line lists is what the server exports, and importing it
// changes nothing.
func TestListedCSVIsImported(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.fill(t)
	listed, stderr, code := b.shell.run("", "list", "--archived", "--contacts", "--order", "asc", "-o", "csv")
	if code != 0 {
		t.Fatal(stderr)
	}
	properties, err := b.store.Properties(t.Context(), b.company.Actor.CompanyID)
	must(t, err)
	var exported strings.Builder
	w, err := transfer.NewWriter(&exported, transfer.CSV, properties, func(a account.Account) any { return server.ToAPIAccount(a) })
	must(t, err)
	must(t, b.Accounts.Export(t.Context(), b.company.Actor.CompanyID, true, w.Write))
	must(t, w.Flush())
	got, want := rows(t, listed), rows(t, exported.String())
	for i := range want {
		if i >= len(got) || !maps.Equal(got[i], want[i]) {
			t.Fatalf("listed %q\nexported %q", got[i:], want[i])
		}
	}

	path := filepath.Join(b.shell.dir, "listed.csv")
	must(t, os.WriteFile(path, []byte(listed), 0o600))
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	result, err := transfer.Import(t.Context(), b.Importer, b.company.Actor, properties, file, path, transfer.Options{Format: transfer.CSV, MatchBy: account.MatchID, Region: "US"})
	must(t, err)
	if rows := int64(len(want)); result.Counts.Unchanged != rows || result.Counts.Rows() != rows {
		t.Errorf("%+v %+v\n%s", result.Counts, result.First, listed)
	}
}
