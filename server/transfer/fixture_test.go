package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/teststore"
	"github.com/accountsd/accountsd/server/transfer"
	"github.com/accountsd/accountsd/server/write"
)

// fixture is a service on a store of its own, with a company and its properties.
type fixture struct {
	server.Services
	store      store.Store
	dir        string
	actor      identity.Actor
	properties []schema.Property
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir()}
	f.store = teststore.Open(t)
	f.Services = server.NewServices(f.store, server.ServiceConfig{Region: "US"})
	f.addCompany(t, "Sunrise")
	return f
}

// addCompany makes the fixture one of another company, which has a property of
// each type, once for itself and once as a list, and three contacts.
func (f *fixture) addCompany(t fatal, name string) {
	ctx := context.Background()
	made, err := f.Users.CreateCompany(ctx, identity.NewCompany{Name: name, Email: strings.ToLower(strings.ReplaceAll(name, " ", "")) + "@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	f.actor, f.properties = made.Actor, nil
	for _, kind := range schema.Types {
		for _, multiple := range []bool{false, true} {
			p := schema.Property{Name: fmt.Sprintf("%s %t", kind, multiple), Type: kind, Multiple: multiple}
			if kind == schema.Dropdown {
				p.Options = []string{"Gold", "[1]", `""`, `"`, "a,b", "Straße"}
			}
			if p, err = f.Properties.Create(ctx, f.actor, property.New{Property: p}, write.Mode[schema.Property]{}); err != nil {
				t.Fatal(err)
			}
			f.properties = append(f.properties, p)
		}
	}
}

type fatal interface{ Fatal(...any) }

// addContacts returns the ids of new contacts.
func (f *fixture) addContacts(t fatal, n int) []int64 {
	var ids []int64
	err := f.store.Write(context.Background(), func(ctx context.Context, tx store.Tx) error {
		ids = nil
		for i := range n {
			c := account.Contact{CompanyID: f.actor.CompanyID, Name: fmt.Sprintf("Contact %d", i), CreatedAt: time.Now(), UpdatedAt: time.Now()}
			if err := tx.InsertContact(ctx, &c); err != nil {
				return err
			}
			ids = append(ids, c.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// export returns the company's accounts as a file.
func (f *fixture) export(t fatal, format transfer.Format) string {
	var b bytes.Buffer
	w, err := transfer.NewWriter(&b, format, f.properties, func(a account.Account) any { return server.ToAPIAccount(a) })
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Accounts.Export(context.Background(), f.actor.CompanyID, true, w.Write), w.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// write makes a file of the fixture's folder.
func (f *fixture) write(t fatal, name, text string) string {
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importFile imports a file. The format is that of its name.
func (f *fixture) importFile(ctx context.Context, t fatal, path string, opts transfer.Options) (transfer.Result, error) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if opts.Format, err = transfer.ParseFormat("", path); err != nil {
		t.Fatal(err)
	}
	opts.Region = "US"
	return transfer.Import(ctx, f.Importer, f.actor, f.properties, file, path, opts)
}

// importText imports a file with the contents, which must not be refused.
func (f *fixture) importText(t fatal, name, text string, opts transfer.Options) transfer.Result {
	result, err := f.importFile(context.Background(), t, f.write(t, name, text), opts)
	if err != nil {
		t.Fatal(name, err)
	}
	return result
}

// accounts returns all accounts of the company in the order of their ids.
func (f *fixture) accounts(t fatal) []account.Account {
	var all []account.Account
	err := f.Accounts.Export(context.Background(), f.actor.CompanyID, true, func(a account.Account) error {
		all = append(all, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// changes returns how many entries the company's history has.
func (f *fixture) changes(t fatal) int {
	entries, err := f.store.Changes(context.Background(), f.actor.CompanyID, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func wantCounts(t testing.TB, got transfer.Result, created, updated, unchanged, rejected int64) {
	t.Helper()
	want := intake.ImportCounts{Created: created, Updated: updated, Unchanged: unchanged, Rejected: rejected}
	if got.Counts != want {
		t.Errorf("got %+v, want %+v; first rejected: %+v", got.Counts, want, got.First)
	}
}

func wantNoFile(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want no such file", path, err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
