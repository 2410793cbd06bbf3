package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// Backup is a copy of a database into a new file. Pages are copied as they are, which
// takes less time than to write all records anew, as VACUUM INTO does: while a copy is
// read, the log of a database that is written to cannot start again. The file of the
// index of words is not copied, since it can be made anew.
type Backup struct {
	From, To string
	// Fresh removes the index of words of a database that was at To. Where there is
	// none, it is made when the copy is opened.
	Fresh bool
	// Check looks at the copy before it gets its name. An error leaves none behind.
	Check    func(ctx context.Context, path string) error
	Progress func(done, total int64) // pages; nil: nobody wants to know
}

// Run makes the copy, of one state of the database, while others write to it. The
// file appears when it is complete and on the disk. One that is there already is
// refused with KindConflict.
func (b Backup) Run(ctx context.Context) (err error) {
	if b.From, err = locate(b.From); err != nil {
		return err
	}
	if b.To, err = filepath.Abs(b.To); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if _, err := stat(b.From, false); err != nil {
		return err
	}
	if err := b.refuseOthers(); err != nil {
		return err
	}
	part, err := b.makePart()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeFile(part)) }()
	if err := b.copyTo(ctx, part); err != nil {
		return err
	}
	if b.Check != nil {
		if err := b.Check(ctx, part); err != nil {
			return err
		}
	}
	return b.publish(part)
}

// refuseOthers returns an error if a file is there already, or something that SQLite
// would take for a part of it.
func (b Backup) refuseOthers() error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		switch _, err := os.Lstat(b.To + suffix); {
		case err == nil && suffix == "":
			return fault.Errorf(fault.KindConflict, "%s is there already, and is not overwritten; name another file, or move it away", b.To)
		case err == nil:
			return fault.Errorf(fault.KindConflict, "%s is there, which SQLite would take for a part of %s; move it away with the database that it is of", b.To+suffix, b.To)
		case !errors.Is(err, fs.ErrNotExist):
			return fault.Errorf(fault.KindInvalid, "%s cannot be made: %s", b.To, reason(err))
		}
	}
	return nil
}

// makePart makes the file that has another name until it is complete.
func (b Backup) makePart() (string, error) {
	part, err := os.CreateTemp(filepath.Dir(b.To), filepath.Base(b.To)+".*.part") // readable for its owner only
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fault.Errorf(fault.KindInvalid, "the folder %s is not there; make it first, or name another file", filepath.Dir(b.To))
	case err != nil:
		return "", fault.Errorf(fault.KindInvalid, "%s cannot be made: %s", b.To, reason(err))
	}
	return part.Name(), part.Close()
}

// removeFile removes a file of SQLite, if it is there.
func removeFile(path string) error {
	var failed error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// leaveWAL makes the copy one file, that can be read where nothing can be written.
var leaveWAL = db.Statement{Thing: "copy", Text: `PRAGMA journal_mode = DELETE`}

// copyTo copies the database, and flushes the copy.
func (b Backup) copyTo(ctx context.Context, part string) error {
	// What is lost with the machine is made anew.
	target, err := engine.Open(ctx, engine.File(part, engine.LockTimeout, "journal_mode(OFF)", "synchronous(OFF)", "cache_size(-16000)"))
	if err != nil {
		return explain(b.To, err)
	}
	err = b.copyPages(ctx, target)
	if err == nil {
		err = explain(b.To, target.Exec(ctx, leaveWAL))
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return err
	}
	return flush(part)
}

// copyPages copies the database, which it reads no longer than it has to.
func (b Backup) copyPages(ctx context.Context, target *engine.Conn) error {
	from, err := b.openSource(ctx)
	if err != nil {
		return explain(b.From, err)
	}
	progress := b.Progress
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if err := from.CopyTo(ctx, target, progress); err != nil {
		return errors.Join(explain(b.To, err), from.Close())
	}
	return from.Close()
}

// openSource opens the database, and begins to read it.
func (b Backup) openSource(ctx context.Context) (*engine.Conn, error) {
	from, err := engine.Open(ctx, engine.File(b.From, engine.LockTimeout, "query_only(1)"))
	if err == nil {
		err = b.begin(ctx, from)
	}
	if !isUnwritable(err) {
		return from, err
	}
	// It is of another user, or on a read-only disk: nobody writes it.
	from, err = engine.Open(ctx, engine.Source{Name: engine.FileURI(b.From) + "?mode=ro&immutable=1"})
	if err == nil {
		err = b.begin(ctx, from)
	}
	return from, err
}

// begin begins to read the database, if it is one of ours. If not, it is closed.
func (b Backup) begin(ctx context.Context, from *engine.Conn) error {
	f := file{path: b.From}
	err := f.identify(ctx, from, false)
	if err == nil && f.unfinished {
		err = explainUnfinished(b.From)
	}
	if err == nil {
		err = from.Exec(ctx, engine.BeginRead)
	}
	if err == nil {
		var version int
		err = from.Get(ctx, selectVersion, nil, &version) // which takes the state
	}
	if err != nil {
		return errors.Join(err, from.Close())
	}
	return nil
}

// flush writes a file to the disk.
func flush(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("flush copy: %w", err)
	}
	return nil
}

// flushFolder writes the names in a folder to the disk, where a system can do that.
func flushFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err == nil {
		err = errors.Join(folder.Sync(), folder.Close())
	}
	if err != nil {
		return fmt.Errorf("flush folder: %w", err)
	}
	return nil
}

// publish gives the copy its name, unless another file has got it meanwhile.
func (b Backup) publish(part string) error {
	err := os.Link(part, b.To)
	switch {
	case errors.Is(err, fs.ErrExist):
		return b.refuseOthers()
	case err != nil: // The file system has no links.
		err = os.Rename(part, b.To)
	}
	if err != nil {
		return fault.Errorf(fault.KindInvalid, "%s cannot be made: %s", b.To, reason(err))
	}
	if b.Fresh {
		if err := removeFile(textindex.FilePath(b.To)); err != nil {
			return fmt.Errorf("remove the index of words of a database that was there: %w", err)
		}
	}
	return flushFolder(filepath.Dir(b.To))
}
