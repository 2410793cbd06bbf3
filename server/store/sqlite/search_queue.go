package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

// The queue says which records the index has to look at again. Writes add to
// it in their own transaction, which costs them next to nothing, while to
// index the text itself would cost more than the rest of the write.
var (
	enqueueRecord = statement{thing: "search queue", text: `INSERT INTO search_queue (company_id, kind, record_id) VALUES (?, ?, ?)`}
	// Accounts are found by the names of their contacts.
	enqueueLinked = statement{thing: "search queue", text: `INSERT INTO search_queue (company_id, kind, record_id)
SELECT c.company_id, '` + kindAccounts + `', l.account_id
FROM account_contacts l JOIN contacts c ON c.id = l.contact_id WHERE c.id = ? AND c.company_id = ?`}
	selectContactText = statement{thing: "contact", text: `SELECT name <> ?, emails <> ? OR phones <> ?
FROM contacts WHERE id = ? AND company_id = ?`}
	// One entry stays, so that the next ones go on from it.
	pruneQueue = statement{thing: "search queue", text: `DELETE FROM search_queue WHERE sequence < ?`}
	notePruned = statement{thing: "search state", text: `UPDATE search_state SET pruned = max(pruned, ?)`}
)

// textMembers are the members of an account that are searched.
var textMembers = []string{"title", "description", "address", "primaryEmail", "primaryPhone", "contacts"}

// enqueue notes that a record's text is new or gone.
func (t *transaction) enqueue(ctx context.Context, kind searchKind, companyID, id int64) error {
	if !t.searched {
		return nil
	}
	t.queued = true
	_, err := t.session.exec(ctx, enqueueRecord, companyID, kind.name, id)
	return err
}

// enqueueAccount notes that an account has changed, if its text has.
func (t *transaction) enqueueAccount(ctx context.Context, a account.Account, changes account.Changes) error {
	for _, member := range textMembers {
		if _, ok := changes[member]; ok {
			return t.enqueue(ctx, searchAccounts, a.CompanyID, a.ID)
		}
	}
	return nil
}

// enqueueContact notes that a contact is about to change, if its text is.
func (t *transaction) enqueueContact(ctx context.Context, c account.Contact, emails, phones string) error {
	if !t.searched {
		return nil
	}
	var renamed, moved bool
	err := t.session.get(ctx, selectContactText, []any{c.Name, emails, phones, c.ID, c.CompanyID}, &renamed, &moved)
	if err != nil || !renamed && !moved {
		return err
	}
	if err := t.enqueue(ctx, searchContacts, c.CompanyID, c.ID); err != nil || !renamed {
		return err
	}
	return t.enqueueLinked(ctx, c.CompanyID, c.ID)
}

// enqueueLinked notes that the accounts linked to a contact change their text.
func (t *transaction) enqueueLinked(ctx context.Context, companyID, contactID int64) error {
	if !t.searched {
		return nil
	}
	t.queued = true
	_, err := t.session.exec(ctx, enqueueLinked, contactID, companyID)
	return err
}

// prune removes the entries up to one that the search file has.
func (t *transaction) prune(ctx context.Context, position int64) error {
	if _, err := t.session.exec(ctx, pruneQueue, position); err != nil {
		return err
	}
	_, err := t.session.exec(ctx, notePruned, position)
	return err
}
