package records

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

// The table of the keys of unique values is what keeps two accounts from having the
// same one, whoever writes at once. Neither the property nor the account may be
// another company's.
const keyTaken = "the value is another account's"

var (
	selectOwners = db.Statement{Thing: "keys", Text: `SELECT key, account_id FROM unique_values
WHERE company_id = ? AND property_id = ? AND key {among ?}`}
	selectOwner = db.Statement{Thing: "keys", Brief: true, Text: `SELECT key, account_id FROM unique_values
WHERE company_id = ? AND property_id = ? AND key = ?`}
	giveUpKey = db.Statement{Thing: "keys", Late: true, Text: `DELETE FROM unique_values
WHERE company_id = ? AND property_id = ? AND key = ? AND account_id = ?`}
	takeKey = db.Statement{Thing: "keys", Taken: keyTaken, Text: `INSERT INTO unique_values (company_id, property_id, key, account_id)
SELECT ?1, ?2, ?3, id FROM accounts
WHERE id = ?4 AND {-}company_id = ?1 AND EXISTS (SELECT 1 FROM properties WHERE id = ?2 AND company_id = ?1)`}
	takeFree   = db.Statement{Thing: "keys", Late: true, Text: takeKey.Text}
	dropOwners = db.Statement{Thing: "keys", Text: `DELETE FROM unique_values WHERE company_id = ? AND property_id = ?`}
)

// Owners returns the accounts that have values of a unique property, by the keys of
// the values.
func (r Reader) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	owners := make(map[string]int64, len(keys))
	if len(keys) == 0 {
		return owners, nil
	}
	st, sought := selectOwner, any(keys[0])
	if len(keys) > 1 {
		// In the order of the index, of which each page is then read once.
		st, sought = selectOwners, db.List[string](slices.Sorted(slices.Values(keys)))
	}
	return owners, r.Session.Each(ctx, st, []any{p.CompanyID, p.ID, sought}, idsBy(owners))
}

// Own gives an account the key of its value in place of the one before.
func (t *Tx) Own(ctx context.Context, p schema.Property, o account.Owner, before string) error {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return err
	}
	if before != "" {
		if err := t.Session.Exec(ctx, giveUpKey, p.CompanyID, p.ID, before, o.AccountID); err != nil {
			return err
		}
	}
	if o.Key == "" {
		return nil
	}
	st := takeKey
	if t.sure.keys.take(keyOfProperty(p, o.Key)) {
		st = takeFree
	}
	return t.Session.Exec(ctx, st, p.CompanyID, p.ID, o.Key, o.AccountID)
}

// OwnAll gives accounts the keys of their values, which have none yet.
func (t *Tx) OwnAll(ctx context.Context, p schema.Property, owners []account.Owner) error {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return err
	}
	lists := make([][]any, len(owners))
	for i, o := range owners {
		t.sure.keys.take(keyOfProperty(p, o.Key))
		lists[i] = []any{p.CompanyID, p.ID, o.Key, o.AccountID}
	}
	_, err := t.Session.RunAll(ctx, takeKey, lists)
	return err
}
