package sqlite

import (
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// accountRow is an account beside its users, whose ids are 0 if there are none.
type accountRow struct {
	account.Account
	creator, updater identity.UserRef
}

func toDBAccount(a account.Account) accountRow {
	return accountRow{Account: a, creator: toDBUserRef(a.CreatedBy), updater: toDBUserRef(a.UpdatedBy)}
}

func fromDBAccount(row *accountRow) account.Account {
	row.CreatedBy, row.UpdatedBy = fromDBUserRef(row.creator), fromDBUserRef(row.updater)
	return row.Account
}

func toDBUserRef(u *identity.UserRef) identity.UserRef {
	if u == nil {
		return identity.UserRef{}
	}
	return *u
}

func fromDBUserRef(u identity.UserRef) *identity.UserRef {
	if u.ID == 0 {
		return nil
	}
	return &u
}

// nameOf is a column of the names and the address of the user whose id it is
// given. To join the users takes SQLite several times as long as to read the
// account.
func nameOf(id string) string {
	return `(SELECT first_name || char(31) || last_name || char(31) || email FROM users WHERE id = ` + id + `)`
}

// userName reads a column of nameOf.
type userName identity.UserRef

// Read reads the names and the address, which hold no control character.
func (u *userName) Read(c db.Column) error {
	if c.IsNull() {
		return nil
	}
	text, err := c.Text()
	var rest string
	u.FirstName, rest, _ = strings.Cut(text, "\x1f")
	u.LastName, u.Email, _ = strings.Cut(rest, "\x1f")
	return err
}

// linkedContacts reads an account's contacts, behind its company.
type linkedContacts account.Account

// Read reads the last of accountColumns.
func (a *linkedContacts) Read(c db.Column) error {
	var list db.List[struct {
		account.Contact
		CreatedAt, UpdatedAt int64
	}]
	err := list.Read(c)
	a.Contacts = make([]account.Contact, len(list))
	for i, item := range list {
		c := item.Contact
		c.CompanyID = a.CompanyID
		c.CreatedAt, c.UpdatedAt = time.UnixMilli(item.CreatedAt).UTC(), time.UnixMilli(item.UpdatedAt).UTC()
		a.Contacts[i] = c
	}
	return err
}
