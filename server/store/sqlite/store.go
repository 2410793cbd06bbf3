// Package sqlite is the store.Store on an SQLite file. All writes go through
// one connection, which commits those that wait together; reads run beside it
// on connections of their own.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/commit"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// Store is a store.Store on one SQLite file. Several processes may have the
// file open.
type Store struct {
	records.Reader
	text      *textindex.Index
	path      string
	held      held
	keys      records.KeysVersion
	checked   bool // the file was looked for damage, or is
	soundness *soundness
	writes    *engine.Conn // the writer's
	writer    *commit.Writer
	readers   *engine.Pool
	reads     *engine.Runner // by the readers
	releases  []func() error
	closeOnce func() error
}

var _ store.Store = (*Store)(nil)

// limits are how much is done at once.
type limits struct {
	commit commit.Limits
	driven int            // the most accounts that a list sorts
	text   bool           // keep a text index
	pace   textindex.Pace // of the index

	filling bool // take a file that a copy has left unfinished
	follows bool // take a file that follows another installation
	keep    bool // a copy of a file of an older schema, before it is brought up to date
	aside   bool // look for damage while reads are answered
	watcher observe.Groups
}

var defaultLimits = limits{commit: commit.DefaultLimits, driven: records.DefaultDriven, text: true, pace: textindex.DefaultPace, keep: true}

// Open opens the file at path, which it makes if there is none, readable for
// its owner only, and brings its schema up to date. Of a file with an older one
// a copy is kept beside it. One that is damaged, of
// another program or of a newer one is refused in one sentence, and stays as it
// is. The store is the caller's to close.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	return open(ctx, path, true, limitsOf(options))
}

// OpenExisting is Open for a file that must be there: KindNotFound if it is not.
func OpenExisting(ctx context.Context, path string, options ...Option) (*Store, error) {
	return open(ctx, path, false, limitsOf(options))
}

func open(ctx context.Context, path string, create bool, limits limits) (*Store, error) {
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	found, err := recognize(ctx, path, "ro", create)
	if err != nil {
		return nil, err
	}
	aside := limits.aside && found.size > quicklyLooked && found.isAtRest()
	if !aside {
		if err := found.lookForDamage(ctx); err != nil {
			return nil, err
		}
	}
	if found.unfinished && !limits.filling {
		return nil, explainUnfinished(path)
	}
	if found.follows && !limits.follows {
		return nil, following(path)
	}
	if limits.keep {
		if err := keepCopy(ctx, found); err != nil {
			return nil, err
		}
	}
	engine.SyncData()
	s := &Store{path: path, checked: found.size <= MaxChecked, soundness: newSoundness()}
	if err := s.connect(ctx, found, limits); err != nil {
		_ = s.release() // What it says is of what went wrong before.
		return nil, explain(path, err)
	}
	s.closeOnce = sync.OnceValue(s.shutDown)
	if aside {
		go s.soundness.look(found)
	} else {
		s.soundness.known(nil)
	}
	s.writer.Start()
	if s.text != nil {
		go s.text.Run()
	}
	return s, nil
}

// minReaders are the connections for reads on a small machine: more than one a
// core beside those that are left to brief ones.
const minReaders = 4

// connect opens the connections, and migrates the file before any but the
// writer's is used.
func (s *Store) connect(ctx context.Context, found file, limits limits) (err error) {
	path := found.path
	if s.writes, err = s.openConn(ctx, commit.Source(path, limits.commit)); err != nil {
		return err
	}
	s.writes.Runs().Whole = true
	if err := migrate(ctx, s.writes, migrations); err != nil {
		return err
	}
	if !found.marked {
		if err := s.writes.Exec(ctx, mark); err != nil {
			return err
		}
	}
	checkpoints, err := s.openConn(ctx, commit.CheckpointSource(path))
	if err != nil {
		return err
	}
	turn := engine.OpenTurn(filepath.Dir(path))
	s.onClose(turn.Close)
	s.writer = commit.New(s.writes, checkpoints, turn, limits.commit)
	s.writer.Watch(limits.watcher)
	s.held = hold(path)
	s.writer.Guard(s.held.check)
	if limits.text {
		s.text, err = textindex.Open(ctx, path, s.writes.Session, s.writeSound, records.TextKinds, limits.pace)
		if err != nil {
			return err
		}
		s.onClose(s.text.Close)
		s.Texts = s.text
	}
	s.readers = newReaders(path)
	s.onClose(s.readers.Close)
	s.reads = engine.NewRunner(s.readers)
	s.reads.Damage = s.writes.Runs().Damage
	s.Session, s.Driven = db.Session{Runner: s.reads}, limits.driven
	return nil
}

func (s *Store) openConn(ctx context.Context, source engine.Source) (*engine.Conn, error) {
	conn, err := engine.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	s.onClose(conn.Close)
	return conn, nil
}

