package sqlite

import (
	"cmp"
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// What a write finds in place stays as it is, so that it costs only what has
// changed. Neither the property nor the account may be another company's.
var (
	dropKeys = db.Statement{Thing: "keys", Text: `DELETE FROM custom_index
WHERE account_id = ?1 AND property_id = (SELECT id FROM properties WHERE id = ?2 AND company_id = ?3)
	AND key NOT IN (SELECT value FROM json_each(?4))`}
	addKeys = db.Statement{Thing: "keys", Text: `INSERT INTO custom_index (property_id, key, account_id)
SELECT p.id, wanted.value, a.id
FROM properties p, accounts a, json_each(?4) wanted
WHERE a.id = ?1 AND +a.company_id = ?3 AND p.id = ?2 AND +p.company_id = ?3
ON CONFLICT DO NOTHING`}

	// Of a single key, which most values have, the same without lists.
	dropOthers = db.Statement{Thing: "keys", Text: `DELETE FROM custom_index
WHERE account_id = ?1 AND property_id = ?2 AND key <> ?4 AND EXISTS (SELECT 1 FROM properties WHERE id = ?2 AND company_id = ?3)`}
	addKey = db.Statement{Thing: "keys", Text: `INSERT INTO custom_index (property_id, key, account_id)
SELECT ?2, ?4, id FROM accounts
WHERE id = ?1 AND +company_id = ?3 AND EXISTS (SELECT 1 FROM properties WHERE id = ?2 AND company_id = ?3)
ON CONFLICT DO NOTHING`}
)

// IndexCustom makes an account be found by the keys of a property's value.
func (t *transaction) IndexCustom(ctx context.Context, p schema.Property, accountID int64, keys []string) error {
	if len(keys) == 1 {
		if _, err := t.session.Exec(ctx, dropOthers, accountID, p.ID, p.CompanyID, keys[0]); err != nil {
			return err
		}
		_, err := t.session.Exec(ctx, addKey, accountID, p.ID, p.CompanyID, keys[0])
		return err
	}
	list := db.List[string](keys)
	if _, err := t.session.Exec(ctx, dropKeys, accountID, p.ID, p.CompanyID, list); err != nil {
		return err
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := t.session.Exec(ctx, addKeys, accountID, p.ID, p.CompanyID, list)
	return err
}

var (
	selectObjects = db.Statement{Thing: "accounts", Text: `SELECT id, custom FROM accounts
WHERE id IN (SELECT value FROM json_each(?)) AND +company_id = ?`}
	addPairs = db.Statement{Thing: "keys", Text: `INSERT INTO custom_index (property_id, key, account_id)
SELECT p.id, pair.value ->> 0, pair.value ->> 1
FROM properties p CROSS JOIN json_each(?) pair WHERE p.id = ? AND p.company_id = ?
ON CONFLICT DO NOTHING`}
)

// IndexAccounts makes accounts be found by the keys of the values of a property
// that they have. The keys go in by their order, each page of the index at once.
func (t *transaction) IndexAccounts(ctx context.Context, p schema.Property, ids []int64) error {
	type pair struct {
		key string
		id  int64
	}
	var pairs []pair
	var id int64
	var members db.Members
	err := t.session.Each(ctx, selectObjects, []any{db.List[int64](ids), p.CompanyID}, func(row *db.Row) error {
		if err := row.Scan(&id, &members); err != nil {
			return err
		}
		value, err := members.Value(p.Key)
		for _, key := range p.Keys(value) {
			pairs = append(pairs, pair{key, id})
		}
		return err
	})
	if err != nil || len(pairs) == 0 {
		return err
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	list := make(db.List[[2]any], len(pairs))
	for i, p := range pairs {
		list[i] = [2]any{p.key, p.id}
	}
	_, err = t.session.Exec(ctx, addPairs, list, p.ID, p.CompanyID)
	return err
}

// selectReady selects the properties whose indexes can be used.
var selectReady = db.Statement{Thing: "properties", Text: `SELECT id FROM properties WHERE company_id = ? AND index_state = 'ready'`}

// settle returns conditions with the states that the indexes of their
// properties have now.
func (r reader) settle(ctx context.Context, companyID int64, conditions []query.Condition) ([]query.Condition, error) {
	ready, err := db.Collect(ctx, r.session, selectReady, []any{companyID}, db.Scan[int64])
	conditions = slices.Clone(conditions)
	for i := range conditions {
		conditions[i].Property.Index = schema.IndexNone
		if slices.Contains(ready, conditions[i].Property.ID) {
			conditions[i].Property.Index = schema.IndexReady
		}
	}
	return conditions, err
}

func isCustom(c query.Condition) bool { return c.Member == query.MemberCustom }

// An account has a value if its object has the member. The index tells it as
// well, once it is complete.
var (
	selectAccountsWith = db.Statement{Thing: "accounts", Text: accountColumns +
		`FROM accounts a INDEXED BY accounts_company
WHERE a.company_id = ? AND a.id > ? AND a.custom -> ? <> '[]' ORDER BY a.id LIMIT ?`}
	selectAccountsIndexed = db.Statement{Thing: "accounts", Text: accountColumns +
		`FROM accounts a INDEXED BY accounts_company
WHERE a.company_id = ? AND a.id > ?
	AND EXISTS (SELECT 1 FROM custom_index x INDEXED BY custom_index_account WHERE x.account_id = a.id AND x.property_id = ?)
ORDER BY a.id LIMIT ?`}
)

// AccountsWith returns accounts that have a value of the property, after an id.
func (r reader) AccountsWith(ctx context.Context, p schema.Property, after int64, limit int) ([]account.Account, error) {
	if p.Index == schema.IndexReady {
		return db.Collect(ctx, r.session, selectAccountsIndexed, []any{p.CompanyID, after, p.ID, limit}, scanAccount)
	}
	return db.Collect(ctx, r.session, selectAccountsWith, []any{p.CompanyID, after, customPath(p), limit}, scanAccount)
}

// customPath is the JSON path to the property's value.
func customPath(p schema.Property) string { return `$."` + p.Key + `"` }
