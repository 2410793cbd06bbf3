package account

import (
	"context"
	"time"
)

// Store keeps the records of all companies. Its methods are safe for
// concurrent use. Every method that takes a company id sees that company's
// records only; another company's record is not found.
//
// Errors: KindNotFound where a method says so, KindConflict for a name that is
// taken, KindUnavailable when the store is busy or closed; any other error is
// internal.
type Store interface {
	Reader

	// Write runs fn in a transaction of its own. When Write returns nil, all
	// that fn wrote is durable and visible; when it returns an error, which is
	// fn's own where fn failed, nothing of it is. fn may run again if the
	// store asks for it, and must use no other store method than tx's.
	//
	// A ctx that ends before fn has begun stops the write; after that Write
	// waits for the outcome, so that the caller always knows it.
	Write(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error

	// Ping returns nil if the store can answer reads.
	Ping(ctx context.Context) error

	// Close finishes the writes that have begun, and releases the store.
	Close() error
}

// Reader reads records. Each call sees one consistent state.
type Reader interface {
	AliasReader

	// Account returns an account with its contacts, archived or not.
	// KindNotFound if there is none, or it was deleted.
	Account(ctx context.Context, companyID, id int64) (Account, error)

	// FindAccount returns the account whose member equals value under the
	// comparison of by: the active ones first, then the lowest id.
	// KindNotFound if there is none. In a Tx, two transactions that look for
	// the same value run one after the other.
	FindAccount(ctx context.Context, companyID int64, by MatchBy, value string) (Account, error)

	// Accounts returns the accounts that a query selects, with their contacts.
	Accounts(ctx context.Context, companyID int64, q AccountQuery) ([]Account, error)

	// CountAccounts returns how many accounts a query selects, whatever its
	// page.
	CountAccounts(ctx context.Context, companyID int64, q AccountQuery) (int64, error)

	// AccountsByID returns the company's accounts with ids above after, in the
	// order of ids, at most limit. Archived ones are among them.
	AccountsByID(ctx context.Context, companyID, after int64, limit int) ([]Account, error)

	// AccountsWith returns accounts that have a value of the property, with
	// ids above after, in the order of ids, at most limit.
	AccountsWith(ctx context.Context, p Property, after int64, limit int) ([]Account, error)

	// NumberOwner returns the id of the account that has the number, or 0.
	NumberOwner(ctx context.Context, companyID, number int64) (int64, error)

	// Properties returns the company's properties in the order of creation. In
	// a Tx, no other transaction changes or deletes them until this one ends.
	Properties(ctx context.Context, companyID int64) ([]Property, error)

	// BuildingProperties returns the properties of all companies whose state
	// is IndexBuilding, in the order of ids.
	BuildingProperties(ctx context.Context) ([]Property, error)

	// Contacts returns those of the given contacts that exist, by id.
	Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]Contact, error)

	// Contact returns a contact with the accounts that it is linked to, or
	// KindNotFound. In a Tx, no other transaction changes the contact until
	// this one ends.
	Contact(ctx context.Context, companyID, id int64) (Contact, error)

	// ListContacts returns the contacts that a query selects, with the
	// accounts that they are linked to.
	ListContacts(ctx context.Context, companyID int64, q ContactQuery) ([]Contact, error)

	// CountContacts returns how many contacts a query selects, whatever its
	// page.
	CountContacts(ctx context.Context, companyID int64, q ContactQuery) (int64, error)

	// FindContact returns the contact with the lowest id among those that
	// have the email, or else among those that have the phone; an empty
	// argument matches nothing. KindNotFound if there is none.
	FindContact(ctx context.Context, companyID int64, email, phone string) (Contact, error)

	// History returns an account's entries with sequences below before,
	// newest first, at most limit; a before of 0 starts with the newest. It
	// stays when the account is deleted.
	History(ctx context.Context, companyID, accountID, before int64, limit int) ([]HistoryEntry, error)

	// Changes returns the company's entries with sequences above after, in
	// the order of their commits, at most limit. An entry that becomes
	// visible later has a higher sequence than all that were visible before.
	Changes(ctx context.Context, companyID, after int64, limit int) ([]HistoryEntry, error)

	// Company returns a company by name, without regard to case, or KindNotFound.
	Company(ctx context.Context, name string) (Company, error)

	// User returns a user by email, without regard to case, or KindNotFound.
	User(ctx context.Context, email string) (User, error)

	// Users returns the company's users with ids above after, in the order
	// of ids, at most limit.
	Users(ctx context.Context, companyID, after int64, limit int) ([]User, error)

	// UserByInvitation returns the user with the hash of an invitation, or
	// KindNotFound.
	UserByInvitation(ctx context.Context, hash KeyHash) (User, error)

	// Keys returns the company's keys, or those of one of its users if userID
	// is not 0, with ids above after, in the order of ids, at most limit.
	// Expired and revoked ones are among them. Their hashes are left out.
	Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]Key, error)

	// KeyByHash returns the key with the hash and its user, expired and
	// revoked ones too. KindNotFound if there is none.
	KeyByHash(ctx context.Context, hash KeyHash) (Key, User, error)
}

