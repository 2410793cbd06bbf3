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

// NewRecords returns what a store has to read, without searches by members.
func NewRecords(reader Reader) *Records { return &Records{reader: reader} }

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
// after, in the order in which they took effect, at most limit. A PositionError if
// the feed does not go on from there.
func (r *Records) Changes(ctx context.Context, actor identity.Actor, after int64, limit int) ([]HistoryEntry, error) {
	entries, err := r.reader.Changes(ctx, actor.CompanyID, after, limit)
	if err != nil || after == 0 || len(entries) > 0 && entries[0].Sequence == after+1 {
		return entries, err
	}
	return entries, r.checkPosition(ctx, actor.CompanyID, after)
}

// PositionError is of a position beyond the end of the feed, or before what is kept
// of it. It is of a state of the store that is gone.
type PositionError struct {
	After       int64
	First, Last int64 // what there is; 0: nothing
}

// Error says what there is, and what to do.
func (e *PositionError) Error() string {
	why := fmt.Sprintf("none came after %019d; the server may have been restored from a backup", e.After)
	if e.After < e.Last {
		why = fmt.Sprintf("the first one that is kept is %019d, so that some after %019d are missing", e.First, e.After)
	}
	return fmt.Sprintf("the last change is %019d, and %s: read the accounts anew, and go on after the last change", e.Last, why)
}

// checkPosition returns a PositionError unless the feed goes on from the position. There
// may be gaps in it, but not before the first change.
func (r *Records) checkPosition(ctx context.Context, companyID, after int64) error {
	last, err := r.reader.LastChange(ctx, companyID)
	if err != nil || after == last {
		return err
	}
	first, err := r.reader.Changes(ctx, companyID, 0, 1)
	if err != nil {
		return err
	}
	position := &PositionError{After: after, Last: last}
	if len(first) > 0 {
		position.First = first[0].Sequence
	}
	if after > last || after < position.First-1 {
		return position
	}
	return nil
}

// History returns the changes of an account with sequences below before, or all
// if that is 0, the latest first, at most limit; with those of the accounts that
// were merged into it, if they are asked for. A deleted account keeps its
// changes. KindNotFound if the company never had the account.
func (r *Records) History(ctx context.Context, actor identity.Actor, id, before int64, limit int, merged bool) ([]HistoryEntry, error) {
	read := r.reader.History
	if merged {
		read = r.reader.MergedHistory
	}
	entries, err := read(ctx, actor.CompanyID, id, before, limit)
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
