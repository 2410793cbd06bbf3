package textindex

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// version is of the tables in a search file, and of how texts are folded.
const version = 4

// formatOf is a number for what is in a search file: the version, and the
// columns of the kinds. A file of another format is made anew.
func formatOf(kinds []records.Kind) int32 {
	text := fmt.Sprint(version)
	for _, k := range kinds {
		text += "\n" + k.Name + "\t" + strings.Join(k.Columns, "\t")
	}
	return int32(crc32.ChecksumIEEE([]byte(text))) // as SQLite keeps it: with a sign
}

// schema is of a file that has nothing yet. There are also a table for
// the texts of each company's records of each kind.
const schema = `
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

// fileState is how far a search file is.
type fileState struct {
	epoch             []byte
	position, horizon int64
	scanned           map[string]*int64 // by kind, nil: all
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
func (s fileState) fits(a anchor) bool {
	return bytes.Equal(s.epoch, a.epoch) && s.position >= a.pruned && s.horizon <= a.last
}

func (s fileState) complete() bool {
	for _, scanned := range s.scanned {
		if scanned != nil {
			return false
		}
	}
	return true
}

const lastEntry = `coalesce((SELECT max(sequence) FROM main.search_queue), 0)`

var (
	selectAnchor = db.Statement{Thing: "search state", Text: `SELECT epoch, pruned, ` + lastEntry + ` FROM search_state`}
	renewEpoch   = db.Statement{Thing: "search state", Text: `UPDATE search_state SET epoch = randomblob(16)`}
	selectState  = db.Statement{Thing: "search state", Text: `SELECT epoch, position, horizon, accounts_scanned, contacts_scanned FROM state`}
	insertState  = db.Statement{Thing: "search state", Text: `INSERT INTO state VALUES (?, ?, ?, 0, 0)`}
	updateState  = db.Statement{Thing: "search state", Text: `UPDATE state SET position = ?, horizon = ?, accounts_scanned = ?, contacts_scanned = ?`}
	selectFormat = db.Statement{Thing: "search file", Text: `PRAGMA user_version`}
)

func readAnchor(ctx context.Context, s db.Session) (a anchor, err error) {
	err = s.Get(ctx, selectAnchor, nil, &a.epoch, &a.pruned, &a.last)
	return a, err
}

func readState(ctx context.Context, s db.Session) (fileState, error) {
	var state fileState
	var accounts, contacts *int64
	err := s.Get(ctx, selectState, nil, &state.epoch, &state.position, &state.horizon, &accounts, &contacts)
	state.scanned = map[string]*int64{records.AccountTexts.Name: accounts, records.ContactTexts.Name: contacts}
	return state, err
}

func (s fileState) write(ctx context.Context, on db.Session) error {
	err := on.Exec(ctx, updateState,
		s.position, s.horizon, s.scanned[records.AccountTexts.Name], s.scanned[records.ContactTexts.Name])
	return err
}

// FilePath is where the text index of the database at a path is.
func FilePath(database string) string { return database + "-search" }

// openFile opens the search file of a database, and makes a new one if there
// is none that fits. It takes a connection to the database, whose write lock it
// holds meanwhile, so that no other process does the same or goes on writing.
func openFile(ctx context.Context, database db.Session, path string, format int32) (_ *engine.Conn, err error) {
	if err := database.Exec(ctx, engine.Begin); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = database.Exec(context.Background(), engine.Rollback)
		}
	}()
	a, err := readAnchor(ctx, database)
	if err != nil {
		return nil, err
	}
	f, err := openConn(ctx, path)
	if err == nil {
		if err = check(ctx, f.Session, a, format); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if ctx.Err() == nil && err != nil && !engine.IsBusy(err) {
		f, err = replaceFile(ctx, database, path, format)
	}
	if err != nil {
		return nil, fmt.Errorf("open search file: %w", err)
	}
	if err := database.Exec(ctx, engine.Commit); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// replaceFile makes a new search file, which has nothing yet. It gives
// the database a new epoch, which no file has that was of it before.
func replaceFile(ctx context.Context, database db.Session, path string, format int32) (*engine.Conn, error) {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := database.Exec(ctx, renewEpoch); err != nil {
		return nil, err
	}
	a, err := readAnchor(ctx, database)
	if err != nil {
		return nil, err
	}
	if err := engine.CreateFile(path); err != nil {
		return nil, err
	}
	f, err := openConn(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := create(ctx, f, a, format); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockTimeout is short, since the indexer can do its work later as well.
const lockTimeout = 100 * time.Millisecond

// logSize is how large the log of a search file stays.
const logSize = 16 << 20

// openConn never makes a file: engine.CreateFile does.
func openConn(ctx context.Context, path string) (*engine.Conn, error) {
	return engine.Open(ctx, engine.File(path, lockTimeout,
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"cache_size(-4000)",
		fmt.Sprintf("journal_size_limit(%d)", logSize)))
}

var errUnfit = errors.New("the search file is not of this state of the database")

// check returns an error if the file does not go with the database.
func check(ctx context.Context, f db.Session, a anchor, format int32) error {
	var got int32
	if err := f.Get(ctx, selectFormat, nil, &got); err != nil {
		return err
	}
	if got != format {
		return errUnfit
	}
	state, err := readState(ctx, f)
	if err == nil && !state.fits(a) {
		err = errUnfit
	}
	return err
}

// create makes the tables of a new file. All records that there are have to be
// scanned, and of the queue only what is added from now on.
func create(ctx context.Context, f *engine.Conn, a anchor, format int32) error {
	return f.Transaction(ctx, func() error {
		if err := f.Script(ctx, schema+fmt.Sprintf(`PRAGMA user_version = %d`, format)); err != nil {
			return err
		}
		return f.Exec(ctx, insertState, a.epoch, a.last, a.last)
	})
}
