package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// Proxy is a program that stands in front of clusters or servers. It ends with the
// process that started it.
type Proxy struct {
	URL string // that clients of it use

	keeper  *keeper
	process *process
}

// Stop ends the proxy. It may be called again. The error tells if the proxy had ended
// before.
func (p *Proxy) Stop() error {
	if p.keeper == nil {
		return nil
	}
	var err error
	switch {
	case p.process == nil:
	case p.process.hasEnded():
		err = fmt.Errorf("it has ended by itself; its log says\n%s", p.process.tail())
	default:
		err = p.process.end(plain, shutdown)
	}
	err = errors.Join(err, p.keeper.end())
	p.keeper = nil
	return err
}

// HAProxy runs a balancer of HTTP in front of servers until the test ends, and
// returns its URL: see [StartHAProxy]. The test is skipped if haproxy is not
// installed, unless [Required].
func HAProxy(t testing.TB, config string, servers ...string) string {
	t.Helper()
	p, err := StartHAProxy(t.Context(), config, servers...)
	return untilEnd(t, p, err)
}

// StartHAProxy runs a balancer of HTTP in front of servers. The configuration is
// one to be handed out, like docs/haproxy.cfg; in the places of its addresses come
// a spare one, to listen on, and those of the servers.
func StartHAProxy(ctx context.Context, config string, servers ...string) (*Proxy, error) {
	path, err := program("haproxy")
	if err != nil {
		return nil, err
	}
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if config, err = readdress(config, addr, servers); err != nil {
		return nil, err
	}
	return startProxy(ctx, &Proxy{URL: "http://" + addr}, addr, "haproxy.cfg", config, path, "-db", "-f")
}

var (
	bindLine   = regexp.MustCompile(`(?m)^(\s*bind\s+)\S+`)
	serverLine = regexp.MustCompile(`(?m)^(\s*server\s+\S+\s+)\S+`)
)

// readdress puts addresses into a configuration of HAProxy.
func readdress(config, addr string, servers []string) (string, error) {
	if binds, places := len(bindLine.FindAllString(config, -1)), len(serverLine.FindAllString(config, -1)); binds != 1 || places != len(servers) {
		return "", fmt.Errorf("the configuration binds %d addresses and has %d servers, instead of 1 and %d", binds, places, len(servers))
	}
	config = bindLine.ReplaceAllString(config, "${1}"+addr)
	return serverLine.ReplaceAllStringFunc(config, func(line string) string {
		server := servers[0]
		servers = servers[1:]
		return serverLine.ReplaceAllString(line, "${1}"+server)
	}), nil
}

// PgBouncer runs a pooler in front of the cluster of a URL until the test ends, and
// returns the URL of the same database behind it: see [StartPgBouncer]. The test is
// skipped if pgbouncer is not installed, unless [Required].
func PgBouncer(t testing.TB, database string) string {
	t.Helper()
	p, err := StartPgBouncer(t.Context(), database)
	return untilEnd(t, p, err)
}

// poolSize is how many sessions of a cluster a pooler has at once.
const poolSize = 20

// StartPgBouncer runs a pooler of sessions, in its transaction mode, in front of the
// cluster of a URL. One server session serves many clients there, one transaction
// each, so what a client prepares, sets or locks in its session is lost: pgx needs
// default_query_exec_mode=exec or cache_describe.
func StartPgBouncer(ctx context.Context, database string) (*Proxy, error) {
	path, err := program("pgbouncer")
	if err != nil {
		return nil, err
	}
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	location, err := url.Parse(database)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
`, location.Hostname(), location.Port(), location.User.Username(), port, poolSize)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	location.Host = addr
	return startProxy(ctx, &Proxy{URL: location.String()}, addr, "pgbouncer.ini", config, path)
}

// startProxy runs a program with a configuration, whose file is the last of its
// arguments, and waits until it listens.
func startProxy(ctx context.Context, p *Proxy, addr, file, config, program string, args ...string) (_ *Proxy, err error) {
	if p.keeper, err = newKeeper(""); err != nil {
		return nil, err
	}
	if err = p.keeper.write(file, config); err == nil {
		p.process, err = p.keeper.start(program, slices.Concat(args, []string{p.keeper.path(file)})...)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, startup)
		defer cancel()
		err = p.process.until(ctx, func(ctx context.Context) error { return listens(ctx, addr) })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", program, err), p.Stop())
	}
	return p, nil
}

// untilEnd lets a proxy run until the test ends.
func untilEnd(t testing.TB, p *Proxy, err error) string {
	t.Helper()
	check(t, err)
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stop the proxy: %v", err)
		}
	})
	return p.URL
}

// listens returns an error unless somebody listens on an address.
func listens(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
