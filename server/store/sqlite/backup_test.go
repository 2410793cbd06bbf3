package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	accountsd "github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

// faultsIn verifies a file.
func faultsIn(t testing.TB, path string) (found []string, result verify.Result) {
	t.Helper()
	v, err := sqlite.OpenVerified(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := v.Outdated(); err != nil {
		t.Fatal(err)
	}
	result, err = verify.Run(t.Context(), v, verify.Options{Found: func(f verify.Fault) { found = append(found, f.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	return found, result
}

// backUp makes a backup without a look at it.
func backUp(t testing.TB, from, to string) error {
	t.Helper()
	return sqlite.Backup{From: from, To: to, Progress: func(int64, int64) {}}.Run(t.Context())
}

// office is a company at work.
type office struct {
	accountsd.Services
	actor identity.Actor
	ids   []int64 // of accounts, in pairs whose values are always the same
}

func newOffice(t testing.TB, s *sqlite.Store, accounts int) *office {
	t.Helper()
	o := &office{Services: accountsd.NewServices(s, accountsd.ServiceConfig{Clock: time.Now, Region: "US"})}
	created, err := o.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "Sunrise", Email: "zoe@example.com", Password: "a long password"})
	if err != nil {
		t.Fatal(err)
	}
	o.actor = created.Actor
	for i := range accounts {
		id, err := o.create(t.Context(), title(i))
		if err != nil {
			t.Fatal(err)
		}
		o.ids = append(o.ids, id)
	}
	return o
}

func (o *office) create(ctx context.Context, title string) (int64, error) {
	body := map[string]any{"title": title, "address": []any{"1 Main St"}, "primaryEmail": fmt.Sprintf("a%p@example.com", &title)}
	a, err := o.Intake.Create(ctx, o.actor, intake.CreateRequest{Patch: o.Accounts.Parse(body), MatchBy: account.MatchNone})
	return a.Account.ID, err
}

// work writes for the writer with a number until ctx ends, and counts the writes.
func (o *office) work(ctx context.Context, number int, writes *atomic.Int64) error {
	for i := 0; ; i++ {
		var err error
		switch i % 8 {
		case 5:
			_, err = o.create(ctx, "One more")
		case 6:
			var id int64
			if id, err = o.create(ctx, "For a moment"); err == nil {
				err = o.Accounts.Delete(ctx, o.actor, account.DeleteRequest{ID: id})
			}
		default:
			err = o.updatePair(ctx, number, number*1000+i)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		writes.Add(1)
	}
}

// updatePair gives a pair of accounts a value, both or neither.
func (o *office) updatePair(ctx context.Context, pair, value int) error {
	req := account.BatchRequest{}
	for _, id := range o.ids[2*pair : 2*pair+2] {
		patch := o.Accounts.Parse(map[string]any{"value": json.Number(fmt.Sprint(value))})
		req.Updates = append(req.Updates, account.BatchUpdate{ID: id, Patch: patch})
	}
	_, err := o.Accounts.Batch(ctx, o.actor, req)
	return err
}

// A backup that is made while 64 write restores to what was committed at one moment,
// and to a database that can be worked with.
func TestBackupUnderWrites(t *testing.T) {
	t.Parallel()
	const writers, backups = 64, 5
	path := newPath(t)
	s := open(t, path, sqlite.Limits{PassivePages: 64, RestartPages: 256})
	o := newOffice(t, s, 2*writers)
	var names []string
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var writes atomic.Int64
	for number := range writers {
		group.Go(func() {
			if err := o.work(ctx, number, &writes); err != nil {
				t.Errorf("writer %d: %v", number, err)
			}
		})
	}
	for i := range backups {
		before := writes.Load()
		waitFor(t, func() bool { return writes.Load() > before+writers })
		names = append(names, filepath.Join(t.TempDir(), fmt.Sprintf("backup %d?.db", i)))
		if err := backUp(t, path, names[i]); err != nil {
			t.Error(err)
		}
	}
	stop()
	group.Wait()
	if found, _ := faultsIn(t, path); len(found) > 0 {
		t.Errorf("the database itself: %s", strings.Join(found, "\n"))
	}
	last := int64(0)
	for _, name := range names {
		sequence := o.checkBackup(t, s, name)
		if sequence <= last {
			t.Errorf("a backup ends with the sequence %d, after one with %d", sequence, last)
		}
		last = sequence
	}
}

// checkBackup restores a backup, and compares it with what the feed of the original
// leads to. It returns the last sequence.
func (o *office) checkBackup(t *testing.T, original *sqlite.Store, name string) int64 {
	t.Helper()
	path := newPath(t)
	if err := (sqlite.Backup{From: name, To: path, Fresh: true, Progress: func(int64, int64) {}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, result := faultsIn(t, path)
	if len(found) > 0 {
		t.Errorf("restored: %s", strings.Join(found, "\n"))
	}
	sequence := result.Companies[0].Sequence
	restored := open(t, path, sqlite.Limits{})
	want := feedUpTo(t, original, o.actor.CompanyID, sequence)
	got, err := restored.AccountsByID(t.Context(), o.actor.CompanyID, 0, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d accounts are restored, and the feed leads to %d", len(got), len(want))
	}
	values := make(map[int64]string)
	for _, a := range got {
		has := asText(a.Recorded())
		values[a.ID] = fmt.Sprint(a.Recorded()["value"])
		if has != asText(want[a.ID]) {
			t.Errorf("account %d is restored as %s, and the feed leads to %s", a.ID, has, asText(want[a.ID]))
		}
	}
	for i := 0; i < len(o.ids); i += 2 {
		if values[o.ids[i]] != values[o.ids[i+1]] {
			t.Errorf("half of a batch is restored: %s and %s", values[o.ids[i]], values[o.ids[i+1]])
		}
	}
	mustWrite(t, restored, insert(o.actor.CompanyID, "After the restore"))
	return sequence
}

// feedUpTo is what the changes up to a sequence make of a company's accounts.
func feedUpTo(t *testing.T, s *sqlite.Store, companyID, sequence int64) map[int64]map[string]any {
	t.Helper()
	accounts := make(map[int64]map[string]any)
	entries, err := s.Changes(t.Context(), companyID, 0, int(sequence))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if accounts[e.AccountID] == nil {
			accounts[e.AccountID] = make(map[string]any)
		}
		for name, change := range e.Fields {
			accounts[e.AccountID][name] = change.After
		}
		if e.Kind == account.ChangeDeleted {
			delete(accounts, e.AccountID)
		}
	}
	return accounts
}

func asText(values map[string]any) string {
	text, _ := json.Marshal(values) // It sorts the names.
	return string(text)
}

// What cannot be made is refused in a sentence, and leaves nothing behind.
func TestBackupRefusals(t *testing.T) {
	t.Parallel()
	path, dir := makeFile(t), t.TempDir()
	for name, text := range map[string]string{"there.db": "precious", "log.db-wal": "of another", "foreign.db": strings.Repeat("x", 4096)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		from, to, want string
		kind           fault.Kind
	}{
		{path, in("there.db"), in("there.db") + " is there already, and is not overwritten", fault.KindConflict},
		{path, path, path + " is there already", fault.KindConflict},
		{path, in("log.db"), in("log.db-wal") + " is there, which SQLite would take for a part of " + in("log.db"), fault.KindConflict},
		{path, in("no/new.db"), "the folder " + in("no") + " is not there", fault.KindInvalid},
		{in("absent.db"), in("new.db"), "there is no database at " + in("absent.db"), fault.KindNotFound},
		{in("foreign.db"), in("new.db"), in("foreign.db") + " is not a database of accountsd", fault.KindInvalid},
		{dir, in("new.db"), dir + " is a folder", fault.KindInvalid},
	} {
		err := backUp(t, c.from, c.to)
		if fault.KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
	wantFiles(t, dir, "foreign.db", "log.db-wal", "there.db")
	if text, err := os.ReadFile(in("there.db")); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}

// wantFiles wants no other files in a folder.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder has %v, want %v", got, want)
	}
}

// A copy that a check refuses, that is given up, or that somebody else makes first
// leaves nothing behind. One that succeeds is one file, readable for its owner only.
func TestBackupIsWhole(t *testing.T) {
	t.Parallel()
	path, dir := makeFile(t), t.TempDir()
	to := filepath.Join(dir, "backup.db")
	errWrong := errors.New("it is wrong")
	ctx, cancel := context.WithCancel(t.Context())
	none := func(int64, int64) {}
	for name, b := range map[string]sqlite.Backup{
		"wrong":    {Check: func(context.Context, string) error { return errWrong }, Progress: none},
		"given up": {Progress: func(int64, int64) { cancel() }, Check: func(ctx context.Context, _ string) error { return ctx.Err() }},
	} {
		b.From, b.To = path, to
		if err := b.Run(ctx); err == nil || !errors.Is(err, errWrong) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		wantFiles(t, dir)
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
	late := sqlite.Backup{From: path, To: to, Progress: none, Check: func(context.Context, string) error { return os.WriteFile(to, []byte("first"), 0o600) }}
	wantKind(t, late.Run(t.Context()), fault.KindConflict)
	wantFiles(t, dir, "backup.db")
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := backUp(t, path, to); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "backup.db")
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A restored file has an index of words of its own, whatever one was there before.
func TestRestoreMakesIndexAnew(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s, err := sqlite.OpenWith(t.Context(), path, sqlite.Limits{Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	company := addCompany(t, s, "Sunrise")
	mustWrite(t, s, insert(company, "Before"))
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := backUp(t, path, backup); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s, insert(company, "Lost"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := (sqlite.Backup{From: backup, To: path, Fresh: true, Progress: func(int64, int64) {}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Dir(path), "accounts.db")
	restored := open(t, path, sqlite.Limits{Eager: true})
	if !has(t, restored, company, "Before") || has(t, restored, company, "Lost") {
		t.Error("it is not the backup")
	}
}
