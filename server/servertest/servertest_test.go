package servertest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/servertest"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// archiveOld is a function of a program that embeds the client.
func archiveOld(ctx context.Context, c *client.Client, title string) (archived int, err error) {
	for account, err := range c.Accounts.List(ctx, client.AccountFilter{Title: title}) {
		if err != nil {
			return archived, err
		}
		if _, err := c.Accounts.Update(ctx, account.ID, client.AccountPatch{IsActive: client.Set(false)}); err != nil {
			return archived, err
		}
		archived++
	}
	return archived, nil
}

// In a test, call New(t): it stops the server when the test ends.
func ExampleStart() {
	ctx := context.Background()
	s, err := servertest.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	for _, title := range []string{"Old Mill", "Old Town", "New Harbor"} {
		if _, err := s.Client.Accounts.Create(ctx, client.AccountCreate{Title: title, Address: []string{"5 Pier Road"}}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(archiveOld(ctx, s.Client, "old"))
	// Output: 2 <nil>
}

func TestNew(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	roof := s.Define(t, client.PropertyCreate{Name: "Roof type", Type: client.Dropdown, Options: []string{"Tile"}})
	a := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}, Custom: client.Values{roof: "Metal"}})
	if label, _ := a.Custom.Text(roof); label != "Metal" || a.ETag == "" {
		t.Errorf("account %+v", a)
	}
	if made := s.Accounts(t, 3); made[2].Title != "Account 3" {
		t.Errorf("accounts %+v", made)
	}
	reader, err := client.New(s.URL, client.WithAPIKey(s.NewKey(t, client.ScopeRead)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Accounts.Update(t.Context(), a.ID, client.AccountPatch{}); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("a key that may only read: %v", err)
	}
}

func TestServersAreApart(t *testing.T) {
	t.Parallel()
	one, two := servertest.New(t), servertest.New(t)
	a := one.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}})
	if _, err := two.Client.Accounts.Get(t.Context(), a.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("%v", err)
	}
	stranger, err := client.New(two.URL, client.WithAPIKey(one.Key))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Accounts.Get(t.Context(), 1); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("another server's key: %v", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithPassword("correct horse battery"), servertest.WithServer(func(c *server.Config) { c.MaxBodyBytes = 100 }))
	key, err := s.Client.Keys.Create(t.Context(), servertest.Email, "correct horse battery", client.KeyCreate{Name: "nightly"})
	if err != nil || key.Token == "" {
		t.Errorf("%+v, %v", key, err)
	}
	_, err = s.Client.Accounts.Create(t.Context(), client.AccountCreate{Title: "A title that is rather long", Address: []string{"And an address that is, too, so that the body is long"}})
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 413 {
		t.Errorf("%v", err)
	}
}

// A server on PostgreSQL has a database of its own there, which ends with it.
func TestWithPostgres(t *testing.T) {
	t.Parallel()
	server := os.Getenv(pgtest.Variable)
	if server == "" {
		t.Skipf("there is no PostgreSQL to test on: run \"make test-postgres\", or set %s to the URL of a server", pgtest.Variable)
	}
	s, err := servertest.Start(t.Context(), servertest.WithPostgres(server))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}})
	if other := servertest.New(t, servertest.WithPostgres(server)); a.ID != 1 || len(other.Accounts(t, 2)) != 2 {
		t.Errorf("account %+v", a)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := servertest.Start(t.Context(), servertest.WithPostgres("postgres://127.0.0.1:1/none?connect_timeout=2")); err == nil {
		t.Error("started on a server that is not there")
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	teststore.OnlySQLite(t, "It looks for the file of SQLite, and a database on PostgreSQL has none here.")
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := servertest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	t.Setenv("TMPDIR", dir+"/none")
	if _, err := servertest.Start(t.Context()); err == nil {
		t.Error("started without a place for its file")
	}
}

// BenchmarkStart prints how long a test waits for its server.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := servertest.Start(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
