package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

var (
	// Accounts are found by the names of their contacts.
	enqueueLinked = db.Statement{Thing: "search queue", Text: `INSERT OR REPLACE INTO search_queue (company_id, kind, record_id)
SELECT c.company_id, '` + textindex.Accounts + `', l.account_id
FROM account_contacts l JOIN contacts c ON c.id = l.contact_id WHERE c.id = ? AND c.company_id = ?`}
	selectContactText = db.Statement{Thing: "contact", Text: `SELECT name <> ?, emails <> ? OR phones <> ?
FROM contacts WHERE id = ? AND company_id = ?`}
)

// enqueue notes that a record's text is new or gone.
func (t *transaction) enqueue(ctx context.Context, kind textindex.Kind, companyID, id int64) error {
	if !t.texts {
		return nil
	}
	t.queued = true
	return textindex.Enqueue(ctx, t.session, kind.Name, companyID, id)
}

// enqueueAccount notes that an account has changed, if its text has.
func (t *transaction) enqueueAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	for _, member := range account.TextMembers {
		if _, ok := changes[string(member)]; ok {
			return t.enqueue(ctx, accountTexts, a.CompanyID, a.ID)
		}
	}
	return nil
}

// enqueueContact notes that a contact is about to change, if its text is.
func (t *transaction) enqueueContact(ctx context.Context, c account.Contact) error {
	if !t.texts {
		return nil
	}
	var renamed, moved bool
	args := []any{c.Name, db.List[string](c.Emails), db.List[string](c.Phones), c.ID, c.CompanyID}
	err := t.session.Get(ctx, selectContactText, args, &renamed, &moved)
	if err != nil || !renamed && !moved {
		return err
	}
	if err := t.enqueue(ctx, contactTexts, c.CompanyID, c.ID); err != nil || !renamed {
		return err
	}
	return t.enqueueLinked(ctx, c.CompanyID, c.ID)
}

// enqueueLinked notes that the accounts linked to a contact change their text.
func (t *transaction) enqueueLinked(ctx context.Context, companyID, contactID int64) error {
	if !t.texts {
		return nil
	}
	t.queued = true
	_, err := t.session.Exec(ctx, enqueueLinked, contactID, companyID)
	return err
}
