package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// A commit whose answer is lost may have been carried out or not. So a transaction
// leaves its name in a table: whoever adds that name again waits for the transaction
// to end, and then either finds it there, or keeps it from ever being committed.
// Beside the name is which members of a group were written, or that it was kept from
// it. Who finds it writes as well, so that the answer waits for the standbys which
// the transaction should have waited for.
const (
	nameCommit = `INSERT INTO commits (id, at, members) VALUES ($1, $2, '')`
	findCommit = `INSERT INTO commits (id, at, members) VALUES ($1, $2, '` + kept + `')
ON CONFLICT (id) DO UPDATE SET at = excluded.at RETURNING members`
	dropNames = `DELETE FROM commits WHERE at < $1`

	kept = "-" // from being committed
)

// namesKept is how long the names of commits are looked for, at most, with a margin.
const namesKept = time.Hour

// DropNames forgets the names of old commits, which nobody looks for any more.
func (e *Engine) DropNames(ctx context.Context) error {
	_, err := e.pool.Exec(ctx, dropNames, e.Now().Add(-namesKept).UnixMilli())
	return err
}

// errUnknown is of a transaction that must not be run again.
var errUnknown = errors.New("the answer to the commit was lost")

var commitWrite = db.Statement{Thing: "transaction", Text: "COMMIT"}

// commit commits, and answers only what it knows.
func (e *Engine) commit(ctx context.Context, conn *pgx.Conn) error {
	began, name := time.Now(), rand.Text()
	var batch pgx.Batch
	batch.Queue(nameCommit, name, e.Now().UnixMilli())
	batch.Queue(commitWrite.Text)
	forgetWarning(conn)
	err := warned(conn, conn.SendBatch(ctx, &batch).Close())
	_, err = e.known(ctx, conn, name, err)
	e.Tell(began, 1, 0, err)
	return err
}

// known makes of what a commit returned what became of it, as an error of the domain:
// nil if it was carried out. If the answer was lost, it returns which members of a
// group were written.
func (e *Engine) known(ctx context.Context, conn *pgx.Conn, name string, err error) (members []int64, _ error) {
	if err == nil || isSettled(err) {
		return nil, Interpret(ctx, err, commitWrite)
	}
	_ = conn.Close(ctx) // Its transaction may go on else.
	members, committed, failed := e.wasCommitted(ctx, name)
	switch {
	case failed != nil:
		return nil, &fault.Error{Kind: fault.KindUnavailable, Message: "the database cannot be reached to find out whether it has written", Err: errors.Join(errUnknown, err, failed)}
	case committed:
		return members, nil
	}
	return nil, Interpret(ctx, err, commitWrite)
}

// wasCommitted asks again until the database answers or ctx ends.
func (e *Engine) wasCommitted(ctx context.Context, name string) (members []int64, committed bool, err error) {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if members, committed, err = e.lookUpCommit(ctx, name); err == nil {
			return members, committed, nil
		}
		select {
		case <-ctx.Done():
			return nil, false, err
		case <-time.After(pause):
		}
	}
}

func (e *Engine) lookUpCommit(ctx context.Context, name string) (members []int64, committed bool, err error) {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return nil, false, err
	}
	defer conn.Release()
	forgetWarning(conn.Conn())
	var list string
	err = conn.QueryRow(ctx, findCommit, name, e.Now().UnixMilli()).Scan(&list)
	dropReadOnly(conn.Conn(), err)
	if err = warned(conn.Conn(), err); err != nil || list == kept {
		return nil, false, err
	}
	for text := range strings.SplitSeq(list, ",") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			members = append(members, n)
		}
	}
	return members, true, nil
}

// Group runs a statement that writes what is given to it for the members of a group,
// and returns the numbers of those that were written. The company is locked before,
// and all is committed, on one way to the database and back. The arguments are made
// for the name of the commit and the time that the statement has to note.
func (e *Engine) Group(ctx context.Context, companyID int64, text string, args func(name string, at int64) []any) (members []int64, err error) {
	if err := e.gate.Enter(); err != nil {
		return nil, err
	}
	defer e.gate.Leave()
	for range tries {
		if members, err = e.group(ctx, companyID, text, args); !e.mayRepeat(ctx, err) {
			break
		}
	}
	return members, err
}

func (e *Engine) group(ctx context.Context, companyID int64, text string, args func(name string, at int64) []any) ([]int64, error) {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return nil, Interpret(ctx, err, beginWrite)
	}
	defer conn.Release()
	defer rollback(conn.Conn()) // if it did not commit
	name := rand.Text()
	var batch pgx.Batch
	batch.Queue(beginWrite.Text)
	batch.Queue(textOf(lockCompany), companyID)
	batch.Queue(text, args(name, e.Now().UnixMilli())...)
	batch.Queue(commitWrite.Text)
	members, err := sendGroup(ctx, conn.Conn(), &batch)
	dropReadOnly(conn.Conn(), err)
	if found, err := e.known(ctx, conn.Conn(), name, err); err != nil || found != nil {
		return found, err
	}
	return members, nil
}

// sendGroup sends the statements, and reads what the third one returns.
func sendGroup(ctx context.Context, conn *pgx.Conn, batch *pgx.Batch) (members []int64, err error) {
	forgetWarning(conn)
	results := conn.SendBatch(ctx, batch)
	defer func() { err = warned(conn, errors.Join(err, results.Close())) }()
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
