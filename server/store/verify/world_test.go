package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	accountsd "github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/teststore"
	"github.com/accountsd/accountsd/server/store/verify"
	"github.com/accountsd/accountsd/server/write"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)

// world fills a store with companies. Accounts 1 to 4 are of the first, as contacts 1
// and 2 are.
type world struct {
	testing.TB
	accountsd.Services
	identity.CreatedCompany
	store store.Store
}

func fill(t testing.TB, s store.Store) *world {
	t.Helper()
	w := &world{TB: t, store: s, Services: accountsd.NewServices(s, accountsd.ServiceConfig{Clock: func() time.Time { return start }, Region: "US"})}
	for _, name := range []string{"Harbor", "Sunrise"} { // The last is Sunrise, and the first to have accounts.
		var err error
		w.CreatedCompany, err = w.Users.CreateCompany(t.Context(), identity.NewCompany{Name: name, Email: "zoe@example.com", Password: "a long password"})
		must(t, err)
	}
	for _, body := range []map[string]any{
		{"name": "Notes", "type": "TEXT", "indexed": true}, {"name": "Sizes", "type": "NUMERIC", "isMultiple": true},
		{"name": "Roof", "type": "DROPDOWN", "options": []any{"Tile", "Metal"}},
		{"name": "Ext", "type": "TEXT", "unique": true},
	} {
		_, err := w.Properties.Create(t.Context(), w.Actor, property.ParseNew(body), write.Mode[schema.Property]{})
		must(t, err)
	}
	for _, name := range []string{"Ana", "Bo"} {
		w.contact(map[string]any{"name": name, "emails": []any{name + "@Büro.example"}, "phones": []any{"415 555 0142"}})
	}
	w.live()
	w.CreatedCompany.Actor.CompanyID = 1
	w.create(map[string]any{"title": "Of another company", "address": []any{"x"}})
	w.CreatedCompany.Actor.CompanyID = 2
	twice := w.create(map[string]any{"title": "Third", "address": []any{"y"}, "value": json.Number("3"), "custom": map[string]any{"ext": "E 6"}})
	_, err := w.Lineage.Merge(w.Context(), w.Actor, lineage.MergeRequest{ID: 3, From: []lineage.MergeSource{{ID: twice}}})
	must(t, err)
	return w
}

// live has accounts go through all that can happen to them.
func (w *world) live() {
	first := w.create(map[string]any{
		"title": "Sunrise 🏠 <Café> \u2028", "address": []any{"1 Main St\t\"x\"", "Köln"}, "description": "d", "primaryEmail": "Office@Büro.example",
		"primaryPhone": "+49 30 901820", "accountType": "COMMERCIAL", "value": json.Number("1e-7"), "size": json.Number("12345678901.25"),
		"contacts": []any{json.Number("1"), json.Number("2")},
		"custom":   map[string]any{"notes": "Größe", "sizes": []any{json.Number("1.10"), json.Number("12345678901234567890.5")}, "roof": "Tile"},
	})
	second := w.create(map[string]any{"title": "Second", "address": []any{"x"}, "custom": map[string]any{"roof": "Metal", "notes": "n"}})
	w.Actor.Reason = "told \ue000 by phone 🏠"
	w.update(first, map[string]any{"value": nil, "custom": map[string]any{"sizes": nil}, "contacts": []any{json.Number("2")}})
	w.Actor.Reason = ""
	w.update(second, map[string]any{"isActive": false, "number": json.Number("77")})
	w.update(first, map[string]any{"value": json.Number("1e14"), "title": "Sunrise\u00a0B", "custom": map[string]any{"notes": "N\ue000\ue0000", "sizes": []any{json.Number("2")}}})
	third := w.create(map[string]any{"title": "Third", "address": []any{"x"}, "contacts": []any{json.Number("1")}, "custom": map[string]any{"ext": "E 3"}})
	gone := w.create(map[string]any{"title": "Gone", "address": []any{"x"}, "primaryEmail": "gone@example.com"})
	must(w, w.Accounts.Delete(w.Context(), w.Actor, account.DeleteRequest{ID: gone}))
	must(w, w.Contacts.Delete(w.Context(), w.Actor, 1)) // which unlinks account 3
	w.update(third, map[string]any{"description": "last"})
	for _, req := range []property.UpdateRequest{
		{Key: "roof", Patch: property.ParsePatch(map[string]any{"renameOptions": []any{map[string]any{"from": "Metal", "to": "Tin"}}})},
		{Key: "roof", Patch: property.ParsePatch(map[string]any{"removeOptions": []any{"Tile"}}), Force: true},
	} {
		_, err := w.Properties.Update(w.Context(), w.Actor, req)
		must(w, err)
	}
	_, err := w.Lineage.Undelete(w.Context(), w.Actor, lineage.UndeleteRequest{ID: gone})
	must(w, err)
}

