package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/write"
)

// ApplicationID is what SQLite notes in a file to say whose it is: "acct".
const ApplicationID = 0x61636374

// MaxChecked is the size of a file in bytes up to which it is looked for damage
// when it is opened. That of a larger one would keep a start waiting.
const MaxChecked = 64 << 20

// SchemaVersion is the number of the schema that this program knows.
func SchemaVersion() int { return migrations.Latest() }

// VersionOf returns the version of the schema of the file at path, and changes
// nothing. It may be one that this program does not know. The errors are those of
// OpenExisting.
func VersionOf(ctx context.Context, path string) (int, error) {
	path, err := locate(path)
	if err != nil {
		return 0, err
	}
	mode := "ro"
	if log, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		mode += "&immutable=1" // A look would else leave a log behind.
	}
	f, err := inspect(ctx, path, mode, false)
	if f.isNewer() {
		return f.version, nil
	}
	return f.version, err
}

// stat returns the size of the file at path, which is made if there is none and
// it may be.
func stat(path string, create bool) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := refuseLink(path); err != nil {
			return 0, err
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return 0, createFile(path)
	case errors.Is(err, fs.ErrNotExist):
		return 0, fault.Errorf(fault.KindNotFound, "there is no database at %s; make one with accountsd init, or name another file with --db", path)
	case err != nil:
		return 0, refuseOpen(path, err)
	case info.IsDir():
		return 0, fault.Errorf(fault.KindInvalid, "%s is a folder; name a file, as in --db %s", path, filepath.Join(path, "accounts.db"))
	case !info.Mode().IsRegular():
		return 0, fault.Errorf(fault.KindInvalid, "%s is no file that can hold a database; name another with --db", path)
	}
	return info.Size(), nil
}

func createFile(path string) error {
	err := engine.CreateFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Errorf(fault.KindInvalid, "the folder %s is not there; make it first, or name another file with --db", filepath.Dir(path))
	case err != nil:
		return fault.Errorf(fault.KindInvalid, "%s cannot be made: %s", path, reason(err))
	}
	return nil
}

// reason is what the system says of a file, without the name of the call.
func reason(err error) string {
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return failure.Err.Error()
	}
	if failure, ok := errors.AsType[*os.LinkError](err); ok {
		return failure.Err.Error()
	}
	return err.Error()
}

// file is what was seen of a database before it is opened for writing.
type file struct {
	path    string
	mode    string // in which it is looked at
	size    int64
	marked  bool // it has our ApplicationID
	version int  // of the schema

	unfinished bool // a copy into it has not ended
	follows    bool // it follows another installation
}

// inspect looks at a file without changing it, and refuses one that is damaged, or
// not ours to write to.
func inspect(ctx context.Context, path, mode string, create bool) (file, error) {
	f, err := recognize(ctx, path, mode, create)
	if err == nil {
		err = f.lookForDamage(ctx)
	}
	return f, err
}

// recognize is inspect, but does not look for damage.
func recognize(ctx context.Context, path, mode string, create bool) (f file, err error) {
	f.path, f.mode = path, mode
	if f.size, err = stat(path, create); err != nil {
		return f, err
	}
	return f, f.look(ctx, func(conn *engine.Conn) error { return f.identify(ctx, conn, create) })
}

