package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// HAProxy runs a balancer of HTTP in front of servers until the test ends, and
// returns its URL. The configuration is one to be handed out, like
// docs/haproxy.cfg; in the places of its addresses come a spare one, to listen
// on, and those of the servers. The test is skipped if haproxy is not installed,
// unless [Required].
func HAProxy(t testing.TB, config string, servers ...string) string {
	t.Helper()
	path, err := program("haproxy")
	check(t, err)
	port, err := sparePort()
	check(t, err)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	config, err = readdress(config, addr, servers)
	check(t, err)
	startProxy(t, addr, "haproxy.cfg", config, path, "-db", "-f")
	return "http://" + addr
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

// PgBouncer runs a pooler of sessions, in its transaction mode, in front of the
// cluster of a URL until the test ends, and returns the URL of the same database
// behind it. One server session serves many clients there, one transaction each,
// so what a client prepares, sets or locks in its session is lost: pgx needs
// default_query_exec_mode=exec. The test is skipped if pgbouncer is not
// installed, unless [Required].
func PgBouncer(t testing.TB, database string) string {
	t.Helper()
	path, err := program("pgbouncer")
	check(t, err)
	port, err := sparePort()
	check(t, err)
	location, err := url.Parse(database)
	check(t, err)
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 1000
`, location.Hostname(), location.Port(), location.User.Username(), port)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	startProxy(t, addr, "pgbouncer.ini", config, path)
	location.Host = addr
	return location.String()
}

// startProxy runs a program with a configuration, whose file is the last of its
// arguments, until the test ends.
func startProxy(t testing.TB, addr, file, config, program string, args ...string) {
	t.Helper()
	k, err := newKeeper("")
	check(t, err)
	t.Cleanup(func() { stopped(t, program, k.end()) })
	check(t, k.write(file, config))
	p, err := k.start(program, slices.Concat(args, []string{k.path(file)})...)
	check(t, err)
	t.Cleanup(func() { stopped(t, program, p.end(plain, shutdown)) })
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	if err := p.until(ctx, func(ctx context.Context) error { return listens(ctx, addr) }); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
}

func stopped(t testing.TB, program string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("stop %s: %v", program, err)
	}
}

// listens returns an error unless somebody listens on an address.
func listens(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
