package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// ErrClosed is of calls after Close.
var ErrClosed = &fault.Error{Kind: fault.KindUnavailable, Message: "the store is closed"}

var (
	errEnded = errors.New("the transaction has ended")
	errFull  = &fault.Error{Kind: fault.KindUnavailable, Message: "too many writes are waiting"}
)

// Config is how much of a database server an engine takes.
type Config struct {
	MaxConns   int           // at once, at least 4; 0: DefaultMaxConns
	MaxWaiting int           // writes that wait for their turn, beyond which they are refused; 0: DefaultMaxWaiting
	Timeout    time.Duration // of a write whose caller has none; 0: DefaultTimeout
}

// The values of a Config that has none.
const (
	DefaultMaxConns   = 16
	DefaultMaxWaiting = 4096
	DefaultTimeout    = 30 * time.Second
)

const (
	minConns = 4
	// idleConns stay open, so that a request seldom waits for a new one.
	idleConns = 2
	// tries are how often a write is run that could not go on beside another one.
	tries = 5
	// connectTime is how long a server may take to let a connection in, unless the
	// URL says so: after it the next one of the URL is tried.
	connectTime = 5 * time.Second
	// A statement that is given up is cancelled; if that does not help, the
	// connection is closed.
	cancelAfter = 50 * time.Millisecond
	closeAfter  = 2 * time.Second
)

func (c Config) withDefaults() Config {
	if c.MaxConns == 0 {
		c.MaxConns = DefaultMaxConns
	}
	c.MaxConns = max(c.MaxConns, minConns)
	if c.MaxWaiting == 0 {
		c.MaxWaiting = DefaultMaxWaiting
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return c
}

// Engine runs statements on a database.
type Engine struct {
	config  Config
	pool    *pgxpool.Pool
	ids     counters
	gate    *db.Gate
	writers chan struct{} // one is taken for each transaction that may write
	waiting atomic.Int64
}

// ReadURL returns how to connect to the database of a URL.
func ReadURL(url string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectTime
	}
	if _, set := c.ConnConfig.RuntimeParams["application_name"]; !set {
		c.ConnConfig.RuntimeParams["application_name"] = "accountsd"
	}
	return c, nil
}

// Open returns an engine on the database of a URL. It connects when it is first
// used.
func Open(ctx context.Context, url string, config Config) (*Engine, error) {
	config = config.withDefaults()
	c, err := ReadURL(url)
	if err != nil {
		return nil, err
	}
	c.MaxConns, c.MinIdleConns = int32(config.MaxConns), idleConns
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, CancelRequestDelay: cancelAfter, DeadlineDelay: closeAfter}
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	// Half of the connections are left to reads, and to those who need ids.
	return &Engine{config: config, pool: pool, gate: &db.Gate{}, writers: make(chan struct{}, config.MaxConns/2)}, nil
}

// Close finishes what has begun, and refuses later calls with ErrClosed. It may be
// called again.
func (e *Engine) Close() {
	e.gate.Close(ErrClosed)
	e.pool.Close()
}

// Session returns the session of reads.
func (e *Engine) Session() db.Session {
	return db.Session{Runner: &runner{Engine: e, on: e.pool, gate: e.gate}}
}

// Look runs fn on one state of the database, in which it can only read.
func (e *Engine) Look(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return e.Session().Snapshot(ctx, func(s db.Session) error { return fn(ctx, s) })
}

var beginWrite = db.Statement{Thing: "transaction", Text: "BEGIN"}

// Write runs fn in a transaction, and commits it unless fn fails, which undoes it.
// If fn cannot go on beside another transaction, it is run again. A ctx that ends
// before fn was begun stops it; after that only its deadline does.
func (e *Engine) Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return e.write(ctx, fn, (*Engine).commit)
}

// Rehearse is Write, but leaves nothing of what fn wrote.
func (e *Engine) Rehearse(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return e.write(ctx, fn, func(*Engine, context.Context, *pgx.Conn) error { return nil })
}