// look calls fn with a connection that changes nothing. It keeps little of what it
// reads, each page of which it needs once: a server would not get the memory back.
func (f *file) look(ctx context.Context, fn func(*engine.Conn) error) (err error) {
	source := engine.Source{Name: engine.FileURI(f.path) + "?mode=" + f.mode, Wait: engine.LockTimeout, Pragmas: []string{"cache_size(-256)"}}
	conn, err := engine.Open(ctx, source)
	if err != nil {
		return explain(f.path, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := fn(conn); err != nil {
		return explain(f.path, err)
	}
	return nil
}

var (
	beginLook   = db.Statement{Thing: "database", Text: `BEGIN`}
	endLook     = db.Statement{Thing: "database", Text: `ROLLBACK`}
	selectMarks = db.Statement{Thing: "database", Text: `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema),
	(SELECT count(*) FROM sqlite_schema WHERE name = '` + copying.Note + `'), (SELECT count(*) FROM sqlite_schema WHERE name = '` + records.Following + `')
	FROM pragma_application_id, pragma_user_version`}
	selectSchema = db.Statement{Thing: "schema", Text: `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1`}
	quickCheck   = db.Statement{Thing: "database", Text: `PRAGMA quick_check(1)`}
	mark         = db.Statement{Thing: "database", Text: fmt.Sprintf(`PRAGMA application_id = %d`, ApplicationID)}
)

// identify tells whose the file is. Those that were made before files were marked
// are ours if their schema is.
func (f *file) identify(ctx context.Context, conn *engine.Conn, create bool) error {
	if err := conn.Exec(ctx, beginLook); err != nil {
		return err
	}
	defer func() { _ = conn.Exec(context.WithoutCancel(ctx), endLook) }()
	var id, things, notes, following int
	if err := conn.Get(ctx, selectMarks, nil, &id, &f.version, &things, &notes, &following); err != nil {
		return err
	}
	f.marked, f.unfinished, f.follows = id == ApplicationID, notes > 0, following > 0
	switch {
	case f.isNewer():
		return fault.Errorf(fault.KindInvalid, "%s has a schema of version %d, and this program knows only up to %d; use the newer accountsd that wrote it",
			f.path, f.version, SchemaVersion())
	case f.marked:
		return nil
	case id == 0 && f.version == 0 && things == 0 && create:
		return nil
	case id == 0 && f.version == 0 && things == 0:
		return fault.Errorf(fault.KindInvalid, "%s is empty; make the database with accountsd init, or name another file with --db", f.path)
	case id == 0:
		return f.adopt(ctx, conn)
	}
	return f.foreign()
}

func (f *file) isNewer() bool { return f.marked && f.version > SchemaVersion() }

func (f *file) foreign() error {
	return fault.Errorf(fault.KindInvalid, "%s is not a database of accountsd; name another file with --db", f.path)
}

// adopt refuses a file without a mark unless it has the schema of its version.
// It may have more, since properties have indexes of their own.
func (f *file) adopt(ctx context.Context, conn *engine.Conn) error {
	if f.version < 1 || f.version > SchemaVersion() {
		return f.foreign()
	}
	fresh, err := engine.Open(ctx, engine.Source{Name: ":memory:"})
	if err != nil {
		return err
	}
	defer fresh.Close()
	if err := migrate(ctx, fresh, migrations.To(f.version)); err != nil {
		return err
	}
	want, err := db.Collect(ctx, fresh.Session, selectSchema, nil, db.Scan[string])
	if err != nil {
		return err
	}
	got, err := db.Collect(ctx, conn.Session, selectSchema, nil, db.Scan[string])
	if err != nil {
		return err
	}
	for _, thing := range want {
		if _, found := slices.BinarySearch(got, thing); !found {
			return f.foreign()
		}
	}
	return nil
}

// lookForDamage refuses a file that is damaged, unless it is too large to look.
func (f *file) lookForDamage(ctx context.Context) error {
	if f.size > MaxChecked {
		return nil
	}
	return f.look(ctx, func(conn *engine.Conn) error {
		var found string
		if err := conn.Get(ctx, quickCheck, nil, &found); err != nil {
			return err
		}
		if found != "ok" {
			return damaged(f.path)
		}
		return nil
	})
}

func explainUnfinished(path string) error {
	return fault.Errorf(fault.KindUnavailable, "%s is only a part of a copy; give the accountsd copy that makes it again to complete it, or name another file with --db", path)
}

// following is of a file that follows another installation.
func following(path string) error {
	return fault.Errorf(fault.KindConflict, "%s follows another installation; make it one of its own with accountsd promote --db %s once that is gone, or name another file with --db", path, path)
}

func refuseOpen(path string, err error) error {
	return fault.Errorf(fault.KindInvalid, "%s cannot be opened: %s", path, reason(err))
}

func damaged(path string) error {
	return fault.Errorf(fault.KindInternal, "%s is damaged; restore it from a copy, or save what can be read with sqlite3 %s .recover", path, path)
}

// explain turns an error of an open into one sentence without the driver's words.
// What it does not know stays as it is.
func explain(path string, err error) error {
	switch code := engine.Primary(err); {
	case code == sqlite.ResultNotADB:
		return (&file{path: path}).foreign()
	case code == sqlite.ResultCorrupt:
		return damaged(path)
	case code == sqlite.ResultCantOpen, code == sqlite.ResultReadOnly, code == sqlite.ResultPerm, errors.Is(err, write.ErrReadOnly):
		if isOnReadOnlyDisk(path) {
			return fault.Errorf(fault.KindUnavailable, "%s cannot be written, since its disk is read-only to this program; the system's log may tell why, or its unit of systemd lacks ReadWritePaths=%s", path, filepath.Dir(path))
		}
		return fault.Errorf(fault.KindInvalid, "%s cannot be opened; check that this user may read and write it and its folder", path)
	case engine.IsBusy(err):
		return fault.Errorf(fault.KindUnavailable, "%s is locked by another program; try again when that is done", path)
	case code == sqlite.ResultFull:
		return fault.Errorf(fault.KindUnavailable, "%s cannot be written, since the disk is full; make room and try again", path)
	case code == sqlite.ResultIOErr:
		return fault.Errorf(fault.KindUnavailable, "%s cannot be read or written, since the disk fails; look at the system's log", path)
	}
	return err
}