func (w *world) contact(body map[string]any) {
	_, err := w.Contacts.Create(w.Context(), w.Actor, w.Contacts.Parse(body), write.Mode[account.Contact]{})
	must(w, err)
}

func (w *world) create(body map[string]any) int64 {
	a, err := w.Intake.Create(w.Context(), w.Actor, intake.CreateRequest{Patch: w.Accounts.Parse(body), MatchBy: account.MatchNone})
	must(w, err)
	return a.Account.ID
}

func (w *world) update(id int64, body map[string]any) {
	_, err := w.Accounts.Update(w.Context(), w.Actor, account.UpdateRequest{ID: id, Patch: w.Accounts.Parse(body)})
	must(w, err)
}

// target is a database to verify, and to do to what no program should.
type target struct {
	verify.Database
	isPostgres bool
	write      func(ctx context.Context, fn func(context.Context, db.Session) error) error
}

// onEach runs a test on a database of each store with a world in it.
func onEach(t *testing.T, test func(t *testing.T, d target)) {
	t.Helper()
	onEachOpen(t, func(t *testing.T, w *world, open func() target) {
		must(t, w.store.Close())
		test(t, open())
	})
}

// onEachOpen is onEach while the store is open. It is closed by the test.
func onEachOpen(t *testing.T, test func(t *testing.T, w *world, open func() target)) {
	t.Helper()
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "accounts.db")
		must(t, teststore.WriteFile(path))
		s, err := sqlite.Open(t.Context(), path)
		must(t, err)
		test(t, fill(t, s), func() target {
			bulk, err := sqlite.OpenTarget(t.Context(), path)
			must(t, err)
			closed(t, bulk)
			d, err := sqlite.OpenVerified(t.Context(), path)
			must(t, err)
			closed(t, d)
			return target{d, false, bulk.Write}
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		s, err := postgres.Open(t.Context(), url, postgres.Config{Quiet: true})
		must(t, err)
		test(t, fill(t, s), func() target {
			bulk, err := postgres.OpenTarget(t.Context(), url)
			must(t, err)
			closed(t, bulk)
			return target{bulk, true, bulk.Write}
		})
	})
}

func closed(t *testing.T, c io.Closer) { t.Cleanup(func() { must(t, c.Close()) }) }

// seen is a database as one session sees it.
type seen struct {
	verify.Database
	session db.Session
}

func (s seen) Look(_ context.Context, read func(db.Session) error) error { return read(s.session) }

var errUndo = errors.New("nothing of it is to stay")

// after verifies what statements have made of the database, and undoes them.
func (d target) after(t *testing.T, statements ...string) (found []verify.Fault) {
	t.Helper()
	err := d.write(t.Context(), func(ctx context.Context, s db.Session) error {
		found = nil // It may be run again.
		for _, text := range statements {
			if err := s.Exec(ctx, db.Statement{Thing: "anything", Text: text}); err != nil {
				return err
			}
		}
		_, err := verify.Run(ctx, seen{d.Database, s}, verify.Options{Found: func(f verify.Fault) { found = append(found, f) }})
		return errors.Join(err, errUndo)
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	return found
}
