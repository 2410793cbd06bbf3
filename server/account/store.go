package account

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about accounts.
type Store interface {
	Reader
	write.Transactor[Tx]
	Committer
}

// Committer writes what was decided before.
type Committer interface {
	// Commit plays a set in a transaction of its own: see WriteSet.Play. When it
	// returns nil, all of the set is durable and visible; when it returns an
	// error, nothing is. write.ErrStale if the set was decided on what has
	// changed since. A ctx that ends before the set was begun stops it.
	Commit(ctx context.Context, set *WriteSet) error
}

// Reader reads records. Each call sees one consistent state.
type Reader interface {
	// Account returns an account with its contacts, archived or not.
	// KindNotFound if there is none, or it was deleted; fault.Merged if it was
	// merged into one that is there.
	Account(ctx context.Context, companyID, id int64) (Account, error)

	// FindAccount returns the account whose member equals value under the
	// comparison of by: the active ones first, then the lowest id.
	// KindNotFound if there is none. In a Tx, two transactions that look for
	// the same value run one after the other.
	FindAccount(ctx context.Context, companyID int64, by MatchBy, value string) (Account, error)

	// Accounts returns the accounts that a query selects, with their contacts.
	Accounts(ctx context.Context, companyID int64, q Query) ([]Account, error)

	// StoredAccount is Account of an account to be shown, with its contacts or
	// without.
	StoredAccount(ctx context.Context, companyID, id int64, contacts bool) (Stored, error)

	// StoredAccounts is Accounts of accounts to be shown, with their contacts or
	// without.
	StoredAccounts(ctx context.Context, companyID int64, q Query, contacts bool) ([]Stored, error)

	// CountAccounts returns how many accounts a query selects, whatever its
	// page.
	CountAccounts(ctx context.Context, companyID int64, q Query) (int64, error)

	// AccountsByID returns the company's accounts with ids above after, in the
	// order of ids, at most limit. Archived ones are among them.
	AccountsByID(ctx context.Context, companyID, after int64, limit int) ([]Account, error)

	// DuplicateKeys returns values that several of the company's accounts have
	// in common, archived or not, in the form in which they are compared: those
	// that come after one, in order, at most limit. None is empty.
	DuplicateKeys(ctx context.Context, companyID int64, reason DuplicateReason, after string, limit int) ([]string, error)

	// Duplicates returns the accounts that have one of the values in common, in
	// the order of the values: of each a group, unless that is of one account.
	Duplicates(ctx context.Context, companyID int64, reason DuplicateReason, keys []string, includeArchived bool) ([]Duplicates, error)

	// NumberOwner returns the id of the account that has the number, or 0.
	NumberOwner(ctx context.Context, companyID, number int64) (int64, error)

	// Owners returns the ids of the accounts that have values of a unique property,
	// by the keys of the values: see schema.Property.UniqueKey. In a Tx, no other
	// transaction gives a value to an account until this one ends.
	Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error)

	// MergedOwners returns the ids of the accounts that had values of a member when they
	// were merged into another, by the keys of the values: numbers by MatchNumber, those
	// of properties by MatchUnique. Account tells which one has taken their place.
	MergedOwners(ctx context.Context, companyID int64, by MatchBy, keys []string) (map[string]int64, error)

	// SchemaVersion returns a number that grows with every change of the
	// company's properties and their options. A transaction that is rolled
	// back leaves it as it was.
	SchemaVersion(ctx context.Context, companyID int64) (int64, error)

	// Properties returns the company's properties in the order of creation. In
	// a Tx, no other transaction changes or deletes them until this one ends.
	Properties(ctx context.Context, companyID int64) ([]schema.Property, error)

	// Contacts returns those of the given contacts that exist, by id.
	Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]Contact, error)

	// FindContact returns the contact with the lowest id among those that
	// have the email, or else among those that have the phone; an empty
	// argument matches nothing. KindNotFound if there is none.
	FindContact(ctx context.Context, companyID int64, email, phone string) (Contact, error)

	// History returns an account's entries with sequences below before,
	// newest first, at most limit; a before of 0 starts with the newest. It
	// stays when the account is deleted.
	History(ctx context.Context, companyID, accountID, before int64, limit int) ([]HistoryEntry, error)

	// MergedHistory is History, with the entries of all accounts that were merged
	// into it, and into those.
	MergedHistory(ctx context.Context, companyID, accountID, before int64, limit int) ([]HistoryEntry, error)

	// Changes returns the company's entries with sequences above after, in
	// the order of their commits, at most limit. An entry that becomes
	// visible later has a higher sequence than all that were visible before.
	Changes(ctx context.Context, companyID, after int64, limit int) ([]HistoryEntry, error)

	// FirstChange returns an account's oldest entry: its creation. KindNotFound if
	// it has none.
	FirstChange(ctx context.Context, companyID, accountID int64) (HistoryEntry, error)

	// ChangeOfVersion returns the entry that made an account the version.
	// KindNotFound if there is none.
	ChangeOfVersion(ctx context.Context, companyID, accountID, version int64) (HistoryEntry, error)

	// EachChangeSince calls take with the entries that were written after a time of
	// the accounts with ids above after, up to last: by the ids, and of each in
	// order, at most limit. An error of take ends it and is returned.
	EachChangeSince(ctx context.Context, companyID, after, last int64, since time.Time, limit int64, take func(HistoryEntry) error) error

	// UserRefs returns those of the users that exist, by id.
	UserRefs(ctx context.Context, companyID int64, ids []int64) (map[int64]identity.UserRef, error)

	// LastChange returns the sequence of the company's latest entry; 0 if it
	// has none.
	LastChange(ctx context.Context, companyID int64) (int64, error)
}

