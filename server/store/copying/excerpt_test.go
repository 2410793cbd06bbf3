package copying_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/copying"
)

// An excerpt has the records of one company as they are, and none of another one, of
// tables that were not asked for, or of what was written since it began.
func TestExcerpt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		from, err := p.from.source(t.Context(), p.source)
		must(t, err)
		to, err := p.to.target(t.Context(), p.target)
		must(t, err)
		steps := 0
		progress := func(done, total int64) {
			if steps++; steps == 1 {
				p.from.exec(t, p.source, "UPDATE accounts SET title = 'later'")
			}
			if done < 1 || done > total {
				t.Errorf("%d of %d", done, total)
			}
		}
		var want, got []account.Account
		p.from.in(t, p.source, func(s store.Store) { want = accountsOf(t, s, 1) })
		must(t, copying.Excerpt(t.Context(), from, to, 1, []string{"changes"}, progress))
		must(t, errors.Join(from.Close(), to.Close()))
		p.to.in(t, p.target, func(s store.Store) {
			got = accountsOf(t, s, 1)
			if others := accountsOf(t, s, 2); len(others) > 0 {
				t.Errorf("of another company: %+v", others)
			}
			if changes, err := s.Changes(t.Context(), 1, 0, 1); err != nil || len(changes) > 0 {
				t.Errorf("of a table that was not asked for: %+v, %v", changes, err)
			}
			companies, err := s.Companies(t.Context())
			if err != nil || len(companies) != 1 || companies[0].ID != 1 {
				t.Errorf("companies: %+v, %v", companies, err)
			}
		})
		if len(want) == 0 || !slices.EqualFunc(got, want, func(a, b account.Account) bool {
			return a.ID == b.ID && a.Title == b.Title && len(a.Contacts) == len(b.Contacts)
		}) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if steps == 0 {
			t.Error("no progress was told")
		}
	})
}

func accountsOf(t *testing.T, s store.Store, companyID int64) []account.Account {
	t.Helper()
	accounts, err := s.AccountsByID(t.Context(), companyID, 0, 1000)
	must(t, err)
	return accounts
}

// A row that cannot be written ends an excerpt.
func TestExcerptFails(t *testing.T) {
	t.Parallel()
	p := &pair{from: file, to: file, source: file.filled(t), target: file.empty(t)}
	from, err := p.from.source(t.Context(), p.source)
	must(t, err)
	to, err := p.to.target(t.Context(), p.target)
	must(t, err)
	defer func() { must(t, errors.Join(from.Close(), to.Close())) }()
	none := func(int64, int64) {}
	must(t, copying.Excerpt(t.Context(), from, to, 1, nil, none))
	if err := copying.Excerpt(t.Context(), from, to, 1, nil, none); err == nil || fault.KindOf(err) != fault.KindInternal {
		t.Errorf("once more: %v", err)
	}
}
