package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/write"
)

// The codes of errors: https://www.postgresql.org/docs/15/errcodes-appendix.html
const (
	uniqueViolation      = "23505"
	readOnlyTransaction  = "25006"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	queryCanceled        = "57014"
	lockNotAvailable     = "55P03"
	undefinedTable       = "42P01"
	duplicateTable       = "42P07"
	duplicateObject      = "42710" // such as the type of a table's rows
	notInEncoding        = "22021"
	insufficientRights   = "42501"
	undefinedFunction    = "42883"
	tooManyConnections   = "53300"
	diskFull             = "53100"
)

// Classes are the first two characters of codes.
const (
	classConnection = "08"
	classResources  = "53" // too many connections, disk full, out of memory
	classOperator   = "57" // shutting down, starting up, cancelled
	classSystem     = "58"
)

// code returns PostgreSQL's code of an error; empty: it is not of PostgreSQL.
func code(err error) string {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code
	}
	return ""
}

// IsConflict tells whether a transaction was ended since it and another one could
// not both go on. It may be tried again.
func IsConflict(err error) bool {
	c := code(err)
	return c == serializationFailure || c == deadlockDetected
}

// IsUndefined tells whether a table is not there.
func IsUndefined(err error) bool { return code(err) == undefinedTable }

// IsRefused tells whether a function is not there, or not for this user.
func IsRefused(err error) bool {
	c := code(err)
	return c == insufficientRights || c == undefinedFunction
}

// IsNotText tells whether a text has bytes that are none in the database's encoding.
func IsNotText(err error) bool { return code(err) == notInEncoding }

// IsTaken tells whether a unique value is another row's, or a name that of another
// thing.
func IsTaken(err error) bool {
	switch code(err) {
	case uniqueViolation, duplicateTable, duplicateObject:
		return true
	}
	return false
}

// isGone tells whether the database could not be reached, or is about to go.
func isGone(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true // for whatever reason: a password that was changed, for one
	}
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch failure.Code[:min(2, len(failure.Code))] {
		case classConnection, classResources, classOperator, classSystem:
			return failure.Code != queryCanceled
		}
		return failure.SeverityUnlocalized != "ERROR" // It has ended the session, which may have said nothing for too long.
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed) || isCut(err)
}

// isSettled tells whether an error is of a transaction that was not committed for
// sure: PostgreSQL has undone it, and goes on. Where it ends the session, or another
// program between says that it cannot go on, the commit may have been carried out.
func isSettled(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.SeverityUnlocalized == "ERROR" && !strings.HasPrefix(failure.Code, classConnection)
}

// isLost tells whether a connection has ended that was of use before. Its
// transaction, if it was not to be committed yet, is undone.
func isLost(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && !isSettled(err) && isGone(err)
}

// Interpret turns what the driver returned into an error of the domain:
// KindConflict if the record repeats another one, KindUnavailable if the database
// cannot be reached, is busy or does not answer in time, and else an internal one. It
// keeps its cause, so errors.Is finds the end of a context.
func Interpret(ctx context.Context, err error, st db.Statement) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && code(err) == queryCanceled {
		err = errors.Join(ctx.Err(), err)
	}
	wrapped := fmt.Errorf("%s %s: %w", st.Verb(), st.Thing, err)
	switch c := code(err); {
	case errors.Is(err, context.Canceled):
		return wrapped
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database did not answer in time", Err: wrapped}
	case c == uniqueViolation && st.Taken != "":
		return &fault.Error{Kind: fault.KindConflict, Message: st.Taken, Err: wrapped}
	case c == lockNotAvailable || c == queryCanceled || IsConflict(err):
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database is busy", Err: wrapped}
	case errors.Is(err, write.ErrReadOnly):
		return write.ErrReadOnly
	case c == readOnlyTransaction: // of the database, which may be a standby now
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database takes no writes for now", Err: wrapped}
	case c == diskFull:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the disk of the database is full", Err: wrapped}
	case c == tooManyConnections:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database takes no more connections", Err: wrapped}
	case isGone(err):
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database cannot be reached", Err: wrapped}
	}
	return wrapped
}
