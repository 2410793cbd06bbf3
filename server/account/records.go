package account

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
)

// Records reads the accounts of companies, and what happened to them.
type Records struct {
	reader  Reader
	region  string // of phone numbers without a country code, ISO 3166
	schemas *schemas
}

// Get returns an account with its contacts. KindNotFound if the actor's company
// has none with the id, or if it is archived and those were not asked for.
func (r *Records) Get(ctx context.Context, actor identity.Actor, id int64, includeArchived bool) (Account, error) {
	a, err := r.reader.Account(ctx, actor.CompanyID, id)
	if err != nil {
		return Account{}, err
	}
	if !a.Active && !includeArchived {
		return Account{}, fault.NotFound("account")
	}
	return a, nil
}

// Query selects accounts. They are ordered by UpdatedAt and then ID, the latest
// first unless Ascending.
type Query struct {
	Filter          query.Filter
	IncludeArchived bool
	Ascending       bool
	Page            query.Page
}

// List returns the accounts of the actor's company that a query selects, with
// their contacts.
func (r *Records) List(ctx context.Context, actor identity.Actor, q Query) ([]Account, error) {
	return r.reader.Accounts(ctx, actor.CompanyID, q)
}

// Count returns how many accounts a query selects, whatever its page.
func (r *Records) Count(ctx context.Context, actor identity.Actor, q Query) (int64, error) {
	return r.reader.CountAccounts(ctx, actor.CompanyID, q)
}

// SearchFilter makes a filter of one or two tests: see query.Parse.
func (r *Records) SearchFilter(ctx context.Context, actor identity.Actor, tests [2]query.Test, either bool) (query.Filter, error) {
	properties, err := r.schemas.current(ctx, r.reader, actor.CompanyID)
	if err != nil {
		return query.Filter{}, err
	}
	return query.Parse(tests, either, Subjects(properties), r.region)
}

// Changes returns the changes of the company's accounts with sequences above
// after, in the order in which they took effect, at most limit. KindInvalid if
// after is beyond the last one: it is of a state of the store that is gone.
func (r *Records) Changes(ctx context.Context, actor identity.Actor, after int64, limit int) ([]HistoryEntry, error) {
	entries, err := r.reader.Changes(ctx, actor.CompanyID, after, limit)
	if err != nil || len(entries) > 0 || after == 0 {
		return entries, err
	}
	last, err := r.reader.LastChange(ctx, actor.CompanyID)
	if err == nil && after > last {
		err = fault.Invalid([]fault.Offence{fault.InParameter("after", "must not be beyond the last change, %019d; "+
			"the server may have been restored from a backup: read the accounts anew, and go on from there", last)})
	}
	return nil, err
}

// History returns the changes of an account with sequences below before, or all
// if that is 0, the latest first, at most limit. A deleted account keeps its
// changes. KindNotFound if the company never had the account.
func (r *Records) History(ctx context.Context, actor identity.Actor, id, before int64, limit int) ([]HistoryEntry, error) {
	entries, err := r.reader.History(ctx, actor.CompanyID, id, before, limit)
	if err != nil || len(entries) > 0 {
		return entries, err
	}
	if before != 0 {
		if all, err := r.reader.History(ctx, actor.CompanyID, id, 0, 1); err != nil || len(all) > 0 {
			return nil, err
		}
	}
	_, err = r.reader.Account(ctx, actor.CompanyID, id)
	return nil, err
}

// exportPage is how many accounts an export reads at a time. Between pages it
// holds nothing of the store, however slowly they are taken.
const exportPage = 500

// Export calls take for each account of a company in the order of ids, each as
// it is when its page is read. While others write, every account that was there
// at the start and stays comes exactly once; a later one may or may not. An
// error of take ends the export and is returned.
func (r *Records) Export(ctx context.Context, companyID int64, includeArchived bool, take func(Account) error) error {
	after := int64(0)
	for {
		page, err := r.reader.AccountsByID(ctx, companyID, after, exportPage)
		if err != nil {
			return fmt.Errorf("load accounts: %w", err)
		}
		for _, a := range page {
			if !a.Active && !includeArchived {
				continue
			}
			if err := take(a); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}
