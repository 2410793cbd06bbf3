package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
	"github.com/accountsd/accountsd/server/store/verify"
)

// Verified is a file to be verified. It is read as it is, also if it is damaged, and
// nothing is written to it.
type Verified struct {
	conn    *engine.Conn
	path    string
	version int // of the schema
	// Name is what faults call the file. Of a copy, that may be another one's.
	Name string
}

var _ verify.Database = (*Verified)(nil)

// verifyCache is as much of the file as a connection that reads all of it keeps, in
// KiB.
const verifyCache = 16 << 10

// OpenVerified opens the file at path. Others may use it meanwhile. It is the caller's
// to close.
func OpenVerified(ctx context.Context, path string) (*Verified, error) {
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	if _, err := stat(path, false); err != nil {
		return nil, err
	}
	v, err := openVerified(ctx, path, "")
	if isUnwritable(err) {
		v, err = openVerified(ctx, path, "?mode=ro&immutable=1") // of another user, or on a read-only disk: nobody writes it
	}
	return v, explain(path, err)
}

// isUnwritable tells whether not even what readers share can be written beside a file.
func isUnwritable(err error) bool {
	switch engine.Primary(err) {
	case sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultPerm:
		return true
	}
	return false
}

func openVerified(ctx context.Context, path, how string) (_ *Verified, err error) {
	pragmas := []string{"query_only(1)", fmt.Sprintf("cache_size(-%d)", verifyCache)}
	conn, err := engine.Open(ctx, engine.Source{Name: engine.FileURI(path) + how, Wait: engine.LockTimeout, Pragmas: pragmas})
	if err != nil {
		return nil, err
	}
	f := file{path: path}
	if err := f.identify(ctx, conn, false); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if f.unfinished {
		return nil, errors.Join(explainUnfinished(path), conn.Close())
	}
	return &Verified{conn: conn, path: path, version: f.version, Name: path}, nil
}

// Outdated returns an error if the file has the schema of an older program, whose
// records this one cannot verify.
func (v *Verified) Outdated() error {
	if v.version == SchemaVersion() {
		return nil
	}
	return fault.Errorf(fault.KindUnavailable, "%s has a schema of version %d, and this program verifies version %d; bring it up by accountsd migrate up, or use the accountsd that wrote it",
		v.Name, v.version, SchemaVersion())
}

// Damage looks only for damage in the file, and for references to nothing: of a file
// with any schema.
func (v *Verified) Damage(ctx context.Context, found func(verify.Fault)) error {
	return v.Look(ctx, func(s db.Session) error { return v.inspectFile(ctx, s, found) })
}

// Close releases the file.
func (v *Verified) Close() error { return v.conn.Close() }

// Tables returns the tables of records: see copying.Database.
func (v *Verified) Tables(ctx context.Context) ([]copying.Table, error) {
	return describe(ctx, v.conn.Session)
}

// Follows tells whether the file follows another installation.
func (v *Verified) Follows(ctx context.Context) (bool, error) {
	n, err := v.conn.Number(ctx, selectFollowing)
	return n > 0, err
}

// Counters returns the last ids that were given out.
func (v *Verified) Counters(ctx context.Context, s db.Session) (map[string]int64, error) {
	return copying.ReadCounters(ctx, s, selectCounters)
}

// Look runs reads on one state of the file. Who writes goes on, but the log of the
// file grows until the reads have ended.
func (v *Verified) Look(ctx context.Context, read func(db.Session) error) error {
	if err := v.conn.Exec(ctx, engine.BeginRead); err != nil {
		return err
	}
	defer func() { _ = v.conn.Exec(context.WithoutCancel(ctx), engine.Rollback) }() // It has written nothing.
	return read(v.conn.Session)
}

var (
	checkFile       = db.Statement{Thing: "database", Text: `PRAGMA integrity_check(100)`}
	checkForeign    = db.Statement{Thing: "references", Text: `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 100`}
	selectQueueHead = db.Statement{Thing: "search state", Text: `SELECT (SELECT count(*) FROM search_state), coalesce((SELECT max(pruned) FROM search_state), 0),
	coalesce((SELECT min(sequence) FROM search_queue), -1), coalesce((SELECT max(sequence) FROM search_queue), 0)`}
)

// Inspect looks for damage in the file and in that of the index of words, and for
// references to nothing.
func (v *Verified) Inspect(ctx context.Context, s db.Session, found func(verify.Fault)) error {
	if err := v.inspectFile(ctx, s, found); err != nil {
		return err
	}
	if err := v.inspectQueue(ctx, s, found); err != nil {
		return err
	}
	return v.inspectIndex(ctx, found)
}

func (v *Verified) inspectFile(ctx context.Context, s db.Session, found func(verify.Fault)) error {
	remedy := "restore it from a backup that verify accepts, or save what can be read with sqlite3 " + v.Name + " .recover"
	err := integrity(ctx, s, func(problem string) {
		found(verify.Fault{Problem: v.Name + " is damaged: " + problem, Remedy: remedy})
	})
	if err != nil {
		return err
	}
	return s.Each(ctx, checkForeign, nil, func(row *db.Row) error {
		var table, parent string
		var id *int64
		if err := row.Scan(&table, &id, &parent); err != nil {
			return err
		}
		problem := "a row of the table " + table
		if id != nil {
			problem += fmt.Sprintf(", with the rowid %d,", *id)
		}
		found(verify.Fault{Problem: problem + " refers to one of " + parent + " that is not there", Remedy: verify.Restore})
		return nil
	})
}

// integrity tells what SQLite finds in a file.
func integrity(ctx context.Context, s db.Session, found func(problem string)) error {
	return s.Each(ctx, checkFile, nil, func(row *db.Row) error {
		var problem string
		err := row.Scan(&problem)
		if err == nil && problem != "ok" {
			found(problem)
		}
		return err
	})
}

// reindex is what makes the index of words anew.
func (v *Verified) reindex() string {
	return "stop the server, remove " + textindex.FilePath(v.path) + " and start it: the index of words is made anew"
}

// inspectQueue compares the queue of the index of words with what was removed from it.
func (v *Verified) inspectQueue(ctx context.Context, s db.Session, found func(verify.Fault)) error {
	var rows, pruned, first, last int64
	if err := s.Get(ctx, selectQueueHead, nil, &rows, &pruned, &first, &last); err != nil {
		return err
	}
	problem := ""
	switch {
	case rows != 1:
		problem = fmt.Sprintf("the state of the index of words has %d rows, and must have one", rows)
	case first >= 0 && first < pruned || last < pruned:
		problem = fmt.Sprintf("the queue of the index of words goes from %d to %d, but was emptied up to %d", max(first, 0), last, pruned)
	default:
		return nil
	}
	found(verify.Fault{Problem: problem, Remedy: v.reindex()})
	return nil
}

// inspectIndex looks for damage in the file of the index of words. There need be none:
// it is made when the database is opened next.
func (v *Verified) inspectIndex(ctx context.Context, found func(verify.Fault)) (err error) {
	path := textindex.FilePath(v.path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	tell := func(problem string) {
		found(verify.Fault{Problem: path + " is damaged: " + problem, Remedy: v.reindex()})
	}
	conn, err := engine.Open(ctx, engine.File(path, engine.LockTimeout, "query_only(1)"))
	if err == nil {
		defer func() { err = errors.Join(err, conn.Close()) }()
		err = integrity(ctx, conn.Session, tell)
	}
	if ctx.Err() == nil && err != nil && !engine.IsBusy(err) && !isUnwritable(err) {
		tell(err.Error())
		err = nil
	}
	return err
}