// Tx reads and writes in one transaction, and sees its own writes. Inserts set
// the record's ID, and expect all other members but those they name.
type Tx interface {
	Reader
	AliasTx

	// Isolate runs fn as a part of the transaction that can fail alone: if fn
	// returns an error, nothing that it wrote stays, Isolate returns that very
	// error, and the transaction goes on. Parts may be nested. Where the store
	// cannot undo the part, the error is internal, and the transaction lost.
	Isolate(ctx context.Context, fn func(ctx context.Context) error) error

	// AccountForUpdate is Account, and keeps other transactions from changing
	// the account until this one ends.
	AccountForUpdate(ctx context.Context, companyID, id int64) (Account, error)

	// InsertAccount adds a with links to its contacts, and sets a.ID. If
	// a.Number is 0 it sets that to the next free number: one above the last
	// one so assigned, past those taken by hand. KindConflict if the number
	// is taken.
	InsertAccount(ctx context.Context, a *Account) error

	// UpdateAccount writes every member of a, links included; changes names
	// the members that differ from what is stored. KindConflict if the number
	// is taken, KindNotFound if there is no such account.
	UpdateAccount(ctx context.Context, a Account, changes Changes) error

	// DeleteAccount removes an account and its links. KindNotFound if there is
	// no such account. Its id and history stay.
	DeleteAccount(ctx context.Context, companyID, id int64) error

	// IndexCustom makes an account be found by the keys of a property's value,
	// which replace those it was found by.
	IndexCustom(ctx context.Context, p Property, accountID int64, keys []string) error

	// UpdateProperty writes every member of p but its key and its options.
	// With IndexNone it drops the keys of IndexCustom. KindNotFound if there
	// is no such property.
	UpdateProperty(ctx context.Context, p Property) error

	// SetOptions makes the labels the property's options, in order.
	SetOptions(ctx context.Context, p Property, labels []string) error

	// DeleteProperty removes a property with its options and its keys of
	// IndexCustom. KindNotFound if there is no such property.
	DeleteProperty(ctx context.Context, p Property) error

	// AddOption appends a label to a property's options, unless one that
	// folds to the same is there already. KindNotFound if the company has no
	// property with the key.
	AddOption(ctx context.Context, companyID int64, option NewOption) error

	// AddHistory appends e to the account's history, and sets e.Sequence.
	AddHistory(ctx context.Context, e *HistoryEntry) error

	// InsertContact adds a contact.
	InsertContact(ctx context.Context, c *Contact) error

	// UpdateContact writes every member of c but the links. KindNotFound if
	// there is no such contact.
	UpdateContact(ctx context.Context, c Contact) error

	// DeleteContact removes a contact and its links. KindNotFound if there is
	// no such contact.
	DeleteContact(ctx context.Context, companyID, id int64) error

	// InsertProperty adds a property with its options. KindConflict if the
	// company has the key already.
	InsertProperty(ctx context.Context, p *Property) error

	// InsertCompany adds a company. KindConflict if the name is taken.
	InsertCompany(ctx context.Context, c *Company) error

	// InsertUser adds a user. KindConflict if the email is taken.
	InsertUser(ctx context.Context, u *User) error

	// UpdateUser writes every member of u but its email. KindNotFound if there
	// is no such user.
	UpdateUser(ctx context.Context, u User) error

	// InsertKey adds a key.
	InsertKey(ctx context.Context, k *Key) error

	// RevokeKey notes when a key was revoked, unless it was before. KindNotFound
	// if the company has no such key, or if userID is not 0 and the key is not
	// that user's.
	RevokeKey(ctx context.Context, companyID, userID, id int64, at time.Time) error

	// Answer returns what was answered under an idempotency key since a time,
	// or KindNotFound. Two transactions that look for the same one run one
	// after the other.
	Answer(ctx context.Context, id AnswerID, since time.Time) (Answer, error)

	// SaveAnswer keeps an answer, in place of an older one with the same id,
	// and drops some of those made before since.
	SaveAnswer(ctx context.Context, a Answer, since time.Time) error

	// Import returns how far the import of a file has come, or KindNotFound.
	// Two transactions that look for the same one run one after the other.
	Import(ctx context.Context, companyID int64, digest Digest) (Import, error)

	// SaveImport keeps how far an import has come, in place of what was kept
	// of the same one before.
	SaveImport(ctx context.Context, i Import) error

	// DeleteImport forgets an import. KindNotFound if there is none.
	DeleteImport(ctx context.Context, companyID int64, digest Digest) error
}

// MatchBy names the member by which an existing account is recognised.
type MatchBy string

// The members to match by. Title and address are compared by Fold and
// FoldAddress, email and phone in their normal form.
const (
	MatchTitle   MatchBy = "title"
	MatchEmail   MatchBy = "primaryEmail"
	MatchPhone   MatchBy = "primaryPhone"
	MatchAddress MatchBy = "address"
	MatchNone    MatchBy = "none"
)
