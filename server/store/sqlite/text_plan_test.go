package sqlite_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// The search file may move on, turn out to be of another state, or the queue may
// grow, while a search goes on, which sees nothing of it, and before the next.
func TestSearchFileMovesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		written    int
	}{
		"ahead":   {file: "-search", text: "UPDATE state SET horizon = 1000000"},
		"behind":  {text: "UPDATE search_state SET pruned = 1000000"},
		"another": {text: "UPDATE search_state SET epoch = randomblob(16)"},
		"rebuilt": {file: "-search", text: "UPDATE state SET contacts_scanned = 0"},
		"written": {text: "SELECT 1", written: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			fill(t, path, 0, 30)
			s := open(t, path, sqlite.Limits{})
			s.StopIndexer()
			q := where(query.Condition{Member: query.MemberText, Contains: "quince 1"})
			q.Page.Limit = 100
			list, n, err := s.FindAfter(t.Context(), 1, q, func() {
				execFile(t, path+c.file, c.text)
				for i := range c.written {
					mustWrite(t, s, insert(1, fmt.Sprintf("Quince %d", 100+i)))
				}
			})
			if err != nil || len(list) != 11 || n != 11 {
				t.Errorf("listed %d and counted %d, %v, want 11", len(list), n, err)
			}
			list, err = s.Accounts(t.Context(), 1, q)
			if err != nil || len(list) != 11+c.written {
				t.Errorf("the next search listed %d, %v, want %d", len(list), err, 11+c.written)
			}
		})
	}
}

// A search reads the company's table.
func TestSearchPlans(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	text := func(member query.Member, contains string) query.Condition {
		return query.Condition{Member: member, Contains: contains}
	}
	index := []string{
		"SCAN search.accounts_1 VIRTUAL TABLE INDEX",
		"SEARCH a USING INTEGER PRIMARY KEY (rowid=?)", "!INDEX accounts_updated (company_id=? AND updated_at",
	}
	for name, c := range map[string]struct {
		read func(context.Context, store.Reader) error
		want []string
	}{
		"list":      {lists(s.company, where(text(query.MemberText, "harbor"))), index},
		"count":     {counts(s.company, where(text(query.MemberText, "harbor"))), index},
		"title":     {lists(s.company, where(text(account.MemberTitle, "harbor"))), index},
		"words":     {lists(s.company, where(text(query.MemberText, "harbor"), text(query.MemberText, "ca"))), index},
		"equal":     {lists(s.company, where(ranges(account.MemberPrimaryName, "johanna", "johanna"))), index},
		"one of":    {lists(s.company, either(ranges(account.MemberDescription, "harbor", "harbor"), text(query.MemberText, "cafe"))), index},
		"either":    {lists(s.company, either(text(account.MemberEmail, "harbor"), text(query.MemberText, "cafe"))), index},
		"and other": {lists(s.company, where(text(query.MemberText, "harbor"), ranges(account.MemberValue, 1.0, 2.0))), index},
		"short":     {lists(s.company, where(text(query.MemberText, "ca"))), []string{"!_1 VIRTUAL TABLE", "accounts_updated (company_id=?)"}},
		"negated":   {lists(s.company, where(negate(text(query.MemberText, "harbor")))), []string{"!_1 VIRTUAL TABLE", "accounts_updated (company_id=?)"}},
		"contacts": {contacts(s.company, contact.Query{Words: []string{"johanna"}}), []string{
			"SCAN search.contacts_1 VIRTUAL TABLE INDEX", "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			steps, err := s.store.Explain(t.Context(), func(r store.Reader) error { return c.read(t.Context(), r) })
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, searchSteps(steps), c.want)
		})
	}
}

// A write that is decided by a search does so by the index.
func TestSearchPlansOfWrites(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	steps, err := s.store.ExplainLook(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return lists(s.company, where(query.Condition{Member: query.MemberText, Contains: "harbor"}))(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantSteps(t, searchSteps(steps), []string{"SCAN search.accounts_1 VIRTUAL TABLE INDEX", "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)"})
}

// searchSteps leaves out the steps that look at tables of a row, or of one for
// each table.
func searchSteps(steps []string) []string {
	var others []string
	for _, step := range steps {
		switch step {
		case "SCAN search.state", "SCAN main.search_state", "SEARCH main.search_queue":
		default:
			others = append(others, step)
		}
	}
	return others
}
