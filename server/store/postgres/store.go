// Package postgres is the store.Store on a PostgreSQL database, which many servers
// may share. The transactions that write one company's records take turns: each
// locks the company's row, on which its numbers, its entries of history and the
// changes of its properties are counted. So they are seen in the order in which they
// were committed, and none waits for another one in a circle.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// Store is a store.Store on one database.
type Store struct {
	records.Reader
	engine *engine.Engine
	groups groups
	layout atomic.Pointer[layout]
	keys   keysVersion
	stop   context.CancelFunc
	done   chan struct{} // closed when nothing runs in the background any more
	close  func() error
}

var _ store.Store = (*Store)(nil)

// Config is how a database is used. The zero value is a server's.
type Config struct {
	engine.Config
	// KeepSchema leaves the schema as it is. If it is not the one that the program
	// needs, Ping tells.
	KeepSchema bool
	// Quiet keeps what else runs in the background from running here.
	Quiet bool
}

// Open opens the database of a URL, as in postgres://user@host/name, and brings its
// schema up to date. A database that cannot be reached is KindUnavailable, one of a
// newer program KindInvalid. The store is the caller's to close.
func Open(ctx context.Context, url string, config Config) (*Store, error) {
	e, err := engine.Open(ctx, url, config.Config)
	if err != nil {
		return nil, &fault.Error{Kind: fault.KindInvalid, Message: "the address of the database cannot be read: " + err.Error(), Err: err}
	}
	s := &Store{
		Reader: records.Reader{Session: e.Session(), Driven: records.DefaultDriven, Texts: texts{}},
		engine: e, done: make(chan struct{}),
	}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.close = sync.OnceValue(s.shutDown)
	check := s.Migrate
	if config.KeepSchema {
		check = s.checkVersion
	}
	if err := check(ctx); err != nil {
		close(s.done)
		return nil, errors.Join(err, s.Close())
	}
	go s.work(background, config.Quiet)
	return s, nil
}

// Close finishes the writes that have begun, and refuses later ones. Another call
// waits for the first.
func (s *Store) Close() error { return s.close() }

func (s *Store) shutDown() error {
	s.stop()
	<-s.done
	s.engine.Close()
	return nil
}

// Ping returns nil if the database answers, and has the schema that the program
// needs.
func (s *Store) Ping(ctx context.Context) error { return s.checkVersion(ctx) }

// Write runs fn in a transaction: see store.Store.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	defer s.keys.forget() // It may have been about keys.
	return s.engine.Write(ctx, within(fn))
}

// Rehearse is Write, but leaves nothing of what fn wrote.
func (s *Store) Rehearse(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.engine.Rehearse(ctx, within(fn))
}

// within runs fn in a transaction, and writes the texts that have changed at its end.
func within(fn func(ctx context.Context, tx store.Tx) error) func(ctx context.Context, session db.Session) error {
	return func(ctx context.Context, session db.Session) error {
		changed := &changedTexts{}
		tx := &records.Tx{Reader: records.Reader{Session: session, Driven: records.DefaultDriven}, Queue: changed}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if err := changed.flush(ctx, session); err != nil {
			return err
		}
		return tx.Finish(ctx)
	}
}

// Look runs fn on one state of the database: see store.Store.
func (s *Store) Look(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.engine.Look(ctx, func(ctx context.Context, session db.Session) error {
		return fn(ctx, &records.Tx{Reader: records.Reader{Session: session, Driven: records.DefaultDriven}})
	})
}

// maxKeysAge is how long a server goes on to take a key that another one has
// revoked.
const maxKeysAge = 500 * time.Millisecond

// keysVersion is what the store's KeysVersion was lately.
type keysVersion struct {
	mu      sync.Mutex
	version int64
	read    time.Time
	writes  int // that may have changed it
}

// forget makes the version be read again.
func (k *keysVersion) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = time.Time{}
	k.writes++
}

// KeysVersion returns a number that grows with every change of keys and users. What
// another server changes is seen within half a second.
func (s *Store) KeysVersion(ctx context.Context) (int64, error) {
	k := &s.keys
	k.mu.Lock()
	version, writes, known := k.version, k.writes, time.Since(k.read) < maxKeysAge
	k.mu.Unlock()
	if known {
		return version, nil
	}
	began := time.Now()
	version, err := s.Reader.KeysVersion(ctx)
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.writes == writes {
		k.version, k.read = version, began
	}
	return version, nil
}

// The pauses of what runs in the background.
const (
	afterNothing = 200 * time.Millisecond
	afterError   = time.Second
	dropEvery    = 10 * time.Minute
)

// work does what answers do not wait for, until ctx ends.
func (s *Store) work(ctx context.Context, quiet bool) {
	defer close(s.done)
	if quiet {
		return
	}
	var dropped time.Time
	for {
		pause := time.Duration(0)
		n, err := s.index(ctx)
		if time.Since(dropped) > dropEvery && err == nil {
			dropped, err = time.Now(), s.engine.DropNames(ctx)
		}
		switch {
		case err != nil:
			pause = afterError
		case n < indexedAtOnce:
			pause = afterNothing
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// indexedAtOnce are the texts of one transaction.
const indexedAtOnce = 1000

const indexTexts = `UPDATE search_texts SET indexed = true WHERE (company_id, kind, record_id) IN (
	SELECT company_id, kind, record_id FROM search_texts WHERE NOT indexed
	ORDER BY company_id, kind, record_id LIMIT $1 FOR UPDATE SKIP LOCKED)`

// index puts texts into the index of trigrams, and returns how many. Several servers
// do so at once.
func (s *Store) index(ctx context.Context) (int64, error) {
	done, err := s.engine.Pool().Exec(ctx, indexTexts, indexedAtOnce)
	if err != nil {
		return 0, fmt.Errorf("index texts: %w", err)
	}
	return done.RowsAffected(), nil
}
