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
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

// check opens a database as the next server would after a power cut, and returns what
// is wrong with it: an error of opening it, what was answered before and is not there,
// what a search does not find, and what accountsd verify finds.
func check(ctx context.Context, path string, acks []ack, before time.Time) error {
	if err := look(ctx, path, acks, before); err != nil {
		return err
	}
	d, err := sqlite.OpenVerified(ctx, path)
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	var faults []error
	_, err = verify.Run(ctx, d, verify.Options{Found: func(f verify.Fault) { faults = append(faults, errors.New(f.String())) }})
	return errors.Join(append(faults, err, d.Close())...)
}

// look looks at what an opened database has.
func look(ctx context.Context, path string, acks []ack, before time.Time) (err error) {
	s, err := sqlite.OpenExisting(ctx, path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	companies, err := s.Companies(ctx)
	if err != nil || len(companies) != 1 {
		return because(err, "%d companies", len(companies))
	}
	company := companies[0].ID
	list, err := s.AccountsByID(ctx, company, 0, maxAccounts)
	if err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	accounts := make(map[int64]account.Account, len(list))
	for _, a := range list {
		accounts[a.ID] = a
	}
	return errors.Join(answered(accounts, acks, before), find(ctx, s, company, list))
}

// maxAccounts are more than all writers add.
const maxAccounts = 1000

// because is what is wrong, and why.
func because(err error, format string, args ...any) error {
	return errors.Join(fmt.Errorf(format, args...), err)
}

// answered looks for what was answered before a moment.
func answered(accounts map[int64]account.Account, acks []ack, before time.Time) error {
	for _, a := range acks {
		got := accounts[a.account]
		if a.at.Before(before) && got.Version < a.version {
			return fmt.Errorf("account %d has version %d, and version %d was answered", a.account, got.Version, a.version)
		}
		if got.Version > 0 && got.Title != title(a.writer, got.Version) {
			return fmt.Errorf("account %d is %q in version %d", a.account, got.Title, got.Version)
		}
	}
	return nil
}

// find searches for each account by its title.
func find(ctx context.Context, s *sqlite.Store, company int64, accounts []account.Account) error {
	for _, a := range accounts {
		q := account.Query{
			Filter: query.Filter{Conditions: []query.Condition{{Member: account.MemberTitle, Contains: normal.SearchFold(a.Title)}}},
			Page:   query.Page{Limit: 50}, IncludeArchived: true,
		}
		found, err := s.Accounts(ctx, company, q)
		if err != nil || !slices.ContainsFunc(found, func(f account.Account) bool { return f.ID == a.ID }) {
			return because(err, "a search for %q finds %d, without account %d", a.Title, len(found), a.ID)
		}
	}
	return nil
}
