package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
	"github.com/accountsd/accountsd/server/store/storetest"
)

// A search file that does not go with the database is made anew, and one that
// does is used. Either way no text is missed.
func TestSearchFileFits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		between func(t *testing.T, path string) // what happens while the store is closed
		lost    int                             // accounts that the database has no more
		kept    bool                            // the file is used
	}{
		"nothing": {between: func(*testing.T, string) {}, kept: true},
		"deleted": {between: func(t *testing.T, path string) { remove(t, path+"-search") }},
		"emptied": {between: func(t *testing.T, path string) { writeFile(t, path+"-search", nil) }},
		"garbage": {between: func(t *testing.T, path string) {
			writeFile(t, path+"-search", bytes.Repeat([]byte("no database "), 1000))
		}},
		"cut short": {between: func(t *testing.T, path string) { truncate(t, path+"-search") }},
		"another database's": {between: func(t *testing.T, path string) {
			other := newPath(t)
			fill(t, other, 0, 40)
			copyFile(t, other+"-search", path+"-search")
		}},
		"older file":     {between: func(t *testing.T, path string) { copyFile(t, path+"-search.old", path+"-search") }},
		"older database": {between: func(t *testing.T, path string) { copyFile(t, path+".old", path) }, lost: 20},
		"both older": {between: func(t *testing.T, path string) {
			copyFile(t, path+".old", path)
			copyFile(t, path+"-search.old", path+"-search")
		}, lost: 20, kept: true},
		"fewer columns": {between: narrow},
		"copy without file": {between: func(t *testing.T, path string) {
			copyFile(t, path+".old", path)
			remove(t, path+"-search")
		}, lost: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			fill(t, path, 0, 20)
			copyFile(t, path, path+".old")
			copyFile(t, path+"-search", path+"-search.old")
			fill(t, path, 20, 40)
			c.between(t, path)
			before := epoch(t, path)
			s := open(t, path, sqlite.Limits{Eager: true})
			if kept := epoch(t, path) == before; kept != c.kept {
				t.Errorf("the file was kept: %t, want %t", kept, c.kept)
			}
			if info, err := os.Stat(path + "-search"); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("the file is %v, %v", info, err)
			}
			// Once at once, with whatever index there is, and once with all of it.
			wantTitles(t, s, 40-c.lost)
			mustWrite(t, s, insert(1, "Quince 99"))
			waitIndexed(t, s, 1)
			wantTitles(t, s, 41-c.lost)
		})
	}
}

