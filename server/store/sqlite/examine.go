package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// Condition is how a file is.
type Condition struct {
	Path         string   // absolute
	Files        []string // it, and those beside it
	Size         int64
	ReadOnlyDisk bool
	LogSize      int64 // of the write-ahead log
	Version      int   // of the schema
	WAL          bool  // it is in that mode, as a server has it
	Damage       []string
	Standing     records.Standing // only if the schema is the one that this program needs
	Texts        int64            // that wait to be indexed
	NoIndex      bool             // there is no index of words
}

// Examine looks at the file at path, all of it, and changes nothing. What keeps a
// server from using it is told by an error, in one sentence as that of OpenExisting.
func Examine(ctx context.Context, path string, now time.Time) (c Condition, err error) {
	if c.Path, err = locate(path); err != nil {
		return c, err
	}
	c.lookAtFiles()
	c.ReadOnlyDisk = isOnReadOnlyDisk(c.Path)
	mode := "ro"
	if c.LogSize == 0 {
		mode += "&immutable=1" // A look would else leave a log behind.
	}
	found, err := inspect(ctx, c.Path, mode, false)
	c.Version = found.version
	if err != nil {
		return c, err
	}
	if found.unfinished {
		return c, explainUnfinished(c.Path)
	}
	if c.WAL, err = isWAL(c.Path); err != nil {
		return c, err
	}
	conn, err := engine.Open(ctx, engine.Source{Name: engine.FileURI(c.Path) + "?mode=" + mode, Wait: engine.LockTimeout})
	if err != nil {
		return c, explain(c.Path, err)
	}
	err = errors.Join(c.look(ctx, conn, now), conn.Close())
	if err != nil {
		return c, explain(c.Path, err)
	}
	return c, nil
}

func (c *Condition) lookAtFiles() {
	for _, suffix := range []string{"", "-wal", "-shm", "-search", "-search-wal", "-search-shm"} {
		info, err := os.Stat(c.Path + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix == "-search" {
			c.NoIndex = true
		}
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		c.Files = append(c.Files, c.Path+suffix)
		switch suffix {
		case "":
			c.Size = info.Size()
		case "-wal":
			c.LogSize = info.Size()
		}
	}
}

// isWAL reads the mode in the header of a file, as a connection that changes nothing
// does not tell it. No connection of this process must be open: see engine.CreateFile.
func isWAL(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, refuseOpen(path, err)
	}
	defer file.Close()
	header := make([]byte, 20)
	if _, err := io.ReadFull(file, header); err != nil {
		return false, refuseOpen(path, err)
	}
	return header[18] == 2 && header[19] == 2, nil
}

// mostDamage is how many damages are named.
const mostDamage = 5

var (
	checkAll = db.Statement{Thing: "database", Text: fmt.Sprintf(`PRAGMA quick_check(%d)`, mostDamage)}
	waiting  = db.Statement{Thing: "search queue", Text: `SELECT count(*) FROM search_queue WHERE sequence > (SELECT pruned FROM search_state)`}
)

// look reads the file.
func (c *Condition) look(ctx context.Context, conn *engine.Conn, now time.Time) error {
	said, err := db.Collect(ctx, conn.Session, checkAll, nil, db.Scan[string])
	if err != nil {
		return err
	}
	if len(said) != 1 || said[0] != "ok" {
		c.Damage = said
	}
	if c.Version != SchemaVersion() {
		return nil
	}
	if c.Standing, err = (records.Reader{Session: conn.Session}).Standing(ctx, now); err != nil {
		return err
	}
	return conn.Get(ctx, waiting, nil, &c.Texts)
}
