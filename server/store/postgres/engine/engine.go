package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/db"
)

// ErrClosed is of calls after Close.
var ErrClosed = fault.Errorf(fault.KindUnavailable, "the store is closed")

// ErrFull is of writes that find too many others before them.
var ErrFull = fault.Errorf(fault.KindUnavailable, "too many writes are waiting")

var errEnded = errors.New("the transaction has ended")

// Config is how much of a database server an engine takes.
type Config struct {
	MaxConns int           // at once, at least 4; 0: DefaultMaxConns
	Timeout  time.Duration // of a write whose caller has none; 0: DefaultTimeout

	// Patient lets statements take as long as they do, and wait as long for others,
	// unless the URL says otherwise. What a role or a database has as statement_timeout
	// and lock_timeout is meant for requests.
	Patient bool

	Watcher observe.Groups   // is told of what is committed; nil: nobody is
	Clock   func() time.Time // of this machine; nil: time.Now
}

// The values of a Config that has none.
const (
	DefaultMaxConns = 16
	DefaultTimeout  = 30 * time.Second
)

// MaxWaiting are the writes that wait for their turn, beyond which they are refused.
const MaxWaiting = 4096

const (
	minConns = 4
	// leftToBrief are the connections that neither writes get nor long reads.
	leftToBrief = 2
	// idleConns stay open, so that a request seldom waits for a new one.
	idleConns = 2
	// tries are how often a write is run: see mayRepeat.
	tries = 5
	// connectTime is how long a server may take to let a connection in, unless the
	// URL says so: after it the next one of the URL is tried.
	connectTime = 5 * time.Second
	// A statement that is given up is cancelled; if that does not help, the
	// connection is closed. So long its caller waits beyond the deadline.
	cancelAfter = 50 * time.Millisecond
	closeAfter  = 500 * time.Millisecond
	// pingTime is how long a connection that was idle may take to show that it is of
	// use, before another one is tried.
	pingTime = 5 * time.Second
)

func (c Config) withDefaults() Config {
	if c.MaxConns == 0 {
		c.MaxConns = DefaultMaxConns
	}
	c.MaxConns = max(c.MaxConns, minConns)
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

// Engine runs statements on a database.
type Engine struct {
	clock
	config   Config
	pool     *pool
	ids      counters
	together together
	gate     *db.Gate
	writers  chan struct{} // one is taken for each transaction that may write
	long     chan struct{} // and one for each read that is not brief
	waiting  atomic.Int64
	begin    string // begins a transaction that may write
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
	c.MaxConns, c.MinIdleConns, c.PingTimeout = int32(config.MaxConns), idleConns, pingTime
	c.ConnConfig.OnNotice = noteWarning
	c.ConnConfig.BuildContextWatcherHandler = closeLate
	if c.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		c.ConnConfig.BuildContextWatcherHandler = cancelLate
		c.AfterConnect = config.setUp // Else it is a pooler's, and no session of its own.
	}
	connections, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	// Half of the connections are left to reads, and to those who need ids. A few searches
	// of seconds would keep all who read one record waiting, so these have some of that half.
	writers := config.MaxConns / 2
	return &Engine{
		clock: clock{machine: config.Clock}, config: config, pool: &pool{connections}, gate: &db.Gate{},
		begin:   beginningOf(c.ConnConfig.RuntimeParams),
		writers: make(chan struct{}, writers), long: make(chan struct{}, max(1, config.MaxConns-writers-leftToBrief)),
	}, nil
}

// cancelLate cancels a statement whose context has ended, and keeps the connection.
func cancelLate(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, CancelRequestDelay: cancelAfter, DeadlineDelay: closeAfter}
}

// closeLate closes the connection, which cancels the statement as well. PgBouncer 1.18
// crashes if who cancels does not wait until that is done, as cancelLate does not.
func closeLate(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn(), DeadlineDelay: cancelAfter}
}

// sessionSettings set a connection up that is a session of its own. It plans each
// prepared statement once: to plan the read of an account takes twice as long as to read
// it, and which way is the best depends on the statement, not on what it is run with. It
// compiles none to machine code: for a search of all accounts that takes as long as the
// search. And it ends if a transaction waits too long for its next statement, or if the
// machine at the other end is gone without a word. That is asked of it, for who waits for
// the rest of a group that has already locked the company would wait for hours. Those that
// write may do nothing for less time: see beginningOf.
var sessionSettings = [][2]string{
	{"plan_cache_mode", "force_generic_plan"}, {"jit", "off"}, {idleTimeout, "30s"},
	{"tcp_keepalives_idle", "10"}, {"tcp_keepalives_interval", "5"}, {"tcp_keepalives_count", "2"},
}

// patience is of sessions whose statements may take as long as they do.
var patience = [][2]string{{"statement_timeout", "0"}, {lockTimeout, "0"}}

func (c Config) setUp(ctx context.Context, conn *pgx.Conn) error {
	chosen := sessionSettings
	if c.Patient {
		chosen = slices.Concat(chosen, patience)
	}
	// What is outside of a transaction is isolated as those are: see beginWrite.
	text := strings.Join(settings("SET", chosen, conn.Config().RuntimeParams), "; ") + "; SET default_transaction_isolation = 'read committed'"
	_, err := conn.Exec(ctx, text)
	return err
}

// settings are statements that set parameters, but for those that a URL has set.
func settings(verb string, parameters [][2]string, set map[string]string) (statements []string) {
	for _, p := range parameters {
		if _, ok := set[p[0]]; !ok {
			statements = append(statements, verb+" "+p[0]+" = '"+p[1]+"'")
		}
	}
	return statements
}

