package powercut

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// check opens a database as the next server would after a power cut, and returns what
// is wrong with it: an error of opening it, damage, what was answered before and is
// not there, and what the parts of the database do not agree on.
func check(ctx context.Context, path string, acks []ack, before time.Time) (err error) {
	s, err := sqlite.OpenExisting(ctx, path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	companies, err := s.Companies(ctx)
	if err != nil || len(companies) != 1 {
		return because(err, "%d companies", len(companies))
	}
	c := checker{store: s, company: companies[0].ID, accounts: make(map[int64]account.Account)}
	return errors.Join(c.whole(ctx), c.feed(ctx), c.answered(acks, before), c.find(ctx))
}

// checker looks at an opened database.
type checker struct {
	store    *sqlite.Store
	company  int64
	accounts map[int64]account.Account
}

// because is what is wrong, and why.
func because(err error, format string, args ...any) error {
	return errors.Join(fmt.Errorf(format, args...), err)
}

// whole looks for damage, and for references to what is not there.
func (c *checker) whole(ctx context.Context) error {
	var damage error
	note := func(row *db.Row) error {
		var text string
		if err := row.Scan(&text); err != nil || text == "ok" {
			return err
		}
		damage = errors.Join(damage, errors.New(text))
		return nil
	}
	for _, text := range []string{"PRAGMA integrity_check", `SELECT "table" || ' refers to what is not in ' || parent FROM pragma_foreign_key_check`} {
		if err := c.store.Session.Each(ctx, db.Statement{Thing: "damage", Text: text}, nil, note); err != nil {
			return err
		}
	}
	return damage
}

// feed reads the history, which must be without a gap, and the accounts, each of
// which must be as its last entry says.
func (c *checker) feed(ctx context.Context) error {
	versions := make(map[int64]int64)
	titles := make(map[int64]any)
	last := int64(0)
	for {
		entries, err := c.store.Changes(ctx, c.company, last, 1000)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if e.Sequence != last+1 || e.Version != versions[e.AccountID]+1 {
				return fmt.Errorf("entry %d of history, version %d of account %d, follows entry %d and version %d", e.Sequence, e.Version, e.AccountID, last, versions[e.AccountID])
			}
			last, versions[e.AccountID] = e.Sequence, e.Version
			if e.Kind == account.ChangeDeleted {
				delete(versions, e.AccountID)
				continue
			}
			if change, ok := e.Fields["title"]; ok {
				titles[e.AccountID] = change.After
			}
		}
	}
	counted, err := c.store.LastChange(ctx, c.company)
	if err != nil || counted != last {
		return because(err, "%d entries are counted, and the last is %d", counted, last)
	}
	for id, version := range versions {
		a, err := c.store.Account(ctx, c.company, id)
		if err != nil || a.Version != version || any(a.Title) != titles[id] {
			return because(err, "account %d is %q in version %d, and %q in version %d by its history", id, a.Title, a.Version, titles[id], version)
		}
		c.accounts[id] = a
	}
	return nil
}

// answered looks for what was answered before a moment.
func (c *checker) answered(acks []ack, before time.Time) error {
	for _, a := range acks {
		got := c.accounts[a.account]
		if a.at.Before(before) && got.Version < a.version {
			return fmt.Errorf("account %d has version %d, and version %d was answered", a.account, got.Version, a.version)
		}
		if got.Version > 0 && got.Title != title(a.writer, got.Version) {
			return fmt.Errorf("account %d is %q in version %d", a.account, got.Title, got.Version)
		}
	}
	return nil
}

// find searches for each account by a word of its own.
func (c *checker) find(ctx context.Context) error {
	for id, a := range c.accounts {
		q := account.Query{
			Filter: query.Filter{Conditions: []query.Condition{{Member: account.MemberTitle, Contains: normal.SearchFold(a.Title)}}},
			Page:   query.Page{Limit: 50}, IncludeArchived: true,
		}
		found, err := c.store.Accounts(ctx, c.company, q)
		if err != nil || !slices.ContainsFunc(found, func(f account.Account) bool { return f.ID == id }) {
			return because(err, "a search for %q finds %d, without account %d", a.Title, len(found), id)
		}
	}
	return nil
}
