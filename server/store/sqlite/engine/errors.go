package engine

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/write"
)

// failure is an error of SQLite, which its own type would not tell from others.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// failed marks an error as one of SQLite.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return failure{err}
}

// Interpret turns what the driver returned into an error of the domain:
// KindConflict if the record repeats another one, KindUnavailable if the
// database is busy or the disk full or failing, and else an internal one. That keeps its cause, so
// errors.Is finds a cancellation.
func Interpret(err error, st db.Statement) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s %s: %w", st.Verb(), st.Thing, err)
	switch code := code(err); {
	case st.Taken != "" && (code == sqlite.ResultConstraintUnique || code == sqlite.ResultConstraintPrimaryKey):
		return &fault.Error{Kind: fault.KindConflict, Message: st.Taken, Err: wrapped}
	case IsBusy(err):
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database is busy", Err: wrapped}
	case code.ToPrimary() == sqlite.ResultReadOnly:
		return write.ErrReadOnly
	case code.ToPrimary() == sqlite.ResultFull:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the disk is full", Err: wrapped}
	case code.ToPrimary() == sqlite.ResultIOErr:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the disk fails", Err: wrapped}
	}
	return wrapped
}

// IsBusy tells whether another connection holds a lock.
func IsBusy(err error) bool {
	primary := code(err).ToPrimary()
	return primary == sqlite.ResultBusy || primary == sqlite.ResultLocked
}

// IsDamage tells whether the file was found malformed.
func IsDamage(err error) bool {
	primary := code(err).ToPrimary()
	return primary == sqlite.ResultCorrupt || primary == sqlite.ResultNotADB
}

// IsOfSQLite tells whether SQLite returned the error.
func IsOfSQLite(err error) bool { return code(err) != sqlite.ResultOK }

// Primary returns the primary result code, or sqlite.ResultOK if the error is
// not of SQLite.
func Primary(err error) sqlite.ResultCode { return code(err).ToPrimary() }

// code returns the extended result code, or sqlite.ResultOK.
func code(err error) sqlite.ResultCode {
	if _, ok := errors.AsType[failure](err); ok {
		return sqlite.ErrCode(err)
	}
	return sqlite.ResultOK
}
