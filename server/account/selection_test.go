package account_test

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

// late is a transaction in which a search finds accounts that are gone by the time
// that they are locked.
type late struct {
	store.Tx
	gone []int64
}

func (l late) StoredAccounts(ctx context.Context, companyID int64, q account.Query, contacts bool) ([]account.Stored, error) {
	found, err := l.Tx.StoredAccounts(ctx, companyID, q, contacts)
	for _, id := range l.gone {
		found = append(found, account.Stored{Account: account.Account{ID: id, CompanyID: companyID}})
	}
	return found, err
}

// An account that is deleted or merged while a filter selects it is not selected, and
// keeps none of the others from being updated.
func TestSelectionOfWhatIsGone(t *testing.T) {
	t.Parallel()
	d := domaintest.New(t)
	kept, deleted, merged := d.Account(t, "Kept"), d.Account(t, "Deleted"), d.Account(t, "Merged")
	if err := d.Accounts.Delete(t.Context(), d.Actor, account.DeleteRequest{ID: deleted.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lineage.Merge(t.Context(), d.Actor, lineage.MergeRequest{ID: kept.ID, From: []lineage.MergeSource{{ID: merged.ID}}}); err != nil {
		t.Fatal(err)
	}
	part := store.For(d.Store, func(tx store.Tx) account.Tx { return late{tx, []int64{merged.ID, deleted.ID}} })
	result, err := account.NewService(account.NewWriter(part, d.Clock, "US")).UpdateSelection(t.Context(), d.Actor, account.SelectionRequest{
		Filter:      query.Filter{Conditions: []query.Condition{{Member: account.MemberTitle, Contains: "kept"}}},
		MaxAffected: 5, Patch: account.Patch{Value: patch.Set(1.0)},
	})
	if err != nil || result.Matched != 1 || len(result.Changed) != 1 || result.Changed[0].Account.ID != kept.ID {
		t.Errorf("%+v %v", result, err)
	}
}
