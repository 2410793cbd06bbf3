package records

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

// What a transaction looks for to write by it, for many records at once: one statement
// for all takes a fraction of the time of one for each.
var (
	selectNumberOwners = db.Statement{Thing: "numbers", Text: `SELECT number, id FROM accounts WHERE company_id = ? AND number {amid ?}`}

	findAccountsBy = map[account.MatchBy]db.Statement{
		account.MatchTitle:   findAccounts("a.title_fold", "a.title_fold {among ?2}"),
		account.MatchAddress: findAccounts("a.address_fold", "{within a.address_fold ?2}"),
		account.MatchEmail:   findAccounts("a.primary_email_key", "a.primary_email_key {among ?2}"),
		account.MatchPhone:   findAccounts("a.primary_phone", "a.primary_phone {among ?2}"),
	}
	findContacts = db.Statement{Thing: "contacts", Text: findContactsOf("email", "?2") + `
UNION ALL ` + findContactsOf("phone", "?3")}
)

// findAccounts returns the statement for the accounts that FindAccount returns for values
// of a column.
func findAccounts(column, test string) db.Statement {
	return db.Statement{Thing: "accounts", Text: `SELECT ` + column + `, coalesce(min(CASE WHEN a.is_active THEN a.id END), min(a.id))
FROM accounts a WHERE a.company_id = ?1 AND ` + test + ` GROUP BY ` + column}
}

func findContactsOf(kind, parameter string) string {
	return `SELECT kind, value, min(contact_id) FROM contact_lookup
WHERE company_id = ?1 AND kind = '` + kind + `' AND value {among ` + parameter + `} GROUP BY kind, value`
}

// NumberOwner is that of Reader, while no other transaction gives the number to an account.
func (t *Tx) NumberOwner(ctx context.Context, companyID, number int64) (int64, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return 0, err
	}
	owner, err := t.Reader.NumberOwner(ctx, companyID, number)
	if err == nil && owner == 0 {
		t.sure.numbers.put(freeNumber{companyID, number}, true)
	}
	return owner, err
}

// NumberOwners is NumberOwner of many.
func (t *Tx) NumberOwners(ctx context.Context, companyID int64, numbers []int64) (map[int64]int64, error) {
	owners := make(map[int64]int64)
	if err := t.eachLocked(ctx, companyID, selectNumberOwners, []any{companyID, db.List[int64](numbers)}, idsBy(owners)); err != nil {
		return nil, err
	}
	for _, number := range numbers {
		if owners[number] == 0 {
			t.sure.numbers.put(freeNumber{companyID, number}, true)
		}
	}
	return owners, nil
}

// Owners is that of Reader, while no other transaction gives a value to an account.
func (t *Tx) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return nil, err
	}
	owners, err := t.Reader.Owners(ctx, p, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if owners[key] == 0 {
			t.sure.keys.put(keyOfProperty(p, key), true)
		}
	}
	return owners, nil
}

// FindAccounts returns the ids of the accounts to match by the values of a member.
func (t *Tx) FindAccounts(ctx context.Context, companyID int64, by account.MatchBy, values []string) (map[string]int64, error) {
	found := make(map[string]int64)
	st, ok := findAccountsBy[by]
	if !ok {
		return found, nil
	}
	return found, t.eachLocked(ctx, companyID, st, []any{companyID, db.List[string](values)}, idsBy(found))
}

// FindContact is that of Reader, while no other transaction adds such a contact.
func (t *Tx) FindContact(ctx context.Context, companyID int64, email, phone string) (account.Contact, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return account.Contact{}, err
	}
	c, err := t.Reader.FindContact(ctx, companyID, email, phone)
	if err == nil {
		t.sure.seeContact(c)
	}
	return c, err
}

// FindContacts returns the ids of the contacts that have the emails, and of those that
// have the phones.
func (t *Tx) FindContacts(ctx context.Context, companyID int64, emails, phones []string) (byEmail, byPhone map[string]int64, err error) {
	byKind := map[string]map[string]int64{"email": {}, "phone": {}}
	args := []any{companyID, db.List[string](emails), db.List[string](phones)}
	err = t.eachLocked(ctx, companyID, findContacts, args, func(row *db.Row) error {
		var kind, value string
		var id int64
		err := row.Scan(&kind, &value, &id)
		byKind[kind][value] = id
		return err
	})
	return byKind["email"], byKind["phone"], err
}

// Contacts is that of Reader of contacts that stay as they are.
func (t *Tx) Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]account.Contact, error) {
	if len(ids) == 0 {
		return map[int64]account.Contact{}, nil
	}
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return nil, err
	}
	found, err := t.Reader.Contacts(ctx, companyID, ids)
	for _, c := range found {
		t.sure.seeContact(c)
	}
	return found, err
}

// idsBy scans rows of a value and an id into a map.
func idsBy[K comparable](ids map[K]int64) func(*db.Row) error {
	return func(row *db.Row) error {
		var value K
		var id int64
		err := row.Scan(&value, &id)
		ids[value] = id
		return err
	}
}

// eachLocked reads what no other transaction changes until this one ends.
func (t *Tx) eachLocked(ctx context.Context, companyID int64, st db.Statement, args []any, scan func(*db.Row) error) error {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return err
	}
	return t.Session.Each(ctx, st, args, scan)
}
