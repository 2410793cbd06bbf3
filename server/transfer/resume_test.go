package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/transfer"
)

// firstBad is how many rows of mixedRows come before the first bad one.
const firstBad = 3

// mixedRows are rows of which every seventh is bad.
func mixedRows(n int) (text string, bad int64) {
	var b strings.Builder
	b.WriteString("title,address\n")
	for i := range n {
		address := fmt.Sprintf("%d Main St", i)
		if i%7 == firstBad {
			address, bad = "", bad+1
		}
		fmt.Fprintf(&b, "Row %d,%s\n", i, address)
	}
	return b.String(), bad
}

// wantMixed checks that every row of mixedRows was imported or rejected once.
func (f *fixture) wantMixed(t *testing.T, rejects string, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, a := range f.accounts(t) {
		seen[a.Title]++
	}
	lines := strings.Split(strings.TrimSpace(readFile(t, rejects)), "\n")
	if lines[0] != "title,address,line,errors" {
		t.Errorf("header %s", lines[0])
	}
	for _, line := range lines[1:] {
		seen[strings.SplitN(line, ",", 2)[0]]++
	}
	for i := range n {
		if title := fmt.Sprintf("Row %d", i); seen[title] != 1 {
			t.Errorf("%s is there %d times", title, seen[title])
		}
	}
	if len(seen) != n {
		t.Errorf("%d rows, want %d", len(seen), n)
	}
}

// An import that is interrupted goes on behind the last row that was stored,
// whatever it may have written to the file of rejects since.
func TestResume(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 3000
	text, bad := mixedRows(n)
	path, rejects := f.write(t, "a.csv", text), filepath.Join(f.dir, "a.rejected.csv")
	runs, last := 0, int64(-1)
	for ; ; runs++ {
		ctx, cancel := context.WithCancel(t.Context())
		began := int64(-1)
		result, err := f.importFile(ctx, t, path, transfer.Options{MatchBy: account.MatchNone, Progress: func(done, total int64) {
			if began < 0 {
				began = done
			}
			if done > max(began, firstBad) && runs < 3 {
				cancel()
			}
		}})
		cancel()
		if result.Resumed < last || (runs > 0 && result.Resumed == 0) {
			t.Errorf("run %d began at row %d", runs, result.Resumed)
		}
		last = result.Resumed
		if err == nil {
			wantCounts(t, result, n-bad, 0, 0, bad)
			break
		}
		if !errors.Is(err, context.Canceled) || !strings.HasSuffix(err.Error(), "continues from there") {
			t.Fatal(err)
		}
		f.write(t, "a.rejected.csv", readFile(t, rejects)+strings.Repeat("a row that was not committed\n", 5000))
	}
	if runs != 3 {
		t.Errorf("it took %d runs", runs)
	}
	f.wantMixed(t, rejects, n)

	// Now that it is complete, it would begin anew.
	if _, err := f.importFile(t.Context(), t, path, transfer.Options{MatchBy: account.MatchNone}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("over the rejects of the first time: %v", err)
	}
	result, err := f.importFile(t.Context(), t, path, transfer.Options{MatchBy: account.MatchTitle, Rejected: filepath.Join(f.dir, "second.csv")})
	if err != nil || result.Resumed != 0 {
		t.Errorf("%+v %v", result, err)
	}
	wantCounts(t, result, 0, 0, n-bad, bad)
}

// interrupt begins an import, and returns after its first rejected row. A
// transaction of a busy machine may have fewer rows than that.
func (f *fixture) interrupt(t *testing.T, path string, opts transfer.Options) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opts.Progress = func(done, total int64) {
		if done > firstBad {
			cancel()
		}
	}
	if _, err := f.importFile(ctx, t, path, opts); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want it interrupted", err)
	}
}

func TestResumeNeedsTheSameImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text, _ := mixedRows(2000)
	path, rejects := f.write(t, "a.csv", text), filepath.Join(f.dir, "a.rejected.csv")
	f.interrupt(t, path, transfer.Options{})
	kept := readFile(t, rejects)

	other := filepath.Join(f.dir, "other.csv")
	if _, err := f.importFile(t.Context(), t, path, transfer.Options{Rejected: other}); err == nil || !strings.Contains(err.Error(), rejects) {
		t.Errorf("with other rejects: %v", err)
	}
	wantNoFile(t, other)
	f.write(t, "a.rejected.csv", kept[:len(kept)-5])
	if _, err := f.importFile(t.Context(), t, path, transfer.Options{}); err == nil || !strings.Contains(err.Error(), "--restart") {
		t.Errorf("with rejects that were lost: %v", err)
	}
	f.write(t, "a.rejected.csv", kept)

	// Other contents or another way to import them are another import.
	for name, opts := range map[string]transfer.Options{
		"a.csv": {Strategy: intake.StrategyUpdate, Rejected: other},
		"b.csv": {Rejected: filepath.Join(f.dir, "b.rejects")},
	} {
		contents := text
		if name == "b.csv" {
			contents += "One more,x\n"
		}
		result, err := f.importFile(t.Context(), t, f.write(t, name, contents), opts)
		if err != nil || result.Resumed != 0 {
			t.Errorf("%s %+v: %+v %v", name, opts, result, err)
		}
	}

	// Begun anew, it needs room for its rejects again.
	if _, err := f.importFile(t.Context(), t, path, transfer.Options{Restart: true}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("begun anew over rejects: %v", err)
	}
	result, err := f.importFile(t.Context(), t, path, transfer.Options{Restart: true, Rejected: filepath.Join(f.dir, "anew.csv")})
	if err != nil || result.Resumed != 0 || result.Counts.Rows() != 2000 {
		t.Errorf("begun anew: %+v %v", result, err)
	}
}

