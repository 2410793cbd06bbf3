// Package postgres is the store.Store on a PostgreSQL database, which many servers
// may share. The transactions that write one company's records take turns: each
// locks the company's row, on which its numbers, its entries of history and the
// changes of its properties are counted. So they are seen in the order in which they
// were committed, and none waits for another one in a circle.
package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// Store is a store.Store on one database.
type Store struct {
	records.Reader
	engine  *engine.Engine
	place   place
	groups  groups
	layout  atomic.Pointer[layout]
	keys    records.KeysVersion
	follows bool          // it may follow another installation
	woken   chan struct{} // holds one if there may be texts to index
	written atomic.Bool   // whether there are since the last look
	stop    context.CancelFunc

	clockOff func(ahead time.Duration)
	working  sync.WaitGroup // in the background, until stop
	close    func() error
}

var _ store.Store = (*Store)(nil)

// Config is how a database is used. The zero value is a server's.
type Config struct {
	engine.Config
	// KeepSchema leaves the schema as it is. One that is not what the program needs is
	// refused with KindUnavailable, as somebody else may be about to bring it up.
	KeepSchema bool
	// Quiet keeps what else runs in the background from running here, but for statistics.
	Quiet bool
	// ClockOff is told that the clock of this machine and that of the database are not
	// together, by how far the latter is ahead, and that they are again (0); nil: nobody is.
	ClockOff func(ahead time.Duration)
	// Follows takes a database that follows another installation, which is refused else.
	Follows bool

	filling bool // take a database that a copy has left unfinished
}

// Open opens the database of a URL, as in postgres://user@host/name, and brings its
// schema up to date. What keeps it from that is told in one sentence: KindUnavailable
// if it may be over in a moment, KindNotFound if there is no such database, and else
// KindInvalid, as of a newer program's. The store is the caller's to close.
func Open(ctx context.Context, url string, config Config) (*Store, error) {
	s, err := connect(ctx, url, config.Config)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	s.stop, s.follows = stop, config.Follows
	check := s.bringUp
	if config.KeepSchema {
		check = s.checkVersion
	}
	s.clockOff = config.ClockOff
	if err = s.setClock(ctx); err == nil {
		err = check(ctx)
	}
	if err == nil && !config.filling {
		err = s.checkWhole(ctx)
	}
	if err != nil {
		return nil, s.giveUp(err)
	}
	s.working.Go(func() { s.work(background, config.Quiet) })
	s.working.Go(func() { s.keepClock(background) })
	return s, nil
}

// connect returns a store on a database that answers.
func connect(ctx context.Context, url string, config engine.Config) (*Store, error) {
	c, err := readURL(url)
	if err != nil {
		return nil, err
	}
	at := placeOf(&c.ConnConfig.Config)
	// A pool that cannot connect would take a minute to close.
	conn, err := pgx.ConnectConfig(ctx, c.ConnConfig)
	if err != nil {
		return nil, at.explain(err)
	}
	_ = conn.Close(ctx)
	e, err := engine.Open(ctx, url, config)
	if err != nil {
		return nil, at.explain(err)
	}
	s := &Store{
		Reader: records.Reader{Session: e.Session(), Driven: records.DefaultDriven, Texts: texts{}},
		engine: e, place: at, woken: make(chan struct{}, 1), stop: func() {},
	}
	s.close = sync.OnceValue(s.shutDown)
	return s, nil
}

// giveUp closes a store that is of no use, and says why.
func (s *Store) giveUp(err error) error {
	_ = s.Close()
	return s.place.explain(err)
}

// Close finishes the writes that have begun, and refuses later ones. Another call
// waits for the first.
func (s *Store) Close() error { return s.close() }

func (s *Store) shutDown() error {
	s.stop()
	s.working.Wait()
	s.engine.Close()
	return nil
}

// Ping returns nil if the database answers, has the schema that the program needs,
// and is not being copied to.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.checkVersion(ctx); err != nil {
		return err
	}
	return s.checkWhole(ctx)
}

// Write runs fn in a transaction: see store.Store.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	defer s.keys.Forget() // It may have been about keys.
	var texts bool
	err := s.engine.Write(ctx, within(fn, &texts))
	if err == nil && texts {
		s.wake()
	}
	return err
}

// Rehearse is Write, but leaves nothing of what fn wrote.
func (s *Store) Rehearse(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.engine.Rehearse(ctx, within(fn, new(bool)))
}

// within runs fn in a transaction, writes the texts that have changed at its end, and
// notes whether there are any.
func within(fn func(ctx context.Context, tx store.Tx) error, texts *bool) func(ctx context.Context, session db.Session) error {
	return func(ctx context.Context, session db.Session) error {
		changed := &changedTexts{}
		tx := &records.Tx{Reader: records.Reader{Session: session, Driven: records.DefaultDriven}, Queue: changed}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		*texts = len(changed.changed) > 0
		if err := changed.flush(ctx, session); err != nil {
			return err
		}
		return tx.Finish(ctx)
	}
}

// Look runs fn on one state of the database: see store.Store.
func (s *Store) Look(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.engine.Look(ctx, func(ctx context.Context, session db.Session) error {
		return fn(ctx, &records.Tx{Reader: records.Reader{Session: session, Driven: records.DefaultDriven}, Fixed: true})
	})
}

// maxKeysAge is how long a server goes on to take a key that another one has
// revoked.
const maxKeysAge = 500 * time.Millisecond

// KeysVersion returns a number that grows with every change of keys and users. What
// another server changes is seen within half a second.
func (s *Store) KeysVersion(ctx context.Context) (int64, error) {
	return s.keys.Get(ctx, s.Reader, maxKeysAge)
}