// How long a transaction that writes may keep others waiting, and be kept. One that has
// locked rows and says nothing for keepsTime is of a server that stands still or is gone.
// It is ended, and then one of those that waited for it goes on, which may be of the same
// server. These have left by then, because none waits longer than waitsTime at a time, and
// only who goes on is run again, as long as its caller waits. When the first in line leaves
// it, another one begins to wait anew, so waitsTime is less than half of keepsTime.
const (
	idleTimeout = "idle_in_transaction_session_timeout"
	keepsTime   = "15s"
	lockTimeout = "lock_timeout"
	waitsTime   = "7s"
)

// beginningOf is how transactions that write are begun, where a URL has set parameters. It
// holds for a pooler's sessions as well.
func beginningOf(set map[string]string) string {
	limits := [][2]string{{idleTimeout, keepsTime}, {lockTimeout, waitsTime}}
	return strings.Join(append([]string{beginWrite.Text}, settings("SET LOCAL", limits, set)...), "; ")
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

// Look runs fn on one state of the database, in which it can only read. One brief
// read is one state by itself, and takes no transaction: so fn is run with that one,
// and if it needs more, again in a snapshot.
func (e *Engine) Look(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	if err := e.gate.Enter(); err != nil {
		return err
	}
	defer e.gate.Leave()
	single := &runner{Engine: e, on: e.pool, gate: &db.Gate{}, readOnly: true, single: &single{}}
	err := fn(ctx, db.Session{Runner: single})
	single.gate.Close(errEnded)
	if !single.single.more {
		return err
	}
	return single.snapshot(ctx, func(s db.Session) error { return fn(ctx, s) })
}

// beginWrite names the isolation: a transaction has to see what was committed while it
// waited for its turn. A role or a database may have another one as its default, with
// which all but the first of those who wait would fail.
var beginWrite = db.Statement{Thing: "transaction", Text: "BEGIN ISOLATION LEVEL READ COMMITTED"}

// Write runs fn in a transaction, and commits it unless fn fails, which undoes it.
// If fn cannot go on beside another transaction, or the connection is lost, it is run
// again. A ctx that ends before fn was begun stops it; after that only its deadline
// does.
func (e *Engine) Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return e.write(ctx, fn, false)
}

// Rehearse is Write, but leaves nothing of what fn wrote. The ids that it gives are
// those that the next write gets.
func (e *Engine) Rehearse(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return e.write(ctx, fn, true)
}

func (e *Engine) write(ctx context.Context, fn func(ctx context.Context, s db.Session) error, rehearsal bool) error {
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
	for try := 1; ; {
		err := e.transact(ctx, fn, rehearsal)
		waits := code(err) == lockNotAvailable // which says nothing of whether the next one has to
		if !e.mayRepeat(ctx, err) || try == tries && !waits {
			return err
		}
		if !waits {
			try++
		}
	}
}

// mayRepeat tells whether a transaction that failed may be run again: one that could
// not go on beside another one, or has waited for one, or whose connection was lost before it was committed.
// Where one is lost, as when the database has started again, the others are given up
// as well. One that needed another connection, which PostgreSQL did not take, has let
// its own one go by now.
func (e *Engine) mayRepeat(ctx context.Context, err error) bool {
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, errUnknown):
		return false
	case isLost(err):
		e.pool.Reset()
	case code(err) == tooManyConnections && e.pool.has():
		e.pool.pause(ctx, lastPause)
	case !IsConflict(err) && code(err) != lockNotAvailable:
		return false
	}
	e.tellRedone()
	return true
}

// takePlace waits until the transaction may begin.
func (e *Engine) takePlace(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return Interpret(ctx, err, beginWrite)
	}
	if e.waiting.Add(1) > MaxWaiting {
		e.waiting.Add(-1)
		return ErrFull
	}
	defer e.waiting.Add(-1)
	return Interpret(ctx, db.Take(ctx, e.writers), beginWrite)
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
func (e *Engine) transact(ctx context.Context, fn func(ctx context.Context, s db.Session) error, rehearsal bool) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return Interpret(ctx, err, beginWrite)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, e.begin, pgx.QueryExecModeSimpleProtocol); err != nil {
		return Interpret(ctx, err, beginWrite)
	}
	defer rollback(conn.Conn()) // of what is left
	r := &runner{Engine: e, on: conn.Conn(), gate: &db.Gate{}, writes: true, locked: make(map[int64]bool)}
	if rehearsal {
		r.rehearsed = make(map[string]int64)
	}
	if err := r.call(ctx, fn); err != nil || rehearsal {
		dropReadOnly(conn.Conn(), err)
		return err
	}
	return e.commit(ctx, conn.Conn())
}

// call runs fn in the runner's transaction, and turns a panic into an error.
func (r *runner) call(ctx context.Context, fn func(ctx context.Context, s db.Session) error) (err error) {
	defer r.gate.Close(errEnded)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	if err := fn(ctx, db.Session{Runner: r}); err != nil {
		return err
	}
	return r.Flush(ctx)
}

// dropReadOnly closes a connection that takes no writes. A session keeps what its role or
// database had as default_transaction_read_only when it began, and where there are
// several servers, another one may be the primary by now.
func dropReadOnly(conn *pgx.Conn, err error) {
	if code(err) == readOnlyTransaction {
		ctx, cancel := context.WithTimeout(context.Background(), closeAfter)
		defer cancel()
		_ = conn.Close(ctx)
	}
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

// Pool returns the connections.
func (e *Engine) Pool() *pgxpool.Pool { return e.pool.Pool }
