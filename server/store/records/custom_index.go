package records

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

// What a write finds in place stays as it is, so that it costs only what has
// changed. Neither the property nor the account may be another company's.
var (
	dropKeys = db.Statement{Thing: "keys", Late: true, Text: `DELETE FROM custom_index
WHERE company_id = ? AND account_id = ? AND property_id = ? AND key NOT IN ({texts ?})`}
	dropOthers = db.Statement{Thing: "keys", Late: true, Text: `DELETE FROM custom_index
WHERE company_id = ? AND account_id = ? AND property_id = ? AND key <> ?`}
	moveKey = db.Statement{Thing: "keys", Text: `UPDATE custom_index SET key = ?5
WHERE property_id = ?2 AND key = ?4 AND account_id = ?3 AND company_id = ?1`}
	addKey = db.Statement{Thing: "keys", Late: true, Text: `INSERT INTO custom_index (company_id, property_id, key, account_id)
SELECT ?1, ?2, ?3, id FROM accounts
WHERE id = ?4 AND {-}company_id = ?1 AND EXISTS (SELECT 1 FROM properties WHERE id = ?2 AND company_id = ?1)
ON CONFLICT DO NOTHING`}
	// addKeySure is addKey of an account that is there.
	addKeySure = db.Statement{Thing: addKey.Thing, Late: true, Text: `INSERT INTO custom_index (company_id, property_id, key, account_id)
SELECT ?1, id, ?3, ?4 FROM properties WHERE id = ?2 AND {-}company_id = ?1
ON CONFLICT DO NOTHING`}
)

// IndexCustom makes an account be found by the keys of a property's value.
func (t *Tx) IndexCustom(ctx context.Context, p schema.Property, accountID int64, keys []string) error {
	keys = t.Cut(keys)
	st, stay := dropKeys, any(db.List[string](keys))
	if len(keys) == 1 { // as the most values have
		st, stay = dropOthers, keys[0]
	}
	if err := t.Session.Exec(ctx, st, p.CompanyID, accountID, p.ID, stay); err != nil {
		return err
	}
	return t.addKeys(ctx, p, accountID, keys)
}

// ReplaceKeys is IndexCustom, where it is known what is to be replaced.
func (t *Tx) ReplaceKeys(ctx context.Context, p schema.Property, accountID int64, before, keys []string) error {
	before, keys = t.Cut(before), t.Cut(keys)
	switch {
	case len(before) == 0:
		return t.addKeys(ctx, p, accountID, keys)
	case len(before) == 1 && len(keys) == 1: // as the most values have
		n, err := t.Session.Change(ctx, moveKey, p.CompanyID, p.ID, accountID, before[0], keys[0])
		if err != nil || n > 0 {
			return err
		}
	}
	return t.IndexCustom(ctx, p, accountID, keys)
}

func (t *Tx) addKeys(ctx context.Context, p schema.Property, accountID int64, keys []string) error {
	lists := make([][]any, len(keys))
	for i, key := range keys {
		lists[i] = []any{p.CompanyID, p.ID, key, accountID}
	}
	st := addKey
	if t.sure.accounts[record{p.CompanyID, accountID}] {
		st = addKeySure
	}
	_, err := t.Session.RunAll(ctx, st, lists)
	return err
}

// Cut cuts long keys to what an index can have. Those that are compared with a
// shorter one still are as they were.
func (r Reader) Cut(keys []string) []string { return cutTo(r.Session.MaxKey(), keys) }

// cutTo cuts keys to the most bytes that an index can have; 0: all.
func cutTo(most int, keys []string) []string {
	if most == 0 || !slices.ContainsFunc(keys, func(key string) bool { return len(key) > most }) {
		return keys
	}
	keys = slices.Clone(keys)
	for i, key := range keys {
		if len(key) > most {
			keys[i] = strings.ToValidUTF8(key[:most], "")
		}
	}
	return keys
}

var selectObjects = db.Statement{Thing: "accounts", Text: `SELECT id, custom FROM accounts
WHERE id IN ({ids ?}) AND {-}company_id = ?`}

