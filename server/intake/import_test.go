package intake_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// rowsOf are new accounts, each with a title of its own.
func rowsOf(n int) []intake.ImportRow {
	rows := make([]intake.ImportRow, n)
	for i := range rows {
		rows[i].Patch = account.Patch{Title: patch.Set(fmt.Sprintf("Row %d", i)), Address: patch.Set([]string{"x"})}
	}
	return rows
}

func begin(t *testing.T, s *domaintest.Domain) intake.Import {
	t.Helper()
	begun, err := s.Importer.Begin(t.Context(), intake.Import{CompanyID: s.Company.ID, Digest: intake.Digest{1}, Rejects: "r.csv"}, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

func count(t *testing.T, s *domaintest.Domain) int64 {
	t.Helper()
	n, err := s.Store.CountAccounts(t.Context(), s.Company.ID, account.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An import goes on only from where it is, and is forgotten when it is complete.
func TestImportRows(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	rows := rowsOf(2)
	request := intake.ImportRequest{Import: begin(t, s), Rows: rows[:1], MatchBy: account.MatchNone, Strategy: intake.StrategySkip}
	after, err := s.Importer.Rows(t.Context(), s.Actor, request)
	if err != nil || after.Counts != (intake.ImportCounts{Created: 1}) {
		t.Fatalf("%+v %v", after, err)
	}
	if _, err := s.Importer.Rows(t.Context(), s.Actor, request); err == nil || fault.KindOf(err) != fault.KindConflict || count(t, s) != 1 {
		t.Errorf("the same rows again: %v, %d accounts", err, count(t, s))
	}
	if again := begin(t, s); again != after {
		t.Errorf("begun again at %+v, want %+v", again, after)
	}
	request = intake.ImportRequest{Import: after, Rows: rows[1:], Last: true, MatchBy: account.MatchNone}
	if after, err = s.Importer.Rows(t.Context(), s.Actor, request); err != nil || after.Counts.Created != 2 {
		t.Errorf("%+v %v", after, err)
	}
	request.Import = after
	if _, err := s.Importer.Rows(t.Context(), s.Actor, request); err == nil || fault.KindOf(err) != fault.KindConflict || count(t, s) != 2 {
		t.Errorf("after the last row: %v, %d accounts", err, count(t, s))
	}
	if begun := begin(t, s); begun.Counts.Rows() != 0 {
		t.Errorf("a complete import is not forgotten: %+v", begun)
	}
}

// A call keeps others waiting for a bounded time, however many rows it gets.
func TestImportRowsAreBounded(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	rows := rowsOf(20_000)
	at, calls := begin(t, s), 0
	for at.Counts.Rows() < 5000 {
		after, err := s.Importer.Rows(t.Context(), s.Actor, intake.ImportRequest{Import: at, Rows: rows[at.Counts.Rows():], Last: true, MatchBy: account.MatchNone})
		if err != nil || after.Counts.Rows() <= at.Counts.Rows() {
			t.Fatalf("%+v %v", after, err)
		}
		at = after
		calls++
	}
	if calls < 2 || count(t, s) != at.Counts.Created {
		t.Errorf("%d calls for %d rows, %d accounts", calls, at.Counts.Rows(), count(t, s))
	}
}

// When the rejects cannot be kept, nothing of the rows is.
func TestImportRowsAndRejectsAreOne(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	failure := errors.New("disk full")
	rows := append([]intake.ImportRow{{}}, rowsOf(2)...)
	request := intake.ImportRequest{Import: begin(t, s), Rows: rows, Last: true, MatchBy: account.MatchNone}
	request.Reject = func(size int64, rejected []intake.RejectedRow) (int64, error) {
		if size != 0 || len(rejected) != 1 || rejected[0].Index != 0 || len(rejected[0].Reasons) != 2 {
			t.Errorf("%d %+v", size, rejected)
		}
		return 0, failure
	}
	if _, err := s.Importer.Rows(t.Context(), s.Actor, request); !errors.Is(err, failure) || count(t, s) != 0 {
		t.Errorf("%v, %d accounts", err, count(t, s))
	}
	request.Reject = func(int64, []intake.RejectedRow) (int64, error) { return 42, nil }
	after, err := s.Importer.Rows(t.Context(), s.Actor, request)
	if err != nil || after.RejectsSize != 42 || after.Counts.Rejected != 1 || count(t, s) != after.Counts.Created {
		t.Errorf("%+v %v", after, err)
	}
}

func TestBeginImport(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	refusal := errors.New("no room")
	wanted := intake.Import{CompanyID: s.Company.ID, Digest: intake.Digest{1}}
	if _, err := s.Importer.Begin(t.Context(), wanted, func() error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	begun := begin(t, s) // which the refusal has not kept
	if begun.Rejects != "r.csv" {
		t.Errorf("%+v", begun)
	}
	if err := s.Importer.Forget(t.Context(), begun); err != nil {
		t.Error(err)
	}
	if err := s.Importer.Forget(t.Context(), begun); err != nil {
		t.Errorf("forgotten twice: %v", err)
	}
	if _, err := s.Importer.Begin(t.Context(), wanted, func() error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("a forgotten import goes on: %v", err)
	}
}
