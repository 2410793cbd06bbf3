package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/transfer"
)

// The strategies add and remove act on what the accounts hold; a row of add sets
// the other members and clears nothing, one of remove leaves them alone.
func TestAdditionsByRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		strategy intake.Strategy
		rows     string
		counts   string // created, updated, unchanged, rejected
		want     string
	}{
		"add": {intake.StrategyAdd, "title,address,description,value,custom.numeric_false,custom.text_true,custom.text_false\n" +
			"one,2 Main St,,5,0.10,\"[\"\"b\"\",\"\"A\"\"]\",\nTwo,2 MAIN st,new,,,,z\n", "0 2 0 0",
			"one [1 Main St 2 Main St] first 5 map[numeric_false:1.60 text_false:x text_true:[a b]]|Two [2 Main St] new 2 map[text_false:z]|"},
		"add to a new one": {intake.StrategyAdd, "title,address,value,custom.text_true\nThree,3 St,7,c\n", "1 0 0 0",
			"One [1 Main St] first - map[numeric_false:1.50 text_false:x text_true:[a]]|Two [2 Main St] - 2 map[]|Three [3 St] - 7 map[text_true:[c]]|"},
		"remove": {intake.StrategyRemove, "title,description,value,custom.text_true\nONE,new,9,A\nTwo,,,a\nThree,,,a\n", "0 1 1 1",
			"One [1 Main St] first - map[numeric_false:1.50 text_false:x]|Two [2 Main St] - 2 map[]|"},
		"remove what takes one value": {intake.StrategyRemove, "title,custom.text_false\nOne,x\n", "0 0 0 1", ""},
		"remove the last line":        {intake.StrategyRemove, "title,address\nOne,1 Main St\n", "0 0 0 1", ""},
		"a bad value":                 {intake.StrategyAdd, "title,custom.numeric_false\nOne,many\n", "0 0 0 1", ""},
		"too much":                    {intake.StrategyAdd, "title,value\nTwo,1e15\n", "0 0 0 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.startAdditions(t)
			before := f.holdings(t)
			r := f.importText(t, "a.csv", c.rows, transfer.Options{MatchBy: account.MatchTitle, Strategy: c.strategy})
			if got := fmt.Sprint(r.Counts.Created, r.Counts.Updated, r.Counts.Unchanged, r.Counts.Rejected); got != c.counts {
				t.Errorf("got %s, want %s; %+v", got, c.counts, r.First)
			}
			if c.want == "" {
				c.want = before
			}
			if got := f.holdings(t); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A line of NDJSON may say itself what to add, to remove and to fill, if the
// strategy is to update; to others it would mean nothing, and is rejected.
func TestAdditionsByLine(t *testing.T) {
	t.Parallel()
	lines := `{"title":"One","add":{"value":1,"custom":{"text_true":["b"]}},"remove":{"custom":{"text_true":["a"]}},"fill":{"description":"new"}}
{"title":"Three","address":["3 St"],"add":{"value":0.5},"fill":{"custom":{"text_false":"new"}}}
{"title":"Two","value":1,"add":{"value":1}}
`
	f := newFixture(t)
	f.startAdditions(t)
	r := f.importText(t, "a.ndjson", lines, transfer.Options{MatchBy: account.MatchTitle, Strategy: intake.StrategyUpdate})
	wantCounts(t, r, 1, 1, 0, 1)
	const want = "One [1 Main St] first 1 map[numeric_false:1.50 text_false:x text_true:[b]]|Two [2 Main St] - 2 map[]|Three [3 St] - 0.5 map[text_false:new]|"
	if got := f.holdings(t); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, strategy := range []intake.Strategy{intake.StrategySkip, intake.StrategyReplace, intake.StrategyEnrich, intake.StrategyAdd, intake.StrategyRemove} {
		line, _, _ := strings.Cut(lines, "\n")
		r := f.importText(t, string(strategy)+".ndjson", line, transfer.Options{MatchBy: account.MatchTitle, Strategy: strategy})
		if wantCounts(t, r, 0, 0, 0, 1); !strings.Contains(fmt.Sprint(r.First), "add can only be in a row of an import with the strategy update") {
			t.Errorf("%s: %v", strategy, r.First)
		}
	}
	if got := f.holdings(t); got != want {
		t.Errorf("rejected rows have made %s", got)
	}
}

func (f *fixture) startAdditions(t *testing.T) {
	t.Helper()
	wantCounts(t, f.importText(t, "start.csv", "title,address,description,value,custom.numeric_false,custom.text_true,custom.text_false\n"+
		"One,1 Main St,first,,1.50,a,x\nTwo,2 Main St,,2,,,\n", transfer.Options{}), 2, 0, 0, 0)
}

// holdings are what the accounts hold that can be added to, and two members that
// cannot.
func (f *fixture) holdings(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, a := range f.accounts(t) {
		description, value := "-", "-"
		if a.Description != nil {
			description = *a.Description
		}
		if a.Value != nil {
			value = fmt.Sprint(*a.Value)
		}
		fmt.Fprintf(&b, "%s %v %s %s %v|", a.Title, a.Address, description, value, a.Custom)
	}
	return b.String()
}
