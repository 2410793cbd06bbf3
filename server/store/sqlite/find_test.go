package sqlite_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// Accounts that are many are met in the order of the list, or sorted if they are
// not where they are thought to be.
func TestListOfMany(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	ids := map[string][]int64{} // in the order of updatedAt
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		for i := range 900 {
			title := []string{"Spread", "Other", "Other"}[i%3]
			if i < 300 {
				title = "Old"
			}
			a := newAccount(company, title)
			a.Active = i%10 != 9
			a.UpdatedAt = start.Add(time.Duration(i) * time.Second)
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			if a.Active {
				ids[title] = append(ids[title], a.ID)
			}
		}
		return nil
	})
	for title, want := range map[string][]int64{"spread": ids["Spread"], "old": ids["Old"], "other": ids["Other"]} {
		for _, ascending := range []bool{true, false} {
			q := where(ranges(account.MemberTitle, title, title))
			q.Ascending = ascending
			if !ascending {
				slices.Reverse(want)
			}
			place := func(i int) *query.Cursor {
				a, err := s.Account(t.Context(), company, want[i])
				if err != nil {
					t.Fatal(err)
				}
				return &query.Cursor{UpdatedAt: a.UpdatedAt, ID: a.ID}
			}
			for _, c := range []struct {
				page     query.Page
				from, to int
			}{
				{query.Page{Limit: 20}, 0, 20},
				{query.Page{Limit: 20, Offset: 30}, 30, 50},
				{query.Page{Limit: 20, Offset: int64(len(want)) - 5}, len(want) - 5, len(want)},
				{query.Page{Limit: 20, After: place(99)}, 100, 120},
				{query.Page{Limit: 20, Before: place(99)}, 79, 99},
			} {
				q.Page = c.page
				got, err := s.Accounts(t.Context(), company, q)
				if err != nil || !slices.Equal(accountIDs(got), want[c.from:c.to]) {
					t.Errorf("%s, ascending %t, %+v: got %v, %v, want %v", title, ascending, c.page, accountIDs(got), err, want[c.from:c.to])
				}
			}
		}
	}
}

func accountIDs(accounts []account.Account) []int64 {
	ids := make([]int64, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID
	}
	return ids
}
