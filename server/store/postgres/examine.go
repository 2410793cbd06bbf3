package postgres

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// Condition is how a database is, and the server that has it.
type Condition struct {
	Version     int              // of the schema; 0: there is none
	Server      int              // the version of PostgreSQL, as 150004
	Off         []string         // settings that are off, and without which a crash loses what was answered
	Connections int              // that the server takes, beside those that it keeps for superusers
	RoleTakes   int              // of them that the role may have; -1: all
	HereTakes   int              // of them that the database may have; -1: all
	Others      int              // sessions of other programs
	ReadOnly    bool             // nothing can be written
	Encoding    string           // of texts
	Skew        time.Duration    // of its clock, ahead of this machine's
	Missing     []string         // extensions that the database has not got
	Plain       bool             // records travel in clear text to another machine
	Behind      bool             // another program stands between: the server has another port than the URL
	Prepares    bool             // the URL takes sessions for one's own
	Standing    records.Standing // only if the schema is the one that this program needs
	Texts       int64            // that wait to be indexed
}

// Examine looks at the database of a URL, and changes nothing. What keeps a server
// from using it is told by an error, in one sentence as that of Open.
func Examine(ctx context.Context, url string, now time.Time) (c Condition, err error) {
	s, err := connect(ctx, url, engine.Config{})
	if err != nil {
		return c, err
	}
	if err := c.look(ctx, s, now); err != nil {
		return c, s.giveUp(err)
	}
	return c, s.Close()
}

const selectCondition = `SELECT current_setting('server_version_num')::int,
	ARRAY(SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name),
	current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
		- coalesce(current_setting('reserved_connections', true), '0')::int,
	(SELECT CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END FROM pg_roles WHERE rolname = current_user),
	(SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
	(SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND application_name IS DISTINCT FROM 'accountsd')::int,
	pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool,
	current_setting('server_encoding'), clock_timestamp(), coalesce(inet_server_port(), 0),
	ARRAY(SELECT name FROM unnest($1::text[]) AS e (name) WHERE NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = name))`

func (c *Condition) look(ctx context.Context, s *Store, now time.Time) error {
	conn, err := s.engine.Pool().Acquire(ctx)
	if err != nil {
		return err
	}
	err = c.lookAtServer(ctx, conn.Conn())
	conn.Release()
	if err != nil {
		return err
	}
	if c.Version, err = s.Version(ctx); err != nil || c.Version != SchemaVersion() {
		return err
	}
	if c.Standing, err = s.Standing(ctx, now); err != nil {
		return err
	}
	c.Texts, err = s.TextBacklog(ctx)
	return err
}

func (c *Condition) lookAtServer(ctx context.Context, conn *pgx.Conn) error {
	var clock time.Time
	var port uint16
	began := time.Now()
	err := conn.QueryRow(ctx, selectCondition, extensions).Scan(
		&c.Server, &c.Off, &c.Connections, &c.RoleTakes, &c.HereTakes, &c.Others, &c.ReadOnly, &c.Encoding, &clock, &port, &c.Missing)
	if err != nil {
		return err
	}
	c.Skew = clock.Sub(began.Add(time.Since(began) / 2))
	config := conn.Config()
	_, secure := conn.PgConn().Conn().(*tls.Conn)
	c.Plain = !secure && !isOfThisMachine(conn.PgConn().Conn().RemoteAddr())
	c.Behind = port != 0 && port != config.Port
	c.Prepares = config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement
	return nil
}

// isOfThisMachine tells whether what is sent to an address leaves the machine.
func isOfThisMachine(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}