func (e *Engine) write(ctx context.Context, fn func(ctx context.Context, s db.Session) error, end func(*Engine, context.Context, *pgx.Conn) error) error {
	if err := e.gate.Enter(); err != nil {
		return err
	}
	defer e.gate.Leave()
	if err := e.takePlace(ctx); err != nil {
		return err
	}
	defer func() { <-e.writers }()
	ctx, cancel := e.toTheEnd(ctx)
	defer cancel()
	var err error
	for range tries {
		if err = e.transact(ctx, fn, end); !IsConflict(err) {
			return err
		}
	}
	return err
}

// takePlace waits until the transaction may begin.
func (e *Engine) takePlace(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.waiting.Add(1) > int64(e.config.MaxWaiting) {
		e.waiting.Add(-1)
		return errFull
	}
	defer e.waiting.Add(-1)
	select {
	case e.writers <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// toTheEnd returns a context that ends with the deadline of another one only, so
// that what has begun is not given up since its caller is gone.
func (e *Engine) toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(e.config.Timeout)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), deadline)
}

// transact runs fn once.
func (e *Engine) transact(ctx context.Context, fn func(ctx context.Context, s db.Session) error, end func(*Engine, context.Context, *pgx.Conn) error) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return Interpret(ctx, err, beginWrite)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, beginWrite.Text); err != nil {
		return Interpret(ctx, err, beginWrite)
	}
	defer rollback(conn.Conn()) // of what is left
	if err := e.call(ctx, conn.Conn(), fn); err != nil {
		return err
	}
	return end(e, ctx, conn.Conn())
}

// call runs fn, and turns a panic into an error.
func (e *Engine) call(ctx context.Context, conn *pgx.Conn, fn func(ctx context.Context, s db.Session) error) (err error) {
	r := &runner{Engine: e, on: conn, gate: &db.Gate{}, writes: true, locked: make(map[int64]bool)}
	defer r.gate.Close(errEnded)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(ctx, db.Session{Runner: r})
}

// rollback ends a transaction that was not committed. A connection that cannot say
// so is closed, which ends it as well.
func rollback(conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeAfter)
	defer cancel()
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = conn.Close(ctx)
	}
}

// A commit whose answer is lost may have been carried out or not. So a transaction
// leaves its name in a table: whoever adds that name again waits for the transaction
// to end, and then either finds it there, or keeps it from ever being committed.
const (
	nameCommit = `INSERT INTO commits (id, at) VALUES ($1, $2)`
	findCommit = nameCommit + ` ON CONFLICT DO NOTHING`
	dropNames  = `DELETE FROM commits WHERE at < $1`
)

// namesKept is how long the names of commits are looked for, at most, with a margin.
const namesKept = time.Hour

// commit commits, and answers only what it knows.
func (e *Engine) commit(ctx context.Context, conn *pgx.Conn) error {
	name := rand.Text()
	err := commitAs(ctx, conn, name)
	if err == nil || code(err) != "" && !isGone(err) {
		return Interpret(ctx, err, commitWrite)
	}
	_ = conn.Close(ctx) // Its transaction may go on else.
	committed, failed := e.wasCommitted(ctx, name)
	switch {
	case failed != nil:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database cannot be reached to find out whether it has written", Err: errors.Join(err, failed)}
	case committed:
		return nil
	}
	return Interpret(ctx, err, commitWrite)
}

var commitWrite = db.Statement{Thing: "transaction", Text: "COMMIT"}

func commitAs(ctx context.Context, conn *pgx.Conn, name string) error {
	var batch pgx.Batch
	batch.Queue(nameCommit, name, time.Now().UnixMilli())
	batch.Queue(commitWrite.Text)
	return conn.SendBatch(ctx, &batch).Close()
}

// wasCommitted asks again until the database answers or ctx ends.
func (e *Engine) wasCommitted(ctx context.Context, name string) (bool, error) {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		done, err := e.pool.Exec(ctx, findCommit, name, time.Now().UnixMilli())
		if err == nil {
			return done.RowsAffected() == 0, nil
		}
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(pause):
		}
	}
}

// DropNames forgets the names of old commits, which nobody looks for any more.
func (e *Engine) DropNames(ctx context.Context) error {
	_, err := e.pool.Exec(ctx, dropNames, time.Now().Add(-namesKept).UnixMilli())
	return err
}

// Pool returns the connections.
func (e *Engine) Pool() *pgxpool.Pool { return e.pool }
