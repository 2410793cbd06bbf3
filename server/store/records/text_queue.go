package records

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	// Accounts are found by the names of their contacts.
	selectLinked      = db.Statement{Thing: "accounts", Text: `SELECT account_id FROM account_contacts WHERE company_id = ? AND contact_id = ? ORDER BY account_id`}
	selectContactText = db.Statement{Thing: "contact", Text: `SELECT name <> ?, emails <> ? OR phones <> ?
FROM contacts WHERE id = ? AND company_id = ?`}
)

// enqueue notes that a record's text is new or gone.
func (t *Tx) enqueue(ctx context.Context, kind Kind, companyID, id int64) error {
	return t.enqueueKnown(ctx, kind, companyID, id, nil)
}

// enqueueKnown is enqueue of a record whose text is known; nil: it is not.
func (t *Tx) enqueueKnown(ctx context.Context, kind Kind, companyID, id int64, text func() Text) error {
	if t.Queue == nil {
		return nil
	}
	return t.Queue.Changed(ctx, t.Session, kind, companyID, id, text)
}

// enqueueAdded notes that an account is new. Its text has the names of its contacts, which
// must be those that they have.
func (t *Tx) enqueueAdded(ctx context.Context, a account.Account) error {
	contacts, known := t.sure.asSeen(a.CompanyID, a.Contacts)
	if !known {
		return t.enqueue(ctx, AccountTexts, a.CompanyID, a.ID)
	}
	a.Contacts = contacts
	return t.enqueueKnown(ctx, AccountTexts, a.CompanyID, a.ID, func() Text { return TextOfAccount(&a) })
}

// enqueueAccount notes that an account has changed, if its text has.
func (t *Tx) enqueueAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	if !slices.ContainsFunc(account.TextMembers, func(member query.Member) bool { return isChanged(changes, member) }) {
		return nil
	}
	return t.enqueue(ctx, AccountTexts, a.CompanyID, a.ID)
}

func isChanged(changes patch.Changes, member query.Member) bool {
	_, ok := changes[string(member)]
	return ok
}

// enqueueContact notes that a contact is about to change, if its text is.
func (t *Tx) enqueueContact(ctx context.Context, c account.Contact) error {
	if t.Queue == nil {
		return nil
	}
	var renamed, moved bool
	args := []any{c.Name, db.List[string](c.Emails), db.List[string](c.Phones), c.ID, c.CompanyID}
	err := t.Session.Get(ctx, selectContactText, args, &renamed, &moved)
	if err != nil || !renamed && !moved {
		return err
	}
	if err := t.enqueue(ctx, ContactTexts, c.CompanyID, c.ID); err != nil || !renamed {
		return err
	}
	return t.enqueueLinked(ctx, c.CompanyID, c.ID)
}

// enqueueLinked notes that the accounts linked to a contact change their text.
func (t *Tx) enqueueLinked(ctx context.Context, companyID, contactID int64) error {
	if t.Queue == nil {
		return nil
	}
	linked, err := db.Collect(ctx, t.Session, selectLinked, []any{companyID, contactID}, db.Scan[int64])
	for _, id := range linked {
		if err == nil {
			err = t.enqueue(ctx, AccountTexts, companyID, id)
		}
	}
	return err
}
