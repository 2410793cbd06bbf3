//go:build unix

package main_test

import (
	"net"
	"os"
	"os/exec"
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
	"monitoring":  onWatchedMachine,
	"operation":   onEmptyMachine,
	"postgresql":  onPostgreSQL,
	"standby":     besideSource,
	"two-servers": onTwoMachines,
	"webhooks":    besideReceiver,
	// A section has machines of its own if the page goes on with others.
	"postgresql#A standby, and failover": onTwoDatabases,
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
			stages := make(map[string]*stage)
			for _, b := range readPage(t, "docs/"+name+".md") {
				part, begin := name+"#"+b.section, beginnings[name+"#"+b.section]
				if begin == nil {
					part, begin = name, beginnings[name]
				}
				if begin == nil {
					begin = besideMakeRun
				}
				if stages[part] == nil {
					stages[part] = begin(t)
				}
				stages[part].play(t, []*block{b})
			}
		})
	}
}

// besideMakeRun is a folder that "make run" is at work in, and a module.
func besideMakeRun(t *testing.T) *stage {
	t.Helper()
	return besideMakeRunAnd(t, map[string]string{})
}

// besideReceiver is one where something else can listen.
func besideReceiver(t *testing.T) *stage {
	t.Helper()
	return besideMakeRunAnd(t, map[string]string{"127.0.0.1:9000": spareAddress(t)})
}

// besideMakeRunAnd is one with other addresses of the page as well.
func besideMakeRunAnd(t *testing.T, names map[string]string) *stage {
	t.Helper()
	addr := spareAddress(t)
	names["127.0.0.1:8080"] = addr
	s := newStage(t, t.TempDir(), names)
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

// besideSource is a folder with the sample company, which is served, and of which a copy
// can be made there.
func besideSource(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	db := filepath.Join(dir, "accounts.db")
	mustRun(t, "init", "--db", db, "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	return newStage(t, dir, map[string]string{"https://accounts.example.com": serve(t, db).url, "127.0.0.1:8080": spareAddress(t)})
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
	s.with(t, service, map[string]string{"sudo": asItself, "systemctl": "exit 0"})
	for _, folder := range []string{data, backups} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, "init", "--db", filepath.Join(data, "accounts.db"), "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	return s
}

// asItself is sudo where nobody is somebody else.
const asItself = `[ "$1" != -u ] || shift 2
exec "$@"`

// with puts programs before those of the machine.
func (s *stage) with(t *testing.T, folder string, scripts map[string]string) {
	t.Helper()
	for name, script := range scripts {
		write(t, filepath.Join(folder, name), "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "PATH="+folder+":"+s.path)
}

// onTwoDatabases is a machine with a PostgreSQL as db1, and what starts db2 once
// the page has made it.
func onTwoDatabases(t *testing.T) *stage {
	t.Helper()
	c := ownCluster(t)
	dir, err := os.MkdirTemp("", "accountsd-db2-") // which PostgreSQL may enter, unlike that of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "main")
	control := "pg_ctl -D " + data + " -w"
	if os.Geteuid() == 0 {
		control = "chown -R postgres " + data + "; cd /; runuser -u postgres -- env PATH=\"$PATH\" " + control
	}
	s := newStage(t, t.TempDir(), map[string]string{"db1.example.com": "127.0.0.1", "db2.example.com": "127.0.0.2", "/var/lib/postgresql/15/main": data})
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(folders) == 0 {
		t.Fatalf("the programs of PostgreSQL are not found: %v", err)
	}
	s.path = folders[len(folders)-1] + ":" + s.path
	s.with(t, filepath.Join(s.dir, "service"), map[string]string{"sudo": asItself, "systemctl": control + ` -l ` + data + `/log -o "-c listen_addresses=127.0.0.2" "$1"`})
	s.env = append(s.env, "PGPORT="+portOf(c))
	t.Cleanup(func() {
		stop := exec.Command("sh", "-c", control+" -m immediate stop")
		stop.Env = s.env
		if said, err := stop.CombinedOutput(); err != nil {
			t.Errorf("stop db2: %v\n%s", err, said)
		}
	})
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
