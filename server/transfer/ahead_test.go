package transfer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/transfer"
)

// many are more rows than are read for together.
const many = 60

// others are rows of accounts that no other row is about.
func others(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Other %d,%d Side St,other%d@example.com,+1415556%04d,%d\n", i, i, i, i, 1000+i)
	}
	return b.String()
}

// contactsOf are the ids of the contacts of the accounts with a title.
func (f *fixture) contactsOf(t *testing.T, title string) (ids []int64) {
	t.Helper()
	for _, a := range f.accounts(t) {
		if a.Title == title {
			ids = append(ids, account.ContactIDs(a.Contacts)...)
		}
	}
	return ids
}

// A row sees those before it, whether they were read for together with it or not.
func TestRowsSeeThoseBefore(t *testing.T) {
	t.Parallel()
	const header = "title,address,primaryEmail,primaryPhone,number\n"
	for name, c := range map[string]struct {
		by          account.MatchBy
		first, last string // rows
		counts      string // created, updated, unchanged, rejected
		contacts    int    // of those called One and Two, each once
	}{
		"the same title":           {"title", "One,1 St,,,\n", "ONE,2 St,,,\n", "1 1 0 0", 0},
		"the same address":         {"address", "One,1 St,,,\n", "Two,1 ST,,,\n", "1 1 0 0", 0},
		"the same e-mail":          {"primaryEmail", "One,1 St,jo@example.com,,\n", "Two,2 St,JO@example.com,,\n", "1 1 0 0", 1},
		"the same phone":           {"primaryPhone", "One,1 St,,(415) 555-0101,\n", "Two,2 St,,+14155550101,\n", "1 1 0 0", 1},
		"the same number":          {"number", "One,1 St,,,7\n", "Two,2 St,,,7\n", "1 1 0 0", 0},
		"a number that is taken":   {"title", "One,1 St,,,7\n", "Two,2 St,,,7\n", "1 0 0 1", 0},
		"a contact by e-mail":      {"title", "One,1 St,jo@example.com,,\n", "Two,2 St,jo@example.com,,\n", "2 0 0 0", 1},
		"a contact by phone":       {"title", "One,1 St,,+14155550101,\n", "Two,2 St,jo@example.com,+14155550101,\n", "2 0 0 0", 1},
		"two contacts":             {"title", "One,1 St,jo@example.com,,\n", "Two,2 St,lee@example.com,,\n", "2 0 0 0", 2},
		"a rejected row":           {"title", "One,1 St,nobody,,7\n", "One,1 St,jo@example.com,,7\n", "1 0 0 1", 1},
		"a new title":              {"number", "Old,1 St,,,7\nOne,1 St,,,7\n", "ONE,1 St,,,7\n", "1 2 0 0", 0},
		"a row that has been both": {"title", "One,1 St,,,7\nTwo,1 St,,,7\nTwo,1 St,,,8\n", "One,2 St,,,9\n", "2 1 0 1", 0},
	} {
		for between, n := range map[string]int{"at once": 0, "apart": many} {
			t.Run(name+" "+between, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				r := f.importText(t, "a.csv", header+c.first+others(n)+c.last, transfer.Options{MatchBy: c.by, Strategy: intake.StrategyUpdate})
				if got := fmt.Sprint(r.Counts.Created-int64(n), r.Counts.Updated, r.Counts.Unchanged, r.Counts.Rejected); got != c.counts {
					t.Errorf("got %s, want %s; %+v", got, c.counts, r.First)
				}
				ids := make(map[int64]bool)
				for _, id := range append(f.contactsOf(t, "One"), f.contactsOf(t, "Two")...) {
					ids[id] = true
				}
				if len(ids) != c.contacts {
					t.Errorf("%d contacts, want %d", len(ids), c.contacts)
				}
			})
		}
	}
}

// Rows that share what they can share become the same accounts as if each was a file of
// its own, whatever they are matched by.
func TestRowsAsIfAlone(t *testing.T) {
	t.Parallel()
	for seed, c := range []transfer.Options{
		{MatchBy: account.MatchTitle, Strategy: intake.StrategyUpdate},
		{MatchBy: account.MatchTitle, Strategy: intake.StrategyEnrich},
		{MatchBy: account.MatchAddress, Strategy: intake.StrategyReplace},
		{MatchBy: account.MatchEmail, Strategy: intake.StrategyReplace},
		{MatchBy: account.MatchPhone, Strategy: intake.StrategyEnrich},
		{MatchBy: account.MatchNumber, Strategy: intake.StrategyUpdate},
		{MatchBy: account.MatchNone},
		{MatchBy: account.MatchUnique("ext"), Strategy: intake.StrategyReplace},
		{MatchBy: account.MatchTitle, Strategy: intake.StrategySkip},
	} {
		t.Run(fmt.Sprint(c.MatchBy, " ", c.Strategy), func(t *testing.T) {
			t.Parallel()
			rows := sharing(rand.New(rand.NewPCG(uint64(seed), 7)), 2*many)
			together, alone := newFixture(t), newFixture(t)
			start := strings.Join(sharing(rand.New(rand.NewPCG(uint64(seed), 8)), many/2), "")
			for _, f := range []*fixture{together, alone} {
				f.addUnique(t, "Ext")
				f.importText(t, "start.csv", sharedHeader+start, transfer.Options{MatchBy: account.MatchNone}) // Some share what others are matched by.
			}
			r := together.importText(t, "all.csv", sharedHeader+strings.Join(rows, ""), c)
			var counts intake.ImportCounts
			for i, row := range rows {
				one := alone.importText(t, fmt.Sprintf("%d.csv", i), sharedHeader+row, c).Counts
				counts.Created, counts.Updated = counts.Created+one.Created, counts.Updated+one.Updated
				counts.Unchanged, counts.Rejected = counts.Unchanged+one.Unchanged, counts.Rejected+one.Rejected
			}
			if r.Counts != counts {
				t.Errorf("together %+v, alone %+v", r.Counts, counts)
			}
			if got, want := together.shared(t), alone.shared(t); got != want {
				t.Errorf("together\n%s\nalone\n%s", got, want)
			}
		})
	}
}

const sharedHeader = "title,address,primaryEmail,primaryPhone,number,isActive,custom.ext\n"

// sharing are rows of few different values. Some are wrong.
func sharing(r *rand.Rand, n int) []string {
	rows := make([]string, n)
	of := func(format string, n int) string {
		if i := r.IntN(n + 1); i < n {
			return fmt.Sprintf(format, i)
		}
		return ""
	}
	for i := range rows {
		active := []string{"true", "true", "false", "", "x"}[r.IntN(5)]
		rows[i] = strings.Join([]string{of("Title %d", 20), of("%d St", 25), of("c%d@example.com", 20), of("+1415555%04d", 20), of("%d", 40), active, of("E%d", 30)}, ",") + "\n"
	}
	return rows
}

// shared are the accounts with what they share, without their ids.
func (f *fixture) shared(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, a := range f.accounts(t) {
		email, phone := "-", "-"
		if a.PrimaryEmail != nil {
			email = *a.PrimaryEmail
		}
		if a.PrimaryPhone != nil {
			phone = *a.PrimaryPhone
		}
		fmt.Fprintln(&b, a.Number, a.Version, a.Title, a.Address, email, phone, a.Active, a.Custom["ext"], account.ContactIDs(a.Contacts))
	}
	return b.String()
}