// IndexAccounts makes accounts be found by the keys of the values of a property
// that they have. The keys go in by their order, each page of the index at once.
func (t *Tx) IndexAccounts(ctx context.Context, p schema.Property, ids []int64) error {
	type pair struct {
		key string
		id  int64
	}
	var pairs []pair
	var id int64
	var members db.Members
	err := t.Session.Each(ctx, selectObjects, []any{db.List[int64](ids), p.CompanyID}, func(row *db.Row) error {
		if err := row.Scan(&id, &members); err != nil {
			return err
		}
		value, err := members.Value(p.Key)
		for _, key := range t.Cut(p.Keys(value)) {
			pairs = append(pairs, pair{key, id})
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	lists := make([][]any, len(pairs))
	for i, pair := range pairs {
		lists[i] = []any{p.CompanyID, p.ID, pair.key, pair.id}
	}
	_, err = t.Session.RunAll(ctx, addKey, lists)
	return err
}

// CustomIndex is the table of the keys of custom values.
const CustomIndex = "custom_index"

// CustomKey is what an account is found by: a key of a value of a property.
type CustomKey struct {
	CompanyID, PropertyID int64
	Key                   string
	AccountID             int64
}

// EachCustomKey calls yield for each key that the accounts must be found by, cut to
// the most bytes that an index can have (0: all): first by company and account, in
// the same order each time.
func (r Reader) EachCustomKey(ctx context.Context, most int, yield func(CustomKey) error) error {
	companies, err := r.Companies(ctx)
	for _, c := range companies {
		if err == nil {
			err = r.eachKeyOf(ctx, c.ID, most, yield)
		}
	}
	return err
}

func (r Reader) eachKeyOf(ctx context.Context, companyID int64, most int, yield func(CustomKey) error) error {
	properties, err := r.Properties(ctx, companyID)
	if err != nil {
		return err
	}
	properties = slices.DeleteFunc(properties, func(p schema.Property) bool { return p.Index == schema.IndexNone })
	if len(properties) == 0 {
		return nil
	}
	var id int64
	var members db.Members
	return r.Session.Each(ctx, selectCustom, []any{companyID, 0}, func(row *db.Row) error {
		if err := row.Scan(&id, &members); err != nil {
			return err
		}
		for _, p := range properties {
			value, err := members.Value(p.Key)
			if err != nil {
				return err
			}
			keys := slices.Clone(cutTo(most, p.Keys(value)))
			slices.Sort(keys)
			for _, key := range slices.Compact(keys) {
				if err := yield(CustomKey{companyID, p.ID, key, id}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// selectReady selects the properties whose indexes can be used.
var selectReady = db.Statement{Thing: "properties", Text: `SELECT id FROM properties WHERE company_id = ? AND index_state = 'ready'`}

// settle returns conditions with the states that the indexes of their
// properties have now.
func (r Reader) settle(ctx context.Context, companyID int64, conditions []query.Condition) ([]query.Condition, error) {
	ready, err := db.Collect(ctx, r.Session, selectReady, []any{companyID}, db.Scan[int64])
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
	selectCustom = db.Statement{Thing: "accounts", Text: `SELECT a.id, a.custom FROM accounts a {by accounts_company}
WHERE a.company_id = ? AND a.id > ? ORDER BY a.id`}
	selectAccountsIn = db.Statement{Thing: "accounts", Text: fromAccounts +
		`WHERE {-}a.company_id = ? AND a.id IN ({ids ?}) ORDER BY a.id`}
	selectAccountsIndexed = db.Statement{Thing: "accounts", Text: accountColumns +
		`FROM accounts a {by accounts_company}
WHERE a.company_id = ? AND a.id > ?
	AND EXISTS (SELECT 1 FROM custom_index x {by custom_index_account}
		WHERE x.company_id = a.company_id AND x.account_id = a.id AND x.property_id = ?)
ORDER BY a.id LIMIT ?`}
)

var selectKeyed = db.Statement{Thing: "keys", Text: `SELECT DISTINCT account_id FROM custom_index
WHERE company_id = ? AND property_id = ? AND key IN ({texts ?}) ORDER BY account_id`}

// KeyedAccounts returns the ids of the accounts that have one of the keys.
func (r Reader) KeyedAccounts(ctx context.Context, p schema.Property, keys []string) ([]int64, error) {
	args := []any{p.CompanyID, p.ID, db.List[string](r.Cut(keys))}
	return db.Collect(ctx, r.Session, selectKeyed, args, db.Scan[int64])
}

// AccountsWith returns accounts that have a value of the property, after an id.
func (r Reader) AccountsWith(ctx context.Context, p schema.Property, after int64, limit int) (accounts []account.Account, err error) {
	if p.Index == schema.IndexReady {
		return db.Collect(ctx, r.Session, selectAccountsIndexed, []any{p.CompanyID, after, p.ID, limit}, scanAccount)
	}
	err = r.Session.Snapshot(ctx, func(session db.Session) error {
		var ids db.List[int64]
		var id int64
		var members db.Members
		err := session.Each(ctx, selectCustom, []any{p.CompanyID, after}, func(row *db.Row) error {
			if err := row.Scan(&id, &members); err != nil || !members.Has(p.Key) {
				return err
			}
			if ids = append(ids, id); len(ids) >= limit {
				return db.ErrEnough
			}
			return nil
		})
		if err == nil {
			accounts, err = db.Collect(ctx, session, selectAccountsIn, []any{p.CompanyID, ids}, scanAccount)
		}
		return err
	})
	return accounts, err
}
