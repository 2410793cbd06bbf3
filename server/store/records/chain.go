package records

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/db"
)

// The entries of a company are a chain: each carries a hash over the hash of the one
// before it and over itself, and the company's row the hash of the last. So what was
// altered, left out or put elsewhere is seen. docs/history-hashes.md has the form
// for those who check it with other programs; whoever changes it here breaks every
// history there is.

// Hash is a hash of SHA-256. That before the first entry of a company is zero.
type Hash [sha256.Size]byte

// Bind writes what is stored. It is of a pointer, so that nothing is copied.
func (h *Hash) Bind(p db.Parameter) error {
	p.Blob(h[:])
	return nil
}

// Read reads what Bind stores.
func (h *Hash) Read(c db.Column) error { return (*db.Sum)(h).Read(c) }

// canonical is what the digest of an entry is of beside its fields, as far as it is
// known before the commit.
type canonical struct {
	companyID, accountID int64
	kind                 string
	version              int64
	userID, keyID        *int64 // nil: nobody known, no key
	email                string
	reason, cause        *string // nil: none
}

// append appends what comes before the fields.
func (c *canonical) append(b []byte) []byte {
	b = appendInt(b, c.companyID)
	b = appendInt(b, c.accountID)
	b = appendText(b, c.kind)
	b = appendInt(b, c.version)
	b = appendOptional(b, c.userID)
	b = appendOptional(b, c.keyID)
	return appendText(b, c.email)
}

// The parts of an entry that came after the first hashes. One that is not there adds
// nothing, so that the hashes of entries without it stay as they are; each has a byte of
// its own before it, so that none looks like another.
const (
	reasonPart = 1
	causePart  = 2
)

// appendParts appends what comes behind the fields.
func (c *canonical) appendParts(b []byte) []byte {
	return appendPart(appendPart(b, reasonPart, c.reason), causePart, c.cause)
}

func appendPart(b []byte, part byte, text *string) []byte {
	if text == nil {
		return b
	}
	return appendText(append(b, part), *text)
}

func appendInt(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

// appendOptional appends whether there is a number, and which.
func appendOptional(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, 0)
	}
	return appendInt(append(b, 1), *n)
}

// appendText appends a text behind its length, so that no two entries look alike.
func appendText(b []byte, text string) []byte {
	return append(appendInt(b, int64(len(text))), text...)
}

// chained is the hash of an entry, of what is known of it at the commit only. SQL says
// the same in server/store/postgres/group.go.
func chained(before *Hash, sequence int64, at time.Time, digest *Hash) Hash {
	var b [2*len(Hash{}) + 16]byte
	copy(b[:], before[:])
	binary.BigEndian.PutUint64(b[len(before):], uint64(sequence))
	binary.BigEndian.PutUint64(b[len(before)+8:], uint64(at.UnixMilli()))
	copy(b[len(before)+16:], digest[:])
	return sha256.Sum256(b[:])
}

// sealed is an entry as it is written.
type sealed struct {
	account.HistoryEntry
	text  string  // the fields as JSON
	cause *string // as JSON; nil: there is none
	hash  Hash    // its own; of a group that PostgreSQL writes, the digest
}

var sealedEntries = db.NewTable(func(s *sealed) []any {
	e := &s.HistoryEntry
	return []any{
		"sequence", &e.Sequence, "company_id", &e.CompanyID, "account_id", &e.AccountID, "kind", (*string)(&e.Kind),
		"version", &e.Version, "at", (*db.Time)(&e.At), "user_id", (*db.ID)(&e.UserID), "key_id", (*db.ID)(&e.KeyID),
		"email", &e.Email, "reason", (*db.Note)(&e.Reason), "cause", &s.cause, "fields", &s.text, "hash", &s.hash,
	}
})

// sealing are buffers for what is hashed.
var sealing = sync.Pool{New: func() any { return new([]byte) }}

// digest returns the digest of the entry, and keeps its fields as the text of which
// that is.
func (s *sealed) digest() (Hash, error) {
	buffer := sealing.Get().(*[]byte)
	defer sealing.Put(buffer)
	if err := s.encodeCause(); err != nil {
		return Hash{}, err
	}
	c := canonical{
		companyID: s.CompanyID, accountID: s.AccountID, kind: string(s.Kind), version: s.Version,
		userID: optional(&s.UserID), keyID: optional(&s.KeyID), email: s.Email, reason: optional(&s.Reason), cause: s.cause,
	}
	b := appendInt(c.append((*buffer)[:0]), 0)
	start := len(b)
	b, err := patch.Changes(s.Fields).Append(b)
	*buffer = b
	if err != nil {
		return Hash{}, err
	}
	binary.BigEndian.PutUint64(b[start-8:], uint64(len(b)-start))
	s.text = string(b[start:])
	*buffer = c.appendParts(b)
	return sha256.Sum256(*buffer), nil
}

// encodeCause keeps the text of the cause.
func (s *sealed) encodeCause() error {
	s.cause = nil
	if s.Cause == nil {
		return nil
	}
	text, err := json.Marshal(s.Cause)
	if err != nil {
		return fmt.Errorf("encode the cause of a change: %w", err)
	}
	s.cause = new(string(text))
	return nil
}

// optional is a value that is not stored if it is none, as the id of nobody.
func optional[T comparable](value *T) *T {
	var none T
	if *value == none {
		return nil
	}
	return value
}

// EntryColumns are the names of the columns of changes.
func EntryColumns() []string { return sealedEntries.Names() }

// EntryValues are what an entry of history has in its columns, to be bound: in place
// of its hash, the digest of which that is made at the commit.
func EntryValues(e *account.HistoryEntry) (_ []any, err error) {
	s := sealed{HistoryEntry: *e}
	s.hash, err = s.digest()
	return sealedEntries.At(&s), err
}
