package sqlite_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

// released puts a database that an earlier release has made into a folder, and returns
// its path and the token of its key.
func released(t *testing.T, name string) (path, token string) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	path = newPath(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join("testdata", name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return path, strings.TrimSpace(string(key))
}

// What an earlier release has written is there after its database was migrated, and
// in the copy that is kept of it.
func TestReleases(t *testing.T) {
	t.Parallel()
	path, token := released(t, "schema5")
	for _, again := range []bool{false, true} {
		s, err := sqlite.OpenExisting(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		key, user, err := s.KeyByHash(t.Context(), identity.HashToken(token), start)
		if err != nil || user.Email != "ada@example.com" || key.Scope != identity.ScopeAdmin {
			t.Errorf("key %+v of %+v, %v", key, user, err)
		}
		accounts, err := s.AccountsByID(t.Context(), user.CompanyID, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, a := range accounts {
			titles = append(titles, a.Title)
		}
		want := []string{"Renamed customer 1", "Renamed customer 2", "Renamed customer 3", "By the old path", "Old customer 5",
			"Old customer 6", "Old customer 7", "Old customer 8", "Old customer 9", "Old customer 10", "Old customer 11"}
		if !slices.Equal(titles, want) {
			t.Errorf("accounts %q", titles)
		}
		first := accounts[0]
		if first.Custom["roof_type"] != "Tile" || len(first.Contacts) != 1 || first.Contacts[0].Name != "Ada Reyes" || *first.PrimaryEmail != "c1@customer.example" {
			t.Errorf("account %+v", first)
		}
		history, err := s.Changes(t.Context(), user.CompanyID, 0, 100)
		if err != nil || len(history) != 17 || history[16].Kind != account.ChangeDeleted {
			t.Errorf("%d entries, %v", len(history), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantNoFault(t, path)
		if version, err := sqlite.VersionOf(t.Context(), path+".schema5"); err != nil || version != 5 {
			t.Errorf("the copy has version %d, %v", version, err)
		}
		if !again { // The copy is a database like the one that it is of.
			if path, err = path+".schema5", os.Rename(path, path+".migrated"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func wantNoFault(t *testing.T, path string) {
	t.Helper()
	d, err := sqlite.OpenVerified(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := verify.Run(t.Context(), d, verify.Options{Found: func(f verify.Fault) { t.Error(f) }}); err != nil {
		t.Error(err)
	}
}