// fill opens a store, adds accounts to the company 1, and closes it when they
// are in the index.
func fill(t *testing.T, path string, from, to int) {
	t.Helper()
	s, err := sqlite.OpenWith(t.Context(), path, sqlite.Limits{Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	if from == 0 {
		addCompany(t, s, "Sunrise")
	}
	for i := from; i < to; i++ {
		mustWrite(t, s, insert(1, fmt.Sprintf("Quince %d", i)))
	}
	waitIndexed(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// narrow makes a search file that is complete, but has only one column of
// accounts: as one that a program with fewer members made.
func narrow(t *testing.T, path string) {
	t.Helper()
	conn, err := engine.Open(t.Context(), engine.File(path, engine.LockTimeout))
	if err != nil {
		t.Fatal(err)
	}
	titles := records.Kind{
		Name: records.AccountTexts.Name, Columns: []string{"title"},
		Scan: func(row *db.Row) (text records.Text, err error) {
			text.Columns = [][]string{make([]string, 1)}
			return text, row.Scan(&text.CompanyID, &text.ID, &text.Columns[0][0])
		},
		ByID: db.Statement{Text: "SELECT company_id, id, title_fold FROM accounts WHERE id IN (SELECT value FROM json_each(?))"},
		From: db.Statement{Text: "SELECT company_id, id, title_fold FROM accounts WHERE id > ? ORDER BY id LIMIT ?"},
	}
	nobody := records.Kind{
		Name: records.ContactTexts.Name, Columns: []string{"text"},
		ByID: titles.ByID, From: db.Statement{Text: "SELECT id FROM contacts WHERE id > ? LIMIT ?"},
	}
	index, err := textindex.Open(t.Context(), path, conn.Session, nil, []records.Kind{titles, nobody}, textindex.DefaultPace)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(index.Fill(t.Context()), index.Close(), conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// epoch is renewed when a search file is replaced.
func epoch(t *testing.T, path string) (epoch string) {
	t.Helper()
	queryFile(t, path, "SELECT hex(epoch) FROM search_state", &epoch)
	return epoch
}

// waitIndexed waits until the index has all texts of a company, and is used.
func waitIndexed(t testing.TB, s *sqlite.Store, company int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		ok, err := s.Searchable(t.Context(), company)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the index is not complete")
		}
	}
}

// wantTitles checks how many accounts of company 1 a search for all finds.
func wantTitles(t *testing.T, s *sqlite.Store, want int) {
	t.Helper()
	q := where(query.Condition{Member: query.MemberText, Contains: "quince"})
	n, err := s.CountAccounts(t.Context(), 1, q)
	if err != nil || n != int64(want) {
		t.Errorf("found %d accounts, %v, want %d", n, err, want)
	}
	q.Page.Limit = 1000
	list, err := s.Accounts(t.Context(), 1, q)
	if err != nil || len(list) != want {
		t.Errorf("listed %d accounts, %v, want %d", len(list), err, want)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, content)
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
}

// A process may be killed between the commit of the search file and the
// removal from the queue.
func TestSearchKilledBeforePrune(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	s.StopIndexer()
	for i := range 30 {
		mustWrite(t, s, insert(company, fmt.Sprintf("Quince %d", i)))
		if i%7 == 0 {
			if err := s.IndexRound(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			wantTitles(t, s, i+1)
		}
	}
	if n, err := s.Queued(t.Context()); err != nil || n != 30 {
		t.Fatalf("the queue has %d entries, %v, want all", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, sqlite.Limits{Eager: true})
	wantTitles(t, s, 30)
	waitFor(t, func() bool { n, err := s.Queued(t.Context()); return err == nil && n == 0 })
	waitIndexed(t, s, company)
	wantTitles(t, s, 30)
}

// Pages of the index itself are overwritten, which only those notice who read
// them.
func TestSearchFileDamaged(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	fill(t, path, 0, 40)
	content, err := os.ReadFile(path + "-search")
	if err != nil {
		t.Fatal(err)
	}
	for page := 3; page*4096 < len(content); page++ { // the state is on the pages before
		copy(content[page*4096:(page+1)*4096], bytes.Repeat([]byte{0xA5}, 4096))
	}
	writeFile(t, path+"-search", content)
	s := open(t, path, sqlite.Limits{Eager: true})
	wantTitles(t, s, 40)
	mustWrite(t, s, insert(1, "Quince 99"))
	wantTitles(t, s, 41)
	waitFor(t, func() bool { return s.IndexerEnded() })
	wantTitles(t, s, 41)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, sqlite.Limits{Eager: true})
	waitIndexed(t, s, 1)
	wantTitles(t, s, 41)
}

// It is not for deleting while it is in use, but searches are right then, too:
// by the new file, or without it if the first store has removed an entry from the
// queue that the new one lacks.
func TestSearchFileDeletedInUse(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	fill(t, path, 0, 10)
	s := open(t, path, sqlite.Limits{Eager: true})
	wantTitles(t, s, 10)
	for _, name := range []string{"-search", "-search-wal", "-search-shm"} {
		remove(t, path+name)
	}
	mustWrite(t, s, insert(1, "Quince 10"))
	wantTitles(t, s, 11)
	second := open(t, path, sqlite.Limits{Eager: true}) // with a new file
	mustWrite(t, second, insert(1, "Quince 11"))
	mustWrite(t, s, insert(1, "Quince 12"))
	wantTitles(t, s, 13)
	wantTitles(t, second, 13)
}

// The server and the command line may both index.
func TestSearchByTwoStores(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	stores := []*sqlite.Store{open(t, path, sqlite.Limits{Eager: true}), open(t, path, sqlite.Limits{Eager: true})}
	addCompany(t, stores[0], "Sunrise")
	const writes = 60
	done := make(chan error, len(stores))
	for i, s := range stores {
		go func() {
			for j := range writes {
				err := s.Write(t.Context(), insert(1, fmt.Sprintf("Quince %d %d", i, j)))
				if err == nil {
					err = seen(t.Context(), s, fmt.Sprintf("quince %d %d", i, j))
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range stores {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, s := range stores {
		wantTitles(t, s, 2*writes)
		waitIndexed(t, s, 1)
		wantTitles(t, s, 2*writes)
	}
}

// seen returns an error unless a search finds a title.
func seen(ctx context.Context, s *sqlite.Store, title string) error {
	q := where(query.Condition{Member: account.MemberTitle, Contains: title})
	q.Page.Limit = 100
	list, err := s.Accounts(ctx, 1, q)
	if err != nil {
		return err
	}
	for _, a := range list {
		if normal.Fold(a.Title) == title {
			return nil
		}
	}
	return fmt.Errorf("a search does not see %q, which was written before", title)
}

// A large backlog must not keep Close waiting.
func TestSearchClosesPromptly(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s, err := sqlite.OpenWith(t.Context(), path, sqlite.Limits{Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	company := addCompany(t, s, "Sunrise")
	description := strings.Repeat("many different words, one for each number, ", 100)
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		for i := range 2000 {
			a := newAccount(company, title(i))
			a.Description = &description
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("Close took %s", took)
	}
	if files, err := filepath.Glob(path + "*-wal"); err != nil || len(files) > 0 {
		t.Errorf("Close left %v, %v", files, err)
	}
	s = open(t, path, sqlite.Limits{})
	if n, err := s.Queued(t.Context()); err != nil || n == 0 {
		t.Errorf("the queue has %d entries, %v: the test is too small", n, err)
	}
}

// A company finds only its own records, equal as the others' may be.
func TestSearchKeepsCompaniesApart(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{Eager: true})
	ids := map[int64][]int64{}
	for _, name := range []string{"Sunrise", "Harbor"} {
		company := addCompany(t, s, name)
		mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
			for i := range 10 {
				a := newAccount(company, title(i))
				c := account.Contact{CompanyID: company, Name: "Johanna", CreatedAt: start, UpdatedAt: start}
				if err := tx.InsertContact(ctx, &c); err != nil {
					return err
				}
				a.Contacts = []account.Contact{c}
				if err := tx.InsertAccount(ctx, &a); err != nil {
					return err
				}
				ids[company] = append(ids[company], a.ID)
			}
			return nil
		})
	}
	for _, indexed := range []bool{false, true} {
		for company, want := range ids {
			if indexed {
				waitIndexed(t, s, company)
			}
			for _, member := range []query.Member{query.MemberText, account.MemberTitle, account.MemberPrimaryName} {
				word := "johanna"
				if member == account.MemberTitle {
					word = "account"
				}
				storetest.WantFound(t, s, company, want, query.Filter{Conditions: []query.Condition{{Member: member, Contains: word}}})
			}
			n, err := s.CountContacts(t.Context(), company, contact.Query{Words: []string{"johanna"}})
			if err != nil || n != 10 {
				t.Errorf("found %d contacts, %v, want 10", n, err)
			}
		}
	}
}
