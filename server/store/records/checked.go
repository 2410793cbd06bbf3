package records

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/store/db"
)

// What is read here is read to be doubted: a row that is not what it must be is told
// of, and keeps no other from being read.

// CheckedAccount is an account as its row has it. Of its contacts it has the ids, and
// of those that are there the names.
type CheckedAccount struct {
	account.Account
	Wrong []string // what in the row cannot be, in words
}

var (
	selectChecked = db.Statement{Thing: "accounts", Text: `SELECT ` + listed(columnsOfAccounts, "", "") + `
FROM accounts WHERE company_id = ? AND id > ? ORDER BY id LIMIT ?`}
	selectLinks = db.Statement{Thing: "contacts", Text: `SELECT l.account_id, l.contact_id, c.name
FROM account_contacts l LEFT JOIN contacts c ON c.id = l.contact_id AND c.company_id = l.company_id
WHERE l.company_id = ? AND l.account_id > ? AND l.account_id <= ? ORDER BY l.account_id, l.position`}
	selectIndexed = keysIn("custom_index")
	selectUnique  = keysIn("unique_values")
)

func keysIn(table string) db.Statement {
	return db.Statement{Thing: "keys", Text: `SELECT account_id, property_id, key FROM ` + table + `
WHERE company_id = ? AND account_id > ? AND account_id <= ?`}
}

// CheckedAccounts returns the accounts with ids above after, at most limit.
func (r Reader) CheckedAccounts(ctx context.Context, companyID, after int64, limit int) ([]CheckedAccount, error) {
	accounts, err := db.Collect(ctx, r.Session, selectChecked, []any{companyID, after, limit}, scanChecked)
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	byID := make(map[int64]*CheckedAccount, len(accounts))
	for i := range accounts {
		byID[accounts[i].ID] = &accounts[i]
	}
	args := []any{companyID, after, accounts[len(accounts)-1].ID}
	err = r.Session.Each(ctx, selectLinks, args, func(row *db.Row) error {
		var id int64
		var name *string
		contact := account.Contact{CompanyID: companyID}
		if err := row.Scan(&id, &contact.ID, &name); err != nil {
			return err
		}
		if name != nil {
			contact.Name = *name
		}
		if a := byID[id]; a != nil { // Else its reference is to nothing, which is told elsewhere.
			a.Contacts = append(a.Contacts, contact)
		}
		return nil
	})
	return accounts, err
}

// scanChecked reads a row, and compares what it has by more than one column.
func scanChecked(row *db.Row) (CheckedAccount, error) {
	var r accountRow
	dest := make([]any, len(columnsOfAccounts))
	derived := make([]*string, len(columnsOfAccounts))
	for i, c := range columnsOfAccounts {
		switch {
		case c.unread:
			dest[i] = &derived[i]
		case c.text != nil:
			dest[i] = c.text(&r)
		default:
			dest[i] = c.at(&r)
		}
	}
	if err := row.Scan(dest...); err != nil {
		return CheckedAccount{}, err
	}
	var wrong []string
	var err error
	if r.Address, err = jsonvalue.Texts([]byte(r.AddressJSON)); err != nil {
		wrong = append(wrong, "address is no list of texts")
	}
	if r.Custom, err = jsonvalue.Object([]byte(r.CustomJSON)); err != nil {
		wrong = append(wrong, "custom is no object")
	}
	for i, c := range columnsOfAccounts {
		if c.unread && !isText(c.at(&r), derived[i]) {
			wrong = append(wrong, c.name+" does not fit "+string(c.member))
		}
	}
	return CheckedAccount{fromDBAccount(&r).Account, wrong}, nil
}

// isText tells whether a value to be bound, a text or nil, is what was read.
func isText(value any, read *string) bool {
	if value == nil || read == nil {
		return value == nil && read == nil
	}
	return value == *read
}

// EachKey calls take with the keys that the accounts with ids above after, up to last,
// are found by.
func (r Reader) EachKey(ctx context.Context, companyID, after, last int64, take func(accountID, propertyID int64, key string) error) error {
	return r.eachKeyIn(ctx, selectIndexed, companyID, after, last, take)
}

