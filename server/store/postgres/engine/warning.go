package engine

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A commit waits for the synchronous standbys. If that wait is cancelled, PostgreSQL
// answers as if all was well, with a warning: the commit is on this server, and is
// lost with it. So such an answer is none.
const plainWarning = "01000"

var errWarned = errors.New("the commit may not be on the standbys")

// warningKey is where a connection notes that it was warned.
const warningKey = "warned"

func noteWarning(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.Code == plainWarning {
		conn.CustomData()[warningKey] = true
	}
}

func forgetWarning(conn *pgx.Conn) { delete(conn.PgConn().CustomData(), warningKey) }

// warned returns an error also if there is none, but a warning.
func warned(conn *pgx.Conn, err error) error {
	if err == nil && conn.PgConn().CustomData()[warningKey] != nil {
		return errWarned
	}
	return err
}
