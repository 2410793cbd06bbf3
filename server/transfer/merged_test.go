package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/transfer"
)

// A row with the id of an account that was merged into another is rejected, and told which
// one to use, whatever the strategy; the rows beside it are imported.
func TestMergedIDs(t *testing.T) {
	t.Parallel()
	for format, file := range map[string]struct{ head, first, second, third string }{
		"csv":    {"id,title,address\n", "%d,First,2 St\n", "%d,Second,2 St\n", ",New,2 St\n"},
		"ndjson": {"", `{"id":%d,"title":"First","address":["2 St"]}` + "\n", `{"id":%d,"title":"Second","address":["2 St"]}` + "\n", `{"title":"New","address":["2 St"]}`},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.importText(t, "start.csv", startCSV, transfer.Options{})
			one, two := f.accounts(t)[0].ID, f.accounts(t)[1].ID
			if _, err := f.Lineage.Merge(t.Context(), f.actor, lineage.MergeRequest{ID: one, From: []lineage.MergeSource{{ID: two}}}); err != nil {
				t.Fatal(err)
			}
			told := fmt.Sprintf("account %d was merged into account %d; use that one", two, one)
			rejected := func(r transfer.Result) {
				t.Helper()
				if len(r.First) != 1 || strings.Join(r.First[0].Reasons, "; ") != told {
					t.Errorf("rejected %+v, want for %q", r.First, told)
				}
			}
			before, changes := state(f.accounts(t)), f.changes(t)
			for _, strategy := range []intake.Strategy{intake.StrategyUpdate, intake.StrategySkip, intake.StrategyEnrich, intake.StrategyReplace, intake.StrategyAdd, intake.StrategyRemove} {
				r := f.importText(t, string(strategy)+"."+format, file.head+fmt.Sprintf(file.second, two), transfer.Options{MatchBy: account.MatchID, Strategy: strategy})
				wantCounts(t, r, 0, 0, 0, 1)
				rejected(r)
			}
			if got := state(f.accounts(t)); got != before || f.changes(t) != changes {
				t.Errorf("something was written: %s, want %s", got, before)
			}
			r := f.importText(t, "all."+format, file.head+fmt.Sprintf(file.first+file.second, one, two)+file.third, transfer.Options{})
			wantCounts(t, r, 1, 1, 0, 1)
			rejected(r)
			if got := f.changes(t); got != changes+2 {
				t.Errorf("%d changes, want 2", got-changes)
			}
			if got, want := state(f.accounts(t)), "1 First 2 St first 2 x 1|3 New 2 St - - <nil> 0|"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// So is a row with the number of one, by which rows are matched, unless they are only to
// be made where nothing matches.
func TestMergedNumbers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.importText(t, "start.csv", startCSV, transfer.Options{})
	start := f.accounts(t)
	one, two := start[0], start[1]
	if _, err := f.Lineage.Merge(t.Context(), f.actor, lineage.MergeRequest{ID: one.ID, From: []lineage.MergeSource{{ID: two.ID}}}); err != nil {
		t.Fatal(err)
	}
	before := state(f.accounts(t))
	rows := fmt.Sprintf("number,title,address\n%d,Second,2 St\n%d,Second,2 St\n", two.Number, two.Number)
	r := f.importText(t, "skip.csv", rows, transfer.Options{MatchBy: account.MatchNumber, Strategy: intake.StrategySkip})
	wantCounts(t, r, 0, 0, 2, 0)
	for _, strategy := range []intake.Strategy{intake.StrategyUpdate, intake.StrategyEnrich, intake.StrategyReplace, intake.StrategyAdd} {
		r := f.importText(t, string(strategy)+".csv", rows, transfer.Options{MatchBy: account.MatchNumber, Strategy: strategy})
		wantCounts(t, r, 0, 0, 0, 2)
		want := fmt.Sprintf("number is that of account %d, which was merged into account %d; use that one", two.ID, one.ID)
		if got := strings.Join(r.First[0].Reasons, "; "); got != want {
			t.Errorf("%s: %s, want %s", strategy, got, want)
		}
	}
	if got := state(f.accounts(t)); got != before {
		t.Errorf("something was written: %s, want %s", got, before)
	}
}
