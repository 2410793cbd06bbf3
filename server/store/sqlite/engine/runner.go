package engine

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/accountsd/accountsd/server/store/db"
)

// The statements around a transaction.
var (
	Begin     = db.Statement{Thing: "transaction", Text: "BEGIN IMMEDIATE"}
	BeginRead = db.Statement{Thing: "transaction", Text: "BEGIN", Brief: true}
	Commit    = db.Statement{Thing: "transaction", Text: "COMMIT"}
	Rollback  = db.Statement{Thing: "transaction", Text: "ROLLBACK"}
)

// dialect is SQLite's.
var dialect = db.Dialect{
	"ids":      listed,
	"texts":    listed,
	"among":    among,
	"amid":     among,
	"array":    db.Word("json_group_array"),
	"object":   db.Word("json_object"),
	"least":    db.Word("min"),
	"greatest": db.Word("max"),
	"instr":    db.Word("instr"),
	"holds":    holds,
	"same":     func(rest string) string { return strings.Replace(rest, " ", " = ", 1) },
	"within":   within,
	"beyond":   func(rest string) string { return strings.Replace(rest, " ", " > ", 1) },
	"sorted":   func(column string) string { return column },
	"join":     db.Word("CROSS JOIN"),
	"each":     each,
	"by":       func(index string) string { return "INDEXED BY " + index },
	"-":        db.Word("+"),
}

func listed(parameter string) string { return "SELECT value FROM json_each(" + parameter + ")" }

func among(parameter string) string { return "IN (" + listed(parameter) + ")" }

func each(rest string) string {
	table, as, of, id := db.Each(rest)
	return "CROSS JOIN " + table + " " + as + " ON " + as + ".id = " + of + "." + id
}

func within(rest string) string {
	column, parameter, _ := strings.Cut(rest, " ")
	return column + " " + among(parameter)
}

// holds looks into a text without accents. Texts end at a NUL for GLOB and for
// functions, blobs do not.
func holds(fold string) string {
	return "instr(iif(" + fold + notASCII + " OR instr(" + fold + ", char(0)), unaccented(CAST(" + fold + " AS BLOB)), " + fold + "), ?) > 0"
}

// Runner runs statements by the connection that it is lent for each.
type Runner struct {
	on   lender
	Gate *db.Gate
	// Whole keeps statements from being cancelled. SQLite ends a cancelled
	// one with the whole transaction, in which other callers' writes are.
	Whole bool
	// Damage is set for good by the first statement that finds the file
	// malformed. Runners on one file share it.
	Damage *atomic.Bool
	// Trace hears of each text before it runs, and how many parameters it has.
	Trace func(text string, parameters int)

	long *bool // set when a statement comes that is not brief, which is not run; nil: it is
}

var _ db.Runner = (*Runner)(nil)

// lender lends the connection for a statement: a pool, or one that is lent.
type lender interface {
	lend(ctx context.Context, brief bool) (*Conn, error)
	giveBack(*Conn)
}

// NewRunner returns a runner of reads, each by a connection of the pool, with an
// open gate.
func NewRunner(pool *Pool) *Runner { return newRunner(pool) }

func newRunner(on lender) *Runner {
	return &Runner{on: on, Gate: &db.Gate{}, Damage: new(atomic.Bool)}
}

// Run runs a statement: see db.Runner.
func (r *Runner) Run(ctx context.Context, st db.Statement, args []any, scan func(*db.Row) error) (changed int64, err error) {
	err = r.with(ctx, st, st.Brief, func(ctx context.Context, conn *Conn) error {
		changed, err = r.runOn(ctx, conn, st, args, scan)
		return err
	})
	return changed, err
}