// EachUnique is EachKey of the keys that they alone have.
func (r Reader) EachUnique(ctx context.Context, companyID, after, last int64, take func(accountID, propertyID int64, key string) error) error {
	return r.eachKeyIn(ctx, selectUnique, companyID, after, last, take)
}

func (r Reader) eachKeyIn(ctx context.Context, st db.Statement, companyID, after, last int64, take func(accountID, propertyID int64, key string) error) error {
	return r.Session.Each(ctx, st, []any{companyID, after, last}, func(row *db.Row) error {
		var accountID, propertyID int64
		var key string
		if err := row.Scan(&accountID, &propertyID, &key); err != nil {
			return err
		}
		return take(accountID, propertyID, key)
	})
}

// CheckedContact is what a contact should be found by, and is.
type CheckedContact struct {
	ID    int64
	Want  map[string]bool // kinds and values, with a space between
	Found map[string]bool
	Wrong []string // what in the row cannot be, in words
}

var (
	selectReaches = db.Statement{Thing: "contacts", Text: `SELECT id, emails, phones FROM contacts WHERE company_id = ? AND id > ? ORDER BY id LIMIT ?`}
	selectLookups = db.Statement{Thing: "contacts", Text: `SELECT contact_id, kind, value FROM contact_lookup
WHERE company_id = ? AND contact_id > ? AND contact_id <= ?`}
)

// CheckedContacts returns the contacts with ids above after, at most limit.
func (r Reader) CheckedContacts(ctx context.Context, companyID, after int64, limit int) ([]CheckedContact, error) {
	contacts, err := db.Collect(ctx, r.Session, selectReaches, []any{companyID, after, limit}, scanReaches)
	if err != nil || len(contacts) == 0 {
		return nil, err
	}
	byID := make(map[int64]*CheckedContact, len(contacts))
	for i := range contacts {
		byID[contacts[i].ID] = &contacts[i]
	}
	args := []any{companyID, after, contacts[len(contacts)-1].ID}
	err = r.Session.Each(ctx, selectLookups, args, func(row *db.Row) error {
		var id int64
		var kind, value string
		if err := row.Scan(&id, &kind, &value); err != nil {
			return err
		}
		if c := byID[id]; c != nil {
			c.Found[kind+" "+value] = true
		}
		return nil
	})
	return contacts, err
}

func scanReaches(row *db.Row) (CheckedContact, error) {
	c := CheckedContact{Want: make(map[string]bool), Found: make(map[string]bool)}
	var emails, phones string
	if err := row.Scan(&c.ID, &emails, &phones); err != nil {
		return c, err
	}
	list := func(name, text string) []string {
		values, err := jsonvalue.Texts([]byte(text))
		if err != nil {
			c.Wrong = append(c.Wrong, name+" is no list of texts")
		}
		return values
	}
	for kind, value := range lookupsOf(list("emails", emails), list("phones", phones)) {
		c.Want[kind+" "+value] = true
	}
	return c, nil
}

// LostLinks calls take with each link between what are not an account and a contact of
// its company.
func (r Reader) LostLinks(ctx context.Context, take func(companyID, accountID, contactID int64) error) error {
	return r.Session.Each(ctx, selectLost, nil, func(row *db.Row) error {
		var companyID, accountID, contactID int64
		if err := row.Scan(&companyID, &accountID, &contactID); err != nil {
			return err
		}
		return take(companyID, accountID, contactID)
	})
}

var selectLost = db.Statement{Thing: "links", Text: `SELECT l.company_id, l.account_id, l.contact_id FROM account_contacts l
LEFT JOIN accounts a ON a.id = l.account_id AND a.company_id = l.company_id
LEFT JOIN contacts c ON c.id = l.contact_id AND c.company_id = l.company_id
WHERE a.id IS NULL OR c.id IS NULL ORDER BY l.company_id, l.account_id, l.position`}
