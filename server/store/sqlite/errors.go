package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/accountsd/accountsd/server/account"
)

var (
	errClosed = &account.Error{Kind: account.KindUnavailable, Message: "the store is closed"}
	errEnded  = errors.New("the transaction has ended")
	errLost   = errors.New("a write ended its goroutine instead of returning")
)

// interpretError turns what the driver returned into an error of the domain:
// KindConflict if the record repeats another one, KindUnavailable if the
// database is busy or full, and else an internal one. That keeps its cause, so
// errors.Is finds a cancellation.
func interpretError(err error, st statement) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s %s: %w", st.verb(), st.thing, err)
	switch code := errorCode(err); {
	case code == codes.SQLITE_CONSTRAINT_UNIQUE && st.taken != "":
		return &account.Error{Kind: account.KindConflict, Message: st.taken, Err: wrapped}
	case isBusy(err):
		return &account.Error{Kind: account.KindUnavailable, Message: "the database is busy", Err: wrapped}
	case code&0xff == codes.SQLITE_FULL:
		return &account.Error{Kind: account.KindUnavailable, Message: "the disk is full", Err: wrapped}
	}
	return wrapped
}

func isBusy(err error) bool {
	primary := errorCode(err) & 0xff
	return primary == codes.SQLITE_BUSY || primary == codes.SQLITE_LOCKED
}

// errorCode returns SQLite's extended result code, or 0 if err is not of
// SQLite.
func errorCode(err error) int {
	if failure, ok := errors.AsType[*driver.Error](err); ok {
		return failure.Code()
	}
	return 0
}
