// Package records keeps the records of all rooms by SQL that both SQLite and
// PostgreSQL run. What the two say differently, a statement has in braces: see
// db.Dialect. How transactions are made, and what goes with a file or a cluster, is
// the matter of the stores.
package records

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
)

// Reader reads records, each call with one statement or in a snapshot, so that
// it sees one state. What it may ask before is only which way is the fastest.
type Reader struct {
	Session db.Session
	// Driven is how many accounts a list may sort: see DefaultDriven.
	Driven int
	// Texts is the index of words, if there is one to use.
	Texts Texts
	// finder is what the index finds in the session, where that is a snapshot.
	finder Finder
}

var _ store.Reader = Reader{}

// Tx is a transaction. It is of no use once that has ended. Finish must be its last
// call before the commit.
type Tx struct {
	Reader
	// Queue hears of texts that change, if there is an index of words.
	Queue  Queue
	counts []counts // by company
	entry  sealed   // the one that is being added
	sure   sure

	// Fixed is of a transaction that only reads, and so sees one state to its end.
	Fixed bool
	seen  seenSchema
}

// seenSchema is the version of a company's schema that a fixed transaction has read.
type seenSchema struct{ companyID, version int64 }

var _ store.Tx = (*Tx)(nil)

// What a transaction reads to write by it stays so until it ends: it locks the
// company first. Where one transaction writes at a time that is nothing; else the
// transactions of one company that write take turns, so that none waits for another
// in a circle.

// AccountForUpdate is Account of an account that stays as it is.
func (t *Tx) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return account.Account{}, err
	}
	a, version, err := t.accountAndSchema(ctx, companyID, id)
	if err == nil && t.Fixed {
		t.seen = seenSchema{companyID, version} // which an update asks for next
	}
	return a, err
}

// AccountsForUpdate is AccountForUpdate of many.
func (t *Tx) AccountsForUpdate(ctx context.Context, companyID int64, ids []int64) ([]account.Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return nil, err
	}
	return db.Collect(ctx, t.Session, selectAccountsIn, []any{companyID, db.List[int64](ids)}, scanAccount)
}

// FindAccount is that of Reader, while no other transaction adds such an account.
func (t *Tx) FindAccount(ctx context.Context, companyID int64, by account.MatchBy, value string) (account.Account, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return account.Account{}, err
	}
	return t.Reader.FindAccount(ctx, companyID, by, value)
}

// Contact is that of Reader of a contact that stays as it is.
func (t *Tx) Contact(ctx context.Context, companyID, id int64) (account.Contact, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return account.Contact{}, err
	}
	c, err := t.Reader.Contact(ctx, companyID, id)
	if err == nil {
		t.sure.seeContact(c)
	}
	return c, err
}

// SchemaVersion is that of Reader, which stays as it is.
func (t *Tx) SchemaVersion(ctx context.Context, companyID int64) (int64, error) {
	if t.seen.companyID == companyID {
		return t.seen.version, nil
	}
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return 0, err
	}
	return t.Reader.SchemaVersion(ctx, companyID)
}

// Properties is that of Reader of properties that stay as they are.
func (t *Tx) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return nil, err
	}
	return t.Reader.Properties(ctx, companyID)
}

// User is that of Reader of a user whom nobody changes meanwhile.
func (t *Tx) User(ctx context.Context, companyID, id int64) (identity.User, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return identity.User{}, err
	}
	return t.Reader.User(ctx, companyID, id)
}

// UserByInvitation is that of Reader of a user whom nobody changes meanwhile. Whose invitation
// it is must be known before the company can be locked.
func (t *Tx) UserByInvitation(ctx context.Context, hash identity.KeyHash) (identity.User, error) {
	invited, err := t.Reader.UserByInvitation(ctx, hash)
	if err != nil {
		return identity.User{}, err
	}
	if err := t.Session.Lock(ctx, invited.CompanyID); err != nil {
		return identity.User{}, err
	}
	return t.Reader.UserByInvitation(ctx, hash)
}

// The statements around a part of a transaction. A nested part hides the outer
// one of the same name until it ends.
var (
	savePart    = db.Statement{Thing: "savepoint", Text: "SAVEPOINT part"}
	releasePart = db.Statement{Thing: "savepoint", Text: "RELEASE SAVEPOINT part"}
	undoPart    = db.Statement{Thing: "savepoint", Text: "ROLLBACK TO SAVEPOINT part"}
)

// Isolate runs fn so that its failure undoes nothing but its own writes.
func (t *Tx) Isolate(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := t.Session.Exec(ctx, savePart); err != nil {
		return err
	}
	restore := t.keepCounts()
	failure := fn(ctx)
	if failure == nil {
		failure = t.Session.Flush(ctx)
	}
	if failure != nil {
		restore()
		if t.Queue != nil {
			t.Queue.Undone()
		}
		if err := t.Session.Exec(ctx, undoPart); err != nil {
			// fn's error is text only: its kind would say that all is well.
			return fmt.Errorf("undo after %q: %w", failure.Error(), err)
		}
	}
	if err := t.Session.Exec(ctx, releasePart); err != nil {
		return err
	}
	return failure
}
