package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// searchFormat is the version of what is in a search file: its tables, and how
// texts are folded. A file of another version is remade.
const searchFormat = 1

// searchSchema is of a file that has nothing yet. There are also a table for
// the texts of each company's records of each kind.
const searchSchema = `
CREATE TABLE state (
    epoch            BLOB    NOT NULL, -- as in the database that the file is of
    position         INTEGER NOT NULL, -- all queue entries up to here are in the file
    horizon          INTEGER NOT NULL, -- no text in the file is of a later state than this queue entry
    accounts_scanned INTEGER,          -- the id up to which the accounts of before are in the file; NULL: all
    contacts_scanned INTEGER
) STRICT;

CREATE TABLE tables (
    kind       TEXT    NOT NULL,
    company_id INTEGER NOT NULL,
    PRIMARY KEY (kind, company_id)
) STRICT, WITHOUT ROWID;
`

// searchState is how far a search file is.
type searchState struct {
	epoch             []byte
	position, horizon int64
	scanned           map[string]sql.Null[int64] // by kind
}

// anchor is what a state of the database says of its search file.
type anchor struct {
	epoch  []byte
	pruned int64 // the last entry that was removed from the queue
	last   int64 // the last entry that was added to it
}

// fits tells whether a file goes with the database. One that is ahead of it, or
// has missed entries, is of another history of the same database: of a restored
// copy, for example.
func (s searchState) fits(a anchor) bool {
	return bytes.Equal(s.epoch, a.epoch) && s.position >= a.pruned && s.horizon <= a.last
}

func (s searchState) complete() bool {
	for _, scanned := range s.scanned {
		if scanned.Valid {
			return false
		}
	}
	return true
}

const lastEntry = `coalesce((SELECT max(sequence) FROM main.search_queue), 0)`

var (
	selectAnchor      = statement{thing: "search state", text: `SELECT epoch, pruned, ` + lastEntry + ` FROM search_state`}
	renewEpoch        = statement{thing: "search state", text: `UPDATE search_state SET epoch = randomblob(16)`}
	selectSearchState = statement{thing: "search state", text: `SELECT epoch, position, horizon, accounts_scanned, contacts_scanned FROM state`}
	updateSearchState = statement{thing: "search state", text: `UPDATE state SET position = ?, horizon = ?, accounts_scanned = ?, contacts_scanned = ?`}
	selectFormat      = statement{thing: "search file", text: `PRAGMA user_version`}
)

func readAnchor(ctx context.Context, s session) (a anchor, err error) {
	err = s.get(ctx, selectAnchor, nil, &a.epoch, &a.pruned, &a.last)
	return a, err
}

func readSearchState(ctx context.Context, s session) (searchState, error) {
	var state searchState
	var accounts, contacts sql.Null[int64]
	err := s.get(ctx, selectSearchState, nil, &state.epoch, &state.position, &state.horizon, &accounts, &contacts)
	state.scanned = map[string]sql.Null[int64]{kindAccounts: accounts, kindContacts: contacts}
	return state, err
}

func (s searchState) write(ctx context.Context, on session) error {
	_, err := on.exec(ctx, updateSearchState,
		s.position, s.horizon, s.scanned[kindAccounts], s.scanned[kindContacts])
	return err
}

// searchFile is an open search file.
type searchFile struct {
	session session
	conn    *sql.Conn
	db      *sql.DB
}

func searchPath(path string) string { return path + "-search" }

// openSearch opens the search file of a database, and makes a new one if there
// is none that fits. It takes a connection to the database, whose write lock it
// holds meanwhile, so that no other process does the same or goes on writing.
func openSearch(ctx context.Context, database session, path string) (_ *searchFile, err error) {
	if _, err := database.exec(ctx, begin); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_, _ = database.exec(context.Background(), rollback)
		}
	}()
	a, err := readAnchor(ctx, database)
	if err != nil {
		return nil, err
	}
	f, err := openSearchFile(ctx, path)
	if err == nil {
		if err = f.check(ctx, a); err != nil {
			err = errors.Join(err, f.close())
		}
	}
	if ctx.Err() == nil && err != nil && !isBusy(err) {
		f, err = replaceSearchFile(ctx, database, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open search file: %w", err)
	}
	if _, err := database.exec(ctx, commit); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// replaceSearchFile makes a new search file, which has nothing yet. It gives
// the database a new epoch, which no file has that was of it before.
func replaceSearchFile(ctx context.Context, database session, path string) (*searchFile, error) {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if _, err := database.exec(ctx, renewEpoch); err != nil {
		return nil, err
	}
	a, err := readAnchor(ctx, database)
	if err != nil {
		return nil, err
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	f, err := openSearchFile(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := f.create(ctx, a); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// searchLockTimeout is short, since the indexer can do its work later as well.
const searchLockTimeout = 100 * time.Millisecond

// searchLogSize is how large the log of a search file stays.
const searchLogSize = 16 << 20

func openSearchFile(ctx context.Context, path string) (*searchFile, error) {
	connector, err := newConnector(searchDSN(path))
	if err != nil {
		return nil, err
	}
	db := newPool(connector, 1)
	conn, err := connect(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &searchFile{session{statements: newStatements(conn), gate: &gate{}}, conn, db}, nil
}

func (f *searchFile) close() error {
	return errors.Join(f.session.statements.close(), f.conn.Close(), f.db.Close())
}

var errUnfit = errors.New("the search file is not of this state of the database")

// check returns an error if the file does not go with the database.
func (f *searchFile) check(ctx context.Context, a anchor) error {
	var format int
	if err := f.session.get(ctx, selectFormat, nil, &format); err != nil {
		return err
	}
	if format != searchFormat {
		return errUnfit
	}
	state, err := readSearchState(ctx, f.session)
	if err == nil && !state.fits(a) {
		err = errUnfit
	}
	return err
}

// create makes the tables of a new file. All records that there are have to be
// scanned, and of the queue only what is added from now on.
func (f *searchFile) create(ctx context.Context, a anchor) error {
	tx, err := f.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // of no effect after Commit
	if _, err := tx.ExecContext(ctx, searchSchema); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO state VALUES (?, ?, ?, 0, 0)`, a.epoch, a.last, a.last); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, searchFormat)); err != nil {
		return err
	}
	return tx.Commit()
}