// RunAll runs a statement for each list of arguments: see db.Runner.
func (r *Runner) RunAll(ctx context.Context, st db.Statement, lists [][]any) (changed int64, err error) {
	err = r.with(ctx, st, st.Brief, func(ctx context.Context, conn *Conn) error {
		for _, args := range lists {
			n, err := r.runOn(ctx, conn, st, args, nil)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// Add runs a statement that adds a row: see db.Runner. SQLite gives an id to a row
// that comes without.
func (r *Runner) Add(ctx context.Context, st db.Statement, id *db.ID, args []any) error {
	return r.with(ctx, st, st.Brief, func(ctx context.Context, conn *Conn) error {
		*id = 0
		_, err := r.runOn(ctx, conn, st, args, nil)
		if err == nil {
			*id = db.ID(conn.conn.LastInsertRowID())
		}
		return err
	})
}

// Flush does nothing: no write is late.
func (r *Runner) Flush(context.Context) error { return nil }

// MaxKey is none.
func (r *Runner) MaxKey() int { return 0 }

// Dialect is SQLite's.
func (r *Runner) Dialect() db.Dialect { return dialect }

// Lock does nothing: who writes has the whole file.
func (r *Runner) Lock(context.Context, int64) error { return nil }

// with calls fn with a connection.
func (r *Runner) with(ctx context.Context, st db.Statement, brief bool, fn func(ctx context.Context, conn *Conn) error) error {
	if err := r.Gate.Enter(); err != nil {
		return err
	}
	defer r.Gate.Leave()
	if r.Whole {
		ctx = context.Background()
	}
	conn, err := r.on.lend(ctx, brief)
	if err != nil {
		return r.interpret(err, st)
	}
	defer r.on.giveBack(conn)
	return fn(ctx, conn)
}

func (r *Runner) runOn(ctx context.Context, conn *Conn, st db.Statement, args []any, scan func(*db.Row) error) (int64, error) {
	if r.long != nil && !st.Brief {
		*r.long = true
		return 0, errLong
	}
	if r.Trace != nil {
		r.Trace(dialect.Expand(st.Text), len(args))
	}
	if err := conn.run(ctx, st, args, scan); err != nil {
		return 0, r.interpret(err, st)
	}
	if !st.Changes() {
		return 0, nil
	}
	changed := int64(conn.conn.Changes())
	if changed > 0 {
		conn.writes++
	}
	return changed, nil
}

// interpret is Interpret, and takes note of damage.
func (r *Runner) interpret(err error, st db.Statement) error {
	if IsDamage(err) && r.Damage != nil {
		r.Damage.Store(true)
	}
	return Interpret(err, st)
}

// Quiet returns a session on the same file that takes no note of damage.
func Quiet(session db.Session) db.Session {
	runner, ok := session.Runner.(*Runner)
	if !ok {
		return session
	}
	quiet := *runner
	quiet.Damage = nil
	return db.Session{Runner: &quiet}
}

// Snapshot runs reads that together see one state. A transaction sees one
// anyway.
func (r *Runner) Snapshot(ctx context.Context, read func(db.Session) error) error {
	return r.snapshot(ctx, nil, read)
}

// Look is Snapshot for reads that are most often brief, as those of one record: they
// are run like that, and again as long ones once one of them is not.
func (r *Runner) Look(ctx context.Context, read func(db.Session) error) error {
	long := false
	if err := r.snapshot(ctx, &long, read); !long {
		return err
	}
	return r.snapshot(ctx, nil, read)
}

// errLong is of a read among brief ones that is not brief.
var errLong = errors.New("this takes a connection for long")

// snapshot runs brief reads if it has a place to note that they are not.
func (r *Runner) snapshot(ctx context.Context, long *bool, read func(db.Session) error) error {
	if _, pooled := r.on.(*Pool); r.Whole || !pooled {
		return read(db.Session{Runner: r})
	}
	return r.with(ctx, BeginRead, long != nil, func(ctx context.Context, conn *Conn) error {
		if err := conn.run(ctx, BeginRead, nil, nil); err != nil {
			return r.interpret(err, BeginRead)
		}
		defer func() { _ = conn.run(context.Background(), Rollback, nil, nil) }() // it has written nothing
		lent := r.by(conn)
		lent.long = long
		return read(db.Session{Runner: lent})
	})
}

// by is a runner as r on another connection, with an open gate of its own.
func (r *Runner) by(conn *Conn) *Runner {
	lent := &struct {
		Runner
		gate db.Gate
	}{Runner: *r}
	lent.on, lent.Gate = conn, &lent.gate
	return &lent.Runner
}
