package contact

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about contacts.
type Store interface {
	Reader
	write.Transactor[Tx]
}

// Reader reads contacts.
type Reader interface {
	account.Reader

	// Contact returns a contact with the first AccountsShown of the accounts
	// that it is linked to, or KindNotFound. In a Tx, no other transaction
	// changes the contact until this one ends.
	Contact(ctx context.Context, companyID, id int64) (account.Contact, error)

	// LinkedAccounts returns the ids of the accounts that a contact is linked
	// to, the lowest first, at most so many.
	LinkedAccounts(ctx context.Context, companyID, contactID int64, limit int) ([]int64, error)

	// ListContacts returns the contacts that a query selects, each with the
	// first AccountsListed of the accounts that it is linked to.
	ListContacts(ctx context.Context, companyID int64, q Query) ([]account.Contact, error)

	// CountContacts returns how many contacts a query selects, whatever its
	// page.
	CountContacts(ctx context.Context, companyID int64, q Query) (int64, error)
}

// Tx writes contacts.
type Tx interface {
	Reader
	account.Tx

	// UpdateContact writes every member of c but the links. KindNotFound if
	// there is no such contact.
	UpdateContact(ctx context.Context, c account.Contact) error

	// DeleteContact removes a contact and its links. KindNotFound if there is
	// no such contact.
	DeleteContact(ctx context.Context, companyID, id int64) error
}
