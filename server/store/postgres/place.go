package postgres

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// place is where a URL, and what the environment adds to it, lead to.
type place struct{ role, servers, database string }

func placeOf(c *pgconn.Config) place {
	servers := []string{serverOf(c.Host, c.Port)}
	for _, other := range c.Fallbacks {
		servers = append(servers, serverOf(other.Host, other.Port))
	}
	// A server that may be spoken to with TLS or without is there twice.
	p := place{role: c.User, servers: strings.Join(slices.Compact(servers), ","), database: c.Database}
	if p.database == "" {
		p.database = p.role // as the server has it
	}
	return p
}

func serverOf(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// Name is what people call the database of a URL: the URL without its password and
// its settings.
func Name(url string) string {
	c, err := readURL(url)
	if err != nil {
		return "the database"
	}
	p := placeOf(&c.ConnConfig.Config)
	return "postgres://" + p.role + "@" + p.servers + "/" + p.database
}

// readURL reads a URL. Its errors quote nothing of it, as that may be a part of the
// password.
func readURL(url string) (*pgxpool.Config, error) {
	c, err := engine.ReadURL(url)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case !isPlain(url):
		return nil, unreadable(nil)
	}
	return c, nil
}

// isPlain tells whether a URL means what its author thinks. A slash in a password
// ends the part of it that passwords are looked for in.
func isPlain(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	authority, rest, _ := strings.Cut(rest, "/")
	return strings.Contains(authority, "@") || !strings.Contains(rest, "@")
}

func unreadable(err error) error {
	if err != nil {
		if _, cause, ok := strings.Cut(err.Error(), "failed to configure TLS ("); ok {
			return fault.Errorf(fault.KindInvalid, "the TLS of the database's URL cannot be set up: %s", strings.TrimSuffix(cause, ")"))
		}
		if _, cause, ok := strings.Cut(err.Error(), "failed to read service ("); ok {
			return fault.Errorf(fault.KindInvalid, "the service that the database's URL or PGSERVICE names cannot be read: %s", strings.TrimSuffix(cause, ")"))
		}
	}
	return fault.Errorf(fault.KindInvalid, "the URL of the database cannot be read; write it as postgres://USER@HOST:PORT/NAME, "+
		"with the password in PGPASSWORD, in ~/.pgpass, or behind the user with %%2F for a slash and the like")
}
