package sqlite_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

// officeFile is the file of an office, closed.
func officeFile(t *testing.T, accounts int) string {
	t.Helper()
	path := newPath(t)
	s, err := sqlite.OpenWith(t.Context(), path, sqlite.Limits{Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	newOffice(t, s, accounts)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantFaults wants the texts in the faults of a file.
func wantFaults(t *testing.T, path string, want ...string) {
	t.Helper()
	found, _ := faultsIn(t, path)
	all := strings.Join(found, "\n")
	for _, text := range want {
		if !strings.Contains(all, text) {
			t.Errorf("nothing says %q:\n%s", text, all)
		}
	}
	if len(want) == 0 && len(found) > 0 {
		t.Error(all)
	}
}

// Each page that is damaged is told of, and the rest is looked at nevertheless. None
// of them ends the run.
func TestVerifyDamagedPages(t *testing.T) {
	t.Parallel()
	path := officeFile(t, 200)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for n := 1; n < len(text)/page; n += few {
		spoiled := filepath.Join(t.TempDir(), "spoiled.db")
		part := bytes.Clone(text)
		copy(part[n*page:(n+1)*page], bytes.Repeat([]byte{0xa5}, page))
		if err := os.WriteFile(spoiled, part, 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := damageIn(t, spoiled)
		if err == nil && !strings.Contains(found, spoiled+" is damaged: ") || err != nil && !strings.Contains(err.Error(), spoiled+" is damaged; restore it from a copy") {
			t.Errorf("page %d: %v\n%s", n+1, err, found)
		}
	}
}

// Each byte of a row of the history counts: whatever becomes of it, verify names a
// fault, or the file cannot be read at all.
func TestVerifyEachByte(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{NoText: true})
	o := newOffice(t, s, 2)
	if err := o.updatePair(t.Context(), 0, 4711); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The row of the second one has its columns in this order, with a hash at the end.
	const email, fields, hash = "zoe@example.com", `{"value":{"before":null,"after":4711}}`, 32
	end := bytes.LastIndex(text, []byte(email+fields)) + len(email+fields) + hash
	at := bytes.LastIndex(text[:max(end, 0)], []byte("updated"))
	if at < 0 || end < at || end > at+200 {
		t.Fatalf("no such row from %d to %d", at, end)
	}
	altered := filepath.Join(t.TempDir(), "altered.db")
	const before = 1 // the account; what types the columns have, ahead of it, can be written in several ways
	for i := at - before; i < end; i += few {
		for _, mask := range []byte{1, 0x80} {
			part := bytes.Clone(text)
			part[i] ^= mask
			if err := os.WriteFile(altered, part, 0o600); err != nil {
				t.Fatal(err)
			}
			if found, err := damageIn(t, altered); err == nil && found == "" {
				t.Errorf("byte %d of the row, %q, can be %q", i-at, text[i], part[i])
			}
		}
	}
}

// damageIn verifies a file that may not even be opened.
func damageIn(t *testing.T, path string) (string, error) {
	t.Helper()
	v, err := sqlite.OpenVerified(t.Context(), path)
	if err != nil {
		return "", err
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	found, _ := faultsIn(t, path)
	return strings.Join(found, "\n"), nil
}

// What only SQLite has is looked at, too: references, ids, and the index of words.
func TestVerifyFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"reference": {"PRAGMA foreign_keys = OFF; DELETE FROM users", "a row of the table accounts, with the rowid 1, refers to one of users that is not there"},
		"ids":       {"UPDATE sqlite_sequence SET seq = 3 WHERE name = 'accounts'", "an id of the table accounts is 10, but ids are counted only up to 3"},
		"gone":      {"DELETE FROM accounts; UPDATE sqlite_sequence SET seq = 9 WHERE name = 'accounts'", "an id of the table changes is 10, but ids are counted only up to 9"},
		"state":     {"INSERT INTO search_state VALUES (x'00', 0)", "the state of the index of words has 2 rows, and must have one"},
		"queue":     {"UPDATE search_state SET pruned = 1000000", "but was emptied up to 1000000"},
		"index":     {"PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'accounts_title'", "is damaged: "},
	} {
		path := officeFile(t, 10)
		wantFaults(t, path)
		execFile(t, path, c.script)
		wantFaults(t, path, c.want)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// A damaged index of words is told of, and what to do about it helps.
func TestVerifyIndex(t *testing.T) {
	t.Parallel()
	path := officeFile(t, 10)
	spoil(t, path+"-search", 4096)
	wantFaults(t, path, path+"-search is damaged: ", "stop the server, remove "+path+"-search and start it")
	if err := os.Remove(path + "-search"); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, path)
	if err := openAndAdd(t.Context(), path, "Harbor"); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, path)
}

// A file is verified where nothing can be written, and stays as it is.
func TestVerifyReadOnly(t *testing.T) {
	t.Parallel()
	path := officeFile(t, 10)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, path)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed, %v", err)
	}
	wantFiles(t, filepath.Dir(path), "accounts.db", "accounts.db-search")
}

