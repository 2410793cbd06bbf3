//go:build unix

package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// Where pages begin otherwise than in a terminal beside "make run". The tour
// plays README and the page about the API as well.
var beginnings = map[string]func(t *testing.T) *stage{
	"backup":      onMachineWithService,
	"operation":   onEmptyMachine,
	"postgresql":  onPostgreSQL,
	"two-servers": onTwoMachines,
}

// Every page in docs does what it says.
func TestPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../../docs/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, path := range pages {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := beginnings[name]
			if begin == nil {
				begin = besideMakeRun
			}
			begin(t).play(t, readPage(t, "docs/"+name+".md"))
		})
	}
}

// besideMakeRun is a folder that "make run" is at work in, and a module.
func besideMakeRun(t *testing.T) *stage {
	t.Helper()
	addr := spareAddress(t)
	s := newStage(t, t.TempDir(), map[string]string{"127.0.0.1:8080": addr})
	asModule(t, s.dir)
	s.withNode(t, s.dir)
	s.env = append(s.env, "GOFLAGS=-mod=mod")
	s.serveSample(t, addr)
	return s
}

func onEmptyMachine(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	return newStage(t, dir, map[string]string{"127.0.0.1:8080": spareAddress(t), "/var/lib/accountsd": filepath.Join(dir, "var")})
}

// onMachineWithService is one with the sample company where a package has it, and
// a folder for backups. Nobody is somebody else there, and no service is started:
// "make check-dist" tests the unit.
func onMachineWithService(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	data, backups, service := filepath.Join(dir, "data"), filepath.Join(dir, "backup"), filepath.Join(dir, "service")
	s := newStage(t, dir, map[string]string{
		"/var/lib/accountsd": data, "/backup/": backups + "/",
		// Which date is in the name, the page cannot know.
		"/backup/accounts-2026-11-28.db": backups + "/accounts-*.db",
	})
	for name, script := range map[string]string{"sudo": "[ \"$1\" != -u ] || shift 2\nexec \"$@\"\n", "systemctl": "exit 0\n"} {
		write(t, filepath.Join(service, name), "#!/bin/sh\n"+script)
		if err := os.Chmod(filepath.Join(service, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "PATH="+service+":"+s.path)
	for _, folder := range []string{data, backups} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "init", "--db", filepath.Join(data, "accounts.db"), "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	return s
}

// onPostgreSQL is a machine that reaches a PostgreSQL by each of its names, and
// one with PgBouncer, and has a file with the sample company.
func onPostgreSQL(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	c := ownCluster(t)
	pooler := pgtest.PgBouncer(t, c.URL("accounts"))
	s := newStage(t, dir, map[string]string{
		"127.0.0.1:8080": spareAddress(t), "/var/lib/accountsd": dir, "10.0.0.5:6432": address(t, pooler),
		"db.example.com": "127.0.0.1", "db1.example.com": "127.0.0.1", "sslmode=verify-full": "sslmode=disable",
	})
	s.env = append(s.env, "PGPORT="+portOf(c), "PGUSER=postgres", "PGSSLMODE=disable")
	mustRun(t, "init", "--db", filepath.Join(dir, "accounts.db"), "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	return s
}

// onTwoMachines is a machine that is all of them: a PostgreSQL with the sample
// company, and addresses for two servers and a balancer.
func onTwoMachines(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	c := ownCluster(t)
	check(t, c.CreateDatabase(t.Context(), "accounts"))
	execute(t, c.URL("postgres"), "ALTER DATABASE accounts OWNER TO accountsd")
	mustRun(t, "init", "--db", strings.Replace(c.URL("accounts"), "postgres@", "accountsd@", 1), "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	first, second, balancer := spareAddress(t), spareAddress(t), spareAddress(t)
	s := newStage(t, dir, map[string]string{
		"10.0.0.11:8080": first, "10.0.0.12:8080": second, "10.0.0.1:8080": balancer, "bind :8080": "bind " + balancer,
		"db1.example.com": c.Addr(), "db2.example.com": c.Addr(), "sslmode=verify-full": "sslmode=disable",
	})
	config, err := os.ReadFile("../../../docs/haproxy.cfg")
	check(t, err)
	write(t, filepath.Join(dir, "docs", "haproxy.cfg"), s.names.Replace(string(config)))
	return s
}

// ownCluster is a PostgreSQL with the role accountsd, which may make databases.
func ownCluster(t *testing.T) *pgtest.Cluster {
	t.Helper()
	c := pgtest.New(t, pgtest.Options{MaxConnections: 100})
	execute(t, c.URL("postgres"), "CREATE ROLE accountsd LOGIN CREATEDB")
	return c
}

func portOf(c *pgtest.Cluster) string {
	_, port, _ := strings.Cut(c.Addr(), ":")
	return port
}

// address is host and port of a database.
func address(t *testing.T, database string) string {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	check(t, err)
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