// Of two commands that import the same file at once, each row is done by one.
func TestSameImportTwiceAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 2000
	text, bad := mixedRows(n)
	path := f.write(t, "a.csv", text)
	errs := make([]error, 3)
	var group sync.WaitGroup
	complete := make(chan transfer.Result, len(errs))
	for i := range errs {
		group.Go(func() {
			var result transfer.Result
			if result, errs[i] = f.importFile(t.Context(), t, path, transfer.Options{MatchBy: account.MatchNone}); errs[i] == nil {
				complete <- result
			}
		})
	}
	group.Wait()
	close(complete)
	results := 0
	for result := range complete {
		results++
		wantCounts(t, result, n-bad, 0, 0, bad)
	}
	for _, err := range errs {
		// The one that came last may find the rejects of a complete import.
		if err != nil && !strings.Contains(err.Error(), "another command") && !strings.Contains(err.Error(), "move it away") {
			t.Error(err)
		}
	}
	if results != 1 {
		t.Errorf("%d imports were complete, want 1: %v", results, errs)
	}
	f.wantMixed(t, filepath.Join(f.dir, "a.rejected.csv"), n)
}

// Imports of different files go on beside each other and beside other writers.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n, files = 1000, 3
	var group sync.WaitGroup
	for i := range files {
		group.Go(func() {
			text := "title,address\n"
			for row := range n {
				text += fmt.Sprintf("File %d row %d,x\n", i, row)
			}
			wantCounts(t, f.importText(t, fmt.Sprintf("%d.csv", i), text, transfer.Options{}), n, 0, 0, 0)
		})
	}
	ended := make(chan struct{})
	writes := make(chan int, 1)
	go func() {
		for done := 0; ; done++ {
			_, err := f.Intake.Create(t.Context(), f.actor, intake.CreateRequest{
				Patch:   account.Patch{Title: patch.Set("By API"), Address: patch.Set([]string{"x"})},
				MatchBy: account.MatchNone,
			})
			if err != nil {
				t.Error(err)
			}
			select {
			case <-ended:
				writes <- done + 1
				return
			default:
			}
		}
	}()
	group.Wait()
	close(ended)
	numbers := map[int64]bool{}
	for _, a := range f.accounts(t) {
		numbers[a.Number] = true
	}
	if want := files*n + <-writes; len(numbers) != want {
		t.Errorf("%d numbers, want %d", len(numbers), want)
	}
}

// What is exported while others write has every account that stays once, and
// imports without a change beside writers of other accounts.
func TestTransferWhileOthersWrite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 1500 // three pages of an export
	wantCounts(t, f.importText(t, "start.csv", manyRows(n), transfer.Options{MatchBy: account.MatchNone}), n, 0, 0, 0)
	changes := f.changes(t)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var mu sync.Mutex
	written := 0
	group.Go(func() {
		var own account.Account
		for i := 0; ctx.Err() == nil; i++ {
			var err error
			if i%2 == 0 {
				var made intake.CreateResult
				made, err = f.Intake.Create(t.Context(), f.actor, intake.CreateRequest{
					Patch:   account.Patch{Title: patch.Set("Newcomer"), Address: patch.Set([]string{"x"})},
					MatchBy: account.MatchNone,
				})
				own = made.Account
			} else {
				_, err = f.Accounts.Update(t.Context(), f.actor, account.UpdateRequest{ID: own.ID, Patch: account.Patch{Description: patch.Set(fmt.Sprint(i))}})
			}
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			written++
			mu.Unlock()
		}
	})
	for _, format := range []transfer.Format{transfer.CSV, transfer.NDJSON} {
		text := f.export(t, format)
		// The newcomers may be changed until they are imported, so they are left out.
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "Newcomer") {
				kept.WriteString(line)
			}
		}
		wantCounts(t, f.importText(t, "a."+string(format), kept.String(), transfer.Options{}), 0, 0, n, 0)
	}
	cancel()
	group.Wait()
	if got := f.changes(t); got != changes+written {
		t.Errorf("%d entries of history, want %d of the start and %d of the others", got, changes, written)
	}
	if written < 4 {
		t.Errorf("others could write only %d times", written)
	}
}