// What an older program has written is sound once it has the schema of this one.
func TestVerifyOlder(t *testing.T) {
	t.Parallel()
	packed, err := os.Open("testdata/schema5.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	path := newPath(t)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.ReadFrom(text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.OpenExisting(migration.LogTo(t.Context(), slog.New(slog.DiscardHandler)), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	found, result := faultsIn(t, path)
	if len(found) > 0 || result.Accounts == 0 || result.Entries <= result.Accounts {
		t.Errorf("%+v\n%s", result, strings.Join(found, "\n"))
	}
}

// oldHistory is of two companies, with the gaps that there were when the sequences of
// all companies were counted together, and more than is sealed at once.
const oldHistory = `
INSERT INTO companies (id, name, name_fold, created_at, last_sequence) VALUES (1, 'Sunrise', 'sunrise', 0, 4999), (2, 'Harbor', 'harbor', 0, 5000), (3, 'New', 'new', 0, 0);
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
INSERT INTO changes (company_id, sequence, account_id, kind, version, at, user_id, key_id, email, fields)
SELECT 2 - n % 2, n, n % 7, 'updated', n, n, iif(n % 3 = 0, NULL, n % 3), iif(n % 4 = 0, NULL, 1), 'é' || n, '{"title":{"before":null,"after":"🏠"}}' FROM n`

// The history of a file from before there were hashes gets them when it is opened, and
// that is told in the log. What is written then goes on from there.
func TestHashesOfOlderHistory(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	if err := sqlite.MakeOld(t.Context(), path, 15); err != nil {
		t.Fatal(err)
	}
	execFile(t, path, oldHistory)
	if err := backUp(t, path, path+".15"); err != nil { // An older file can be backed up.
		t.Fatal(err)
	}
	var log strings.Builder
	s, err := sqlite.OpenWith(migration.LogTo(t.Context(), slog.New(slog.NewTextHandler(&log, nil))), path, sqlite.Limits{NoText: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := `msg="migrated the database" from=15 to=16`; !strings.Contains(log.String(), want) {
		t.Errorf("logged %s", log.String())
	}
	for company := range int64(3) {
		entry := account.HistoryEntry{CompanyID: company + 1, AccountID: 1, Kind: account.ChangeUpdated, At: start}
		mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.AddHistory(ctx, &entry) })
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	conn := openFile(t, path)
	result, err := verify.Hashes(t.Context(), conn.Session, verify.Options{Found: func(f verify.Fault) { t.Error(f) }})
	if err != nil || result.Entries != 5003 {
		t.Errorf("%d entries, %v", result.Entries, err)
	}
	v, err := sqlite.OpenVerified(t.Context(), path+".15")
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, v.Outdated(), fault.KindUnavailable)
	if err := v.Damage(t.Context(), func(f verify.Fault) { t.Error(f) }); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}