// Tx writes accounts, and sees its own writes. Inserts set the record's ID, and
// expect all other members but those they name.
type Tx interface {
	Reader
	write.Tx

	// AccountForUpdate is Account, and keeps other transactions from changing
	// the account until this one ends.
	AccountForUpdate(ctx context.Context, companyID, id int64) (Account, error)

	// AccountsForUpdate is AccountForUpdate of those of the accounts that there are.
	AccountsForUpdate(ctx context.Context, companyID int64, ids []int64) ([]Account, error)

	// NumberOwners returns the ids of the accounts that have the numbers, by those that
	// any has. No other transaction gives one to an account until this one ends.
	NumberOwners(ctx context.Context, companyID int64, numbers []int64) (map[int64]int64, error)

	// FindAccounts returns the ids of the accounts that FindAccount returns for values,
	// by those that any has.
	FindAccounts(ctx context.Context, companyID int64, by MatchBy, values []string) (map[string]int64, error)

	// FindContacts returns the lowest ids of the contacts that have the emails, and of
	// those that have the phones, by those that any has. No other transaction adds such
	// a contact until this one ends.
	FindContacts(ctx context.Context, companyID int64, emails, phones []string) (byEmail, byPhone map[string]int64, err error)

	// InsertAccount adds a with links to its contacts, and sets a.ID. If
	// a.Number is 0 it sets that to the next free number: one above the last
	// one so assigned, past those taken by hand. KindConflict if the number
	// is taken.
	InsertAccount(ctx context.Context, a *Account) error

	// PutAccount adds an account that was there before, with the id, the number and
	// all else that it has, and links to its contacts, which must be there.
	// KindConflict if the number is taken.
	PutAccount(ctx context.Context, a Account) error

	// UpdateAccount writes those members of a that changes names, links
	// included, and its version, time and author. KindConflict if the number
	// is taken, KindNotFound if there is no such account of the version before.
	UpdateAccount(ctx context.Context, a Account, changes patch.Changes) error

	// DeleteAccount removes an account and its links. KindNotFound if there is
	// no such account. Its id and history stay.
	DeleteAccount(ctx context.Context, companyID, id int64) error

	// IndexCustom makes an account be found by the keys of a property's value,
	// which replace those it was found by.
	IndexCustom(ctx context.Context, p schema.Property, accountID int64, keys []string) error

	// ReplaceKeys is IndexCustom of an account that is found by the keys before and
	// by no others, or, while the index is being built, not yet.
	ReplaceKeys(ctx context.Context, p schema.Property, accountID int64, before, keys []string) error

	// Own gives an account the key of its value of a unique property in place of the
	// one before, of which each may be empty: then it has none. KindConflict if
	// another account has the key.
	Own(ctx context.Context, p schema.Property, o Owner, before string) error

	// AddOption appends a label to a property's options, unless one that
	// folds to the same is there already. KindNotFound if the company has no
	// property with the key.
	AddOption(ctx context.Context, companyID int64, option schema.NewOption) error

	// AddHistory appends e to the account's history, and sets e.Sequence. A cause
	// of it that accounts were merged is kept for Account, MergedOwners and MergedHistory.
	AddHistory(ctx context.Context, e *HistoryEntry) error

	// InsertContact adds a contact.
	InsertContact(ctx context.Context, c *Contact) error
}

// Owner is an account that has a value of a unique property.
type Owner struct {
	AccountID int64
	Key       string // of the value
}
