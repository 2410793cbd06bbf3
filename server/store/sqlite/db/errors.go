package db

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/write"
)

// Interpret turns what the driver returned into an error of the domain:
// KindConflict if the record repeats another one, KindUnavailable if the
// database is busy or full, and else an internal one. That keeps its cause, so
// errors.Is finds a cancellation.
func Interpret(err error, st Statement) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s %s: %w", st.verb(), st.Thing, err)
	switch code := Code(err); {
	case code == codes.SQLITE_CONSTRAINT_UNIQUE && st.Taken != "":
		return &fault.Error{Kind: fault.KindConflict, Message: st.Taken, Err: wrapped}
	case IsBusy(err):
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the database is busy", Err: wrapped}
	case code&0xff == codes.SQLITE_READONLY:
		return write.ErrReadOnly
	case code&0xff == codes.SQLITE_FULL:
		return &fault.Error{Kind: fault.KindUnavailable, Message: "the disk is full", Err: wrapped}
	}
	return wrapped
}

// IsBusy tells whether another connection holds a lock.
func IsBusy(err error) bool {
	primary := Code(err) & 0xff
	return primary == codes.SQLITE_BUSY || primary == codes.SQLITE_LOCKED
}

// IsDamage tells whether the file was found malformed.
func IsDamage(err error) bool {
	primary := Code(err) & 0xff
	return primary == codes.SQLITE_CORRUPT || primary == codes.SQLITE_NOTADB
}

// Code returns SQLite's extended result code, or 0 if err is not of SQLite.
func Code(err error) int {
	if failure, ok := errors.AsType[*driver.Error](err); ok {
		return failure.Code()
	}
	return 0
}
