package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/accountsd/accountsd/server/store/db"
)

// LockTimeout is how long a statement waits for other processes' locks.
const LockTimeout = 10 * time.Second

// creating keeps two Opens of one process from creating a file at once. With
// POSIX locks, closing any descriptor of a file drops all locks that the
// process has on it, so a file that SQLite may have open must not be touched.
var creating sync.Mutex

// CreateFile makes an empty file that only its owner can read, since it will
// hold personal data. A file that is there stays as it is. SQLite gives the
// mode on to the files that it makes beside it.
func CreateFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// Source says what a connection opens, and how. A file must be there:
// CreateFile makes one.
type Source struct {
	Name    string        // as FileURI makes it
	Wait    time.Duration // for other connections' locks
	Pragmas []string
}

// File is the source of the file at an absolute path.
func File(path string, wait time.Duration, pragmas ...string) Source {
	return Source{FileURI(path), wait, pragmas}
}

// FileURI names a file to SQLite.
func FileURI(path string) string { return "file://" + (&url.URL{Path: path}).EscapedPath() }

// Conn is a connection of its own, and a session on it. It is for one goroutine
// at a time.
type Conn struct {
	db.Session
	runner    *Runner // the session's
	conn      *sqlite.Conn
	kept      map[string]*prepared
	latest    *simplelru.LRU[string, *prepared]
	interrupt chan struct{} // closed to end what runs
	wait      time.Duration // for other connections' locks
	writes    int           // statements that changed rows
	brief     bool          // it is lent by a pool for a brief read
}

// Open opens a connection. It is the caller's to close.
func Open(ctx context.Context, source Source) (*Conn, error) {
	c, err := connect(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return c, nil
}

// connect opens a connection. SQLite does not wait for the lock when two of them
// switch a new file to WAL at once, so that is tried again.
func connect(ctx context.Context, source Source) (*Conn, error) {
	deadline := time.Now().Add(LockTimeout)
	for {
		c, err := openOnce(ctx, source)
		if err == nil || !IsBusy(err) || time.Now().After(deadline) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func openOnce(ctx context.Context, source Source) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keepPlans()
	conn, err := sqlite.OpenConn(source.Name, sqlite.OpenReadWrite, sqlite.OpenURI)
	if err != nil {
		return nil, failed(err)
	}
	c := &Conn{conn: conn, kept: make(map[string]*prepared), wait: source.Wait}
	c.latest, _ = simplelru.NewLRU(maxLatest, func(_ string, p *prepared) { p.drop() })
	c.runner = newRunner(c)
	c.Session = db.Session{Runner: c.runner}
	conn.SetBusyTimeout(source.Wait) // first of all, so that the others wait as well
	c.rearm()
	err = addFunctions(conn)
	for _, pragma := range source.Pragmas {
		if err == nil {
			err = sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil)
		}
	}
	if err != nil {
		return nil, errors.Join(failed(err), c.Close())
	}
	return c, nil
}

// Close closes the connection with its statements.
func (c *Conn) Close() error {
	c.latest.Purge()
	return failed(c.conn.Close())
}

// Script runs the statements of a text, all of them or none.
func (c *Conn) Script(ctx context.Context, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed(sqlitex.ExecuteScript(c.conn, text, nil))
}

// Transaction runs fn in a transaction that may write, and commits it unless fn
// fails.
func (c *Conn) Transaction(ctx context.Context, fn func() error) (err error) {
	if err := c.Exec(ctx, Begin); err != nil {
		return err
	}
	if err = fn(); err == nil {
		err = c.Exec(ctx, Commit)
	}
	if err != nil {
		// SQLite may have rolled back already.
		_ = c.Exec(context.WithoutCancel(ctx), Rollback)
	}
	return err
}

// Runs returns what runs the session's statements, until Close.
func (c *Conn) Runs() *Runner { return c.runner }

// Lend returns a session whose statements are not cancelled, and which is of no use
// after end.
func (c *Conn) Lend() (session db.Session, end func(why error)) {
	lent := c.runner.by(c)
	lent.Whole = true
	return db.Session{Runner: lent}, lent.Gate.Close
}

// InTransaction tells whether a transaction has begun and not ended.
func (c *Conn) InTransaction() bool { return !c.conn.AutocommitEnabled() }

// Writes counts the statements that have changed rows.
func (c *Conn) Writes() int { return c.writes }

func (c *Conn) lend(context.Context, bool) (*Conn, error) { return c, nil }

func (c *Conn) giveBack(*Conn) {}

// watch interrupts what the connection runs when the context ends, until stop.
func (c *Conn) watch(ctx context.Context) (stop func()) {
	end := context.AfterFunc(ctx, func() { close(c.interrupt) })
	return func() {
		if !end() {
			<-c.interrupt
			c.rearm()
		}
	}
}

// rearm makes the connection run statements until its interrupt is closed.
func (c *Conn) rearm() {
	c.interrupt = make(chan struct{})
	c.conn.SetInterrupt(c.interrupt)
}
