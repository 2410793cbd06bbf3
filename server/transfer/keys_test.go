package transfer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/transfer"
	"github.com/accountsd/accountsd/server/write"
)

// keyed are lines of accounts with the keys from first on, before last.
func keyed(first, last int) string {
	var b strings.Builder
	for i := first; i < last; i++ {
		fmt.Fprintf(&b, `{"title":"Customer %d","address":["%d Main Street"],"custom":{"ext":"A-%d"}}`+"\n", i, i, i)
	}
	return b.String()
}

// addUnique adds a unique property of a text.
func (f *fixture) addUnique(t *testing.T, name string) schema.Property {
	t.Helper()
	return f.addUniqueOf(t, schema.Text, name)
}

func (f *fixture) addUniqueOf(t *testing.T, kind schema.Type, name string) schema.Property {
	t.Helper()
	p, err := f.Properties.Create(t.Context(), f.actor, property.New{Property: schema.Property{Name: name, Type: kind, Unique: true}}, write.Mode[schema.Property]{})
	if err != nil {
		t.Fatal(err)
	}
	f.properties = append(f.properties, p)
	return p
}

// byKey is how they are imported.
var byKey = transfer.Options{MatchBy: account.MatchUnique("ext"), Strategy: intake.StrategyUpdate}

// Two imports at once, half of whose rows are the same, make no account twice, and the
// second time they change nothing.
func TestImportsByKeyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := f.addUnique(t, "Ext")
	const n = 1200
	paths := []string{f.write(t, "first.ndjson", keyed(0, n)), f.write(t, "second.ndjson", keyed(n/2, n+n/2))}
	importBoth := func() (created, unchanged int64) {
		var group sync.WaitGroup
		results := make([]transfer.Result, len(paths))
		for i, path := range paths {
			group.Go(func() {
				var err error
				if results[i], err = f.importFile(t.Context(), t, path, byKey); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, r := range results {
			created, unchanged = created+r.Counts.Created, unchanged+r.Counts.Unchanged
		}
		return created, unchanged
	}
	if created, unchanged := importBoth(); created != n+n/2 || unchanged != n/2 {
		t.Errorf("%d created, %d unchanged", created, unchanged)
	}
	before := f.changes(t)
	if created, unchanged := importBoth(); created != 0 || unchanged != 2*n || f.changes(t) != before {
		t.Errorf("again: %d created, %d unchanged, %d changes, %d before", created, unchanged, f.changes(t), before)
	}
	owners, err := f.store.Owners(t.Context(), made, []string{"A-0", fmt.Sprint("A-", n+n/2-1), fmt.Sprint("A-", n+n/2)})
	if err != nil || len(owners) != 2 || len(f.accounts(t)) != n+n/2 {
		t.Errorf("%v, %v, %d accounts", owners, err, len(f.accounts(t)))
	}
}

// A row without a key, and one whose key is of another account, are rejected; the rows
// before and behind them are as if they were alone.
func TestImportRejectsKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"Ext", "Other"} {
		f.addUnique(t, name)
	}
	f.importText(t, "start.ndjson", keyed(0, 3), byKey)
	text := `{"title":"A","custom":{"ext":"A-0","other":"X"}}` + "\n" +
		`{"title":"B","address":["B"]}` + "\n" +
		`{"title":"C","custom":{"ext":"A-1","other":"X"}}` + "\n" +
		`{"title":"D","custom":{"ext":"A-9"}}` + "\n" +
		`{"title":"E","custom":{"ext":"A-2","other":"Y"}}` + "\n"
	result := f.importText(t, "rows.ndjson", text, byKey)
	if c := result.Counts; c.Created != 0 || c.Updated != 2 || c.Rejected != 3 {
		t.Errorf("%+v", c)
	}
	for i, want := range []string{"custom.ext is required", `custom.other "X" is the value of account 1 already`, "address is required"} {
		if got := strings.Join(result.First[i].Reasons, "; "); !strings.Contains(got, want) {
			t.Errorf("row %d: %s, want %s", i, got, want)
		}
	}
	if _, err := f.importFile(t.Context(), t, f.write(t, "a.ndjson", keyed(0, 1)), transfer.Options{MatchBy: "custom.text_false"}); err == nil || !strings.Contains(err.Error(), "custom.ext, custom.other") {
		t.Errorf("a property that is not unique: %v", err)
	}
}

// The key that rows are matched by says which account is meant: it is neither added to nor
// removed, though what stands beside it is.
func TestImportKeepsKeys(t *testing.T) {
	t.Parallel()
	for _, kind := range []schema.Type{schema.Numeric, schema.Text} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.addUniqueOf(t, kind, "Ext")
			const start, more = "title,address,custom.ext,custom.numeric_false,custom.text_true\nOne,x,17,1,a\n", "custom.ext,custom.numeric_false,custom.text_true\n17,2,b\n"
			f.importText(t, "start.csv", start, byKey)
			for i, step := range []struct {
				strategy intake.Strategy
				rows     string
				want     string
				updated  int64
			}{
				{intake.StrategyAdd, more, "One [x] - - map[ext:17 numeric_false:3 text_true:[a b]]|", 1},
				{intake.StrategyAdd, more, "One [x] - - map[ext:17 numeric_false:5 text_true:[a b]]|", 1},
				{intake.StrategyAdd, "custom.ext\n17\n", "One [x] - - map[ext:17 numeric_false:5 text_true:[a b]]|", 0},
				{intake.StrategyRemove, "custom.ext,custom.text_true\n17,b\n", "One [x] - - map[ext:17 numeric_false:5 text_true:[a]]|", 1},
				{intake.StrategyRemove, "custom.ext\n17\n", "One [x] - - map[ext:17 numeric_false:5 text_true:[a]]|", 0},
			} {
				r := f.importText(t, fmt.Sprintf("%d.csv", i), step.rows, transfer.Options{MatchBy: account.MatchUnique("ext"), Strategy: step.strategy})
				wantCounts(t, r, 0, step.updated, 1-step.updated, 0)
				if got := f.holdings(t); got != step.want {
					t.Errorf("%d, %s: got %s, want %s", i, step.strategy, got, step.want)
				}
			}
		})
	}
}