func newReaders(path string) *engine.Pool {
	source := engine.File(path, engine.LockTimeout,
		"foreign_keys(1)", "synchronous(FULL)", "cache_size(-4000)", "query_only(1)")
	return engine.NewPool(source, max(minReaders, runtime.GOMAXPROCS(0)), textindex.Attach(path))
}

// onClose adds to what releases the file, last opened first.
func (s *Store) onClose(release func() error) { s.releases = append(s.releases, release) }

// Write runs fn in a transaction that may share its commit with other writes.
// See store.Store.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	defer s.keys.Forget() // It may have been about keys.
	return s.write(ctx, fn)
}

func (s *Store) write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	queue := &noted{Queue: s.text}
	err := s.writeSound(ctx, s.within(queue, fn))
	if err == nil && queue.noted {
		s.text.Wake()
	}
	return err
}

// Rehearse is Write, but leaves nothing of what fn wrote.
func (s *Store) Rehearse(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	if err := s.soundness.wait(ctx); err != nil {
		return err
	}
	return s.writer.Rehearse(ctx, s.within(&noted{Queue: s.text}, fn))
}

// within runs fn in a transaction of the writer. That has no index of words to find
// by, since it must not take the lock of the index's file.
func (s *Store) within(queue *noted, fn func(ctx context.Context, tx store.Tx) error) func(ctx context.Context, session db.Session) error {
	return func(ctx context.Context, session db.Session) error {
		tx := &records.Tx{Reader: records.Reader{Session: session, Driven: s.Driven}}
		if s.text != nil {
			tx.Queue = queue
		}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return tx.Finish(ctx)
	}
}

// noted is a queue of texts that knows whether it heard of any.
type noted struct {
	records.Queue
	noted bool
}

// Changed notes that a record's text has changed.
func (n *noted) Changed(ctx context.Context, session db.Session, kind records.Kind, companyID, id int64, text func() records.Text) error {
	n.noted = true
	return n.Queue.Changed(ctx, session, kind, companyID, id, text)
}

// Commit writes what was decided before.
func (s *Store) Commit(ctx context.Context, set *account.WriteSet) error {
	return s.write(ctx, func(ctx context.Context, tx store.Tx) error { return set.Play(ctx, tx) })
}

// maxKeysAge is how long a key goes on to be taken that another process has revoked.
const maxKeysAge = time.Millisecond

// KeysVersion returns a number that grows with every change of keys and users. What
// another process changes is seen within a millisecond.
func (s *Store) KeysVersion(ctx context.Context) (int64, error) {
	return s.keys.Get(ctx, s.Reader, maxKeysAge)
}

// Look runs fn on a snapshot, by a connection that cannot write.
func (s *Store) Look(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.reads.Look(ctx, func(session db.Session) error {
		return fn(ctx, &records.Tx{Reader: records.Reader{Session: session, Driven: s.Driven, Texts: s.Texts}, Fixed: true})
	})
}

// Checked tells whether the file was looked for damage when it was opened. A large
// one is not.
func (s *Store) Checked() bool { return s.checked }

// Ping returns nil if the store can answer reads, and the schema is the one that
// this program knows: another one may have been at the file since. If the file is not
// in its place any more, or once a read or a write has found it damaged, it is
// KindUnavailable.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.held.check(); err != nil {
		return err
	}
	var ids float64
	var version int
	err := s.Session.Get(ctx, ping, nil, &ids, &version)
	switch {
	case s.reads.Damage.Load():
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database is damaged", Err: err}
	case err == nil && version != SchemaVersion():
		return fault.Errorf(fault.KindInvalid, "the database has a schema of version %d, and this program knows only up to %d; use the newer accountsd that wrote it",
			version, SchemaVersion())
	}
	return err
}

var ping = db.Statement{Thing: "database", Brief: true, Text: `SELECT (SELECT total(id) FROM (
	SELECT max(id) AS id FROM companies UNION ALL SELECT max(id) FROM accounts UNION ALL SELECT max(id) FROM contacts)),
	user_version FROM pragma_user_version`}

// Close finishes the writes that were called before it, refuses later ones
// with KindUnavailable, and releases the file. Another call waits for the
// first, and returns the same.
func (s *Store) Close() error { return s.closeOnce() }

func (s *Store) shutDown() error {
	s.soundness.stop()
	if s.text != nil {
		s.text.Stop()
	}
	s.writer.Stop()
	s.reads.Gate.Close(commit.ErrClosed)
	return errors.Join(s.writer.Truncate(), s.release())
}

// release closes the connections.
func (s *Store) release() error {
	var err error
	for _, release := range slices.Backward(s.releases) {
		err = errors.Join(err, release())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
