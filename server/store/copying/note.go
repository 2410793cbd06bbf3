package copying

import (
	"context"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// Note is the table in a target that says how far a copy has come. It is there until
// the copy is complete: a store must not use a database that has it.
const Note = "unfinished_copy"

// SQLite takes any word for a type.
var (
	makeNote   = db.Statement{Thing: "note", Text: `CREATE TABLE ` + Note + ` (name text PRIMARY KEY, done bigint NOT NULL, sum bytea NOT NULL)`}
	dropNote   = db.Statement{Thing: "note", Text: `DROP TABLE ` + Note}
	insertNote = db.Statement{Thing: "note", Text: `INSERT INTO ` + Note + ` (name, done, sum) VALUES (?, ?, ?)`}
	selectNote = db.Statement{Thing: "note", Text: `SELECT name, done, sum FROM ` + Note}
	updateNote = db.Statement{Thing: "note", Text: `UPDATE ` + Note + ` SET done = ?, sum = ? WHERE name = ? AND done = ?`}
)

// notes are what was copied of each table.
type notes map[string]Checksum

// makeNotes notes that nothing was.
func (r *run) makeNotes(ctx context.Context, s db.Session) error {
	if err := s.Exec(ctx, makeNote); err != nil {
		return err
	}
	r.notes = make(notes)
	for _, p := range r.tables {
		if err := s.Exec(ctx, insertNote, p.to.Name, 0, db.Sum{}); err != nil {
			return err
		}
	}
	return nil
}

func readNotes(ctx context.Context, s db.Session) (notes, error) {
	found := make(notes)
	err := s.Each(ctx, selectNote, nil, func(row *db.Row) error {
		var name string
		var sum Checksum
		err := row.Scan(&name, &sum.Rows, (*db.Sum)(&sum.Sum))
		found[name] = sum
		return err
	})
	return found, err
}

// advance notes, in the transaction that adds rows of a table, how far that has come.
// If it is not where it was, another process copies into the same target.
func (n notes) advance(ctx context.Context, s db.Session, table string, before int64, after Checksum) error {
	err := s.ChangeOne(ctx, updateNote, after.Rows, db.Sum(after.Sum), table, before)
	if fault.IsNotFound(err) {
		return errShared
	}
	return err
}

// removeNotes makes the target a database like any other.
func removeNotes(ctx context.Context, to Database) error {
	return to.Write(ctx, func(ctx context.Context, s db.Session) error { return s.Exec(ctx, dropNote) })
}
