package sqlite

import (
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// accountRow is an account beside its users, whose ids are 0 if there are none.
type accountRow struct {
	account.Stored
	creator, updater identity.UserRef
}

func toDBAccount(a account.Account) accountRow {
	return accountRow{Stored: account.Stored{Account: a}, creator: toDBUserRef(a.CreatedBy), updater: toDBUserRef(a.UpdatedBy)}
}

func fromDBAccount(row *accountRow) account.Stored {
	row.CreatedBy, row.UpdatedBy = fromDBUserRef(row.creator), fromDBUserRef(row.updater)
	return row.Stored
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
