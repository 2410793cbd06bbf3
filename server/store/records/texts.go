package records

import (
	"context"

	"github.com/accountsd/accountsd/server/store/db"
)

// Texts is an index of words that goes with the records.
type Texts interface {
	// Knows tells whether the index can find records by a text.
	Knows(text string) bool

	// Read runs reads on one state of the records, with what the index finds in
	// that state, or with nil if it finds nothing. It may run them again.
	Read(ctx context.Context, session db.Session, read func(db.Session, Finder) error) error
}

// Finder finds records by words, in one state of them.
type Finder interface {
	// Find returns the records of a company whose texts have all of the words.
	// What it does not find by itself, passes must tell of a record's columns.
	Find(ctx context.Context, kind Kind, companyID int64, words []Word, passes func(columns []string) bool) (Found, error)
}

// Word is a text to look for in a column, or in any if that is empty.
type Word struct{ Column, Text string }

// Found is what an index tells of the records that have words.
type Found struct {
	// IDs selects, in the state that was looked at, the ids of all that have them.
	// Empty: the index is of no use.
	IDs db.Fragment
	// Decided tells of which words all of those are known to have it; nil: of none.
	Decided []bool
}

// Queue hears of texts that change.
type Queue interface {
	// Changed notes, in the transaction of a session, that the text of a record is
	// new, another one, or gone. Where it is known already, text returns it; else it is nil.
	Changed(ctx context.Context, session db.Session, kind Kind, companyID, id int64, text func() Text) error

	// Undone notes that of what was noted some was undone, so that no text is known.
	Undone()
}

// Kind is a kind of records that are found by words. Its name is also that of the
// records' table, which has an id and a company_id.
type Kind struct {
	Name    string
	Columns []string // of the index
	Scan    func(*db.Row) (Text, error)
	ByID    db.Statement // selects the records of a List of ids, in their order
	From    db.Statement // selects the records after an id, at most so many
	Among   db.Statement // selects those of a company that a List of ids has
	Of      db.Statement // selects those of a company after an id, at most so many
}

// Text is what is looked for words in, of a record, by column.
type Text struct {
	CompanyID, ID int64
	Columns       [][]string // the texts of each
}
