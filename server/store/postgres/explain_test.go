package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// refused opens a database, and checks that it is refused in a sentence.
func refused(t *testing.T, ctx context.Context, url string, kind fault.Kind, want string) {
	t.Helper()
	s, err := postgres.Open(ctx, url, postgres.Config{Quiet: true})
	if err == nil {
		_ = s.Close()
		t.Errorf("opened; want %q", want)
		return
	}
	if fault.KindOf(err) != kind || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("kind %d: %v\nwant kind %d: %s", fault.KindOf(err), err, kind, want)
	}
}

// execute executes statements on a database.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// as is the URL of a database for another role, or with another setting.
func as(t *testing.T, database string, change func(u *url.URL, settings url.Values)) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	settings := u.Query()
	change(u, settings)
	u.RawQuery = strings.ReplaceAll(settings.Encode(), "+", "%20")
	return u.String()
}

// A URL that cannot be read is not quoted, since nobody knows which part of it is the
// password.
func TestURLsAreNotQuoted(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://ada:s3cret/accounts",
		"postgres://ada:s3cret@%zz/accounts",
		"postgres://ada:s3cret@127.0.0.1:x/accounts",
		"postgres://ada:12/s3cret@127.0.0.1/accounts",
		"postgres://ada:12/34@s3cret/accounts",
		"postgres://ada@127.0.0.1/accounts?connect_timeout=s3cret",
		"postgres:/ada:s3cret@127.0.0.1/accounts",
	} {
		refused(t, t.Context(), url, fault.KindInvalid, "write it as postgres://USER@HOST:PORT/NAME")
		if name := postgres.Name(url); name != "the database" {
			t.Errorf("%s is called %s", url, name)
		}
	}
	refused(t, t.Context(), "postgres://ada:s3cret@127.0.0.1/accounts?sslmode=loud", fault.KindInvalid, "the TLS of the database's URL cannot be set up: sslmode is invalid")
	refused(t, t.Context(), "postgres://ada:s3cret@127.0.0.1/accounts?sslrootcert=/absent.pem", fault.KindInvalid, "/absent.pem")
}

func TestName(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://ada:s3cret@db.example:5433/accounts?sslmode=disable":       "postgres://ada@db.example:5433/accounts",
		"postgresql://ada:s3%2Fcret@db.example/?user=lin":                      "postgres://lin@db.example:5432/lin",
		"postgres://ada:s3cret@a.example,b.example:5433/accounts?password=xyz": "postgres://ada@a.example:5432,b.example:5433/accounts",
	} {
		if got := postgres.Name(url); got != want {
			t.Errorf("%s is called %s, want %s", url, got, want)
		}
	}
}

func TestServersThatCannotBeReached(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	begin := time.Now()
	refused(t, t.Context(), "postgres://ada:s3cret@"+silent.Addr().String()+"/accounts?connect_timeout=2", fault.KindUnavailable, "the database server at "+silent.Addr().String()+" cannot be reached: it does not answer")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s to give up", took)
	}
	refused(t, t.Context(), "postgres://ada:s3cret@"+closed.Addr().String()+"/accounts", fault.KindUnavailable, "the database server at "+closed.Addr().String()+" cannot be reached: connection refused")
	refused(t, t.Context(), "postgres://ada:s3cret@absent.invalid/accounts", fault.KindUnavailable, "the database server at absent.invalid:5432 cannot be reached: the name absent.invalid leads to no address")
}

// What is wrong with a URL is said as what it is.
func TestSettingsOfURLs(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	for name, want := range map[string]string{
		"colour":          `refuses a setting of the URL: unrecognized configuration parameter "colour"`,
		"client_encoding": `refuses a setting of the URL: invalid value for parameter "client_encoding": "x"`,
	} {
		refused(t, t.Context(), as(t, database, func(_ *url.URL, settings url.Values) { settings.Set(name, "x") }), fault.KindInvalid, want)
	}
}

// Texts of other languages would be kept as what they are not, or could not be kept.
func TestDatabaseOfOtherEncoding(t *testing.T) {
	t.Parallel()
	server := pgtest.Database(t)
	name := fmt.Sprintf("latin_%d", os.Getpid())
	execute(t, server, "CREATE DATABASE "+name+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), server)
		if err == nil {
			_, err = conn.Exec(context.Background(), "DROP DATABASE "+name)
			_ = conn.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	latin := as(t, server, func(u *url.URL, _ url.Values) { u.Path = name })
	refused(t, t.Context(), latin, fault.KindInvalid, "has the encoding LATIN1, which cannot hold all texts; make it anew with ENCODING 'UTF8'")
	if version, err := postgres.VersionOf(t.Context(), latin); err != nil || version != 0 {
		t.Errorf("version %d, %v", version, err)
	}
}

// A database that is not ours stays as it is.
func TestDatabasesOfOthers(t *testing.T) {
	t.Parallel()
	foreign, flyway := pgtest.Database(t), pgtest.Database(t)
	execute(t, foreign, "CREATE EXTENSION pg_trgm", "CREATE TABLE users (id int)")
	execute(t, flyway, "CREATE TABLE schema_version (installed_rank int)")
	refused(t, t.Context(), foreign, fault.KindInvalid, "has tables of another program; name another one with --db")
	refused(t, t.Context(), flyway, fault.KindInvalid, "has tables of another program; name another one with --db")
	execute(t, foreign, "CREATE TABLE schema_version (id int)") // There was none.
	if _, err := postgres.VersionOf(t.Context(), flyway); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("its version: %v", err)
	}
	refused(t, t.Context(), as(t, foreign, func(u *url.URL, _ url.Values) { u.Path += "_absent" }), fault.KindNotFound, "there is no database ")
}

// An extension, as hosts of databases add them, makes a database no other program's.
func TestExtensionsAreNobodys(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	execute(t, database, "CREATE EXTENSION pg_trgm", "CREATE EXTENSION pg_stat_statements")
	s, err := postgres.Open(t.Context(), database, postgres.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// newRole makes a role, and returns the URL of a database for it.
func newRole(t *testing.T, database string) (role, itsURL string) {
	t.Helper()
	role = fmt.Sprintf("ada_%d", time.Now().UnixNano())
	execute(t, database, "CREATE ROLE "+role+" LOGIN PASSWORD 's3cret'")
	t.Cleanup(func() { // before the database is dropped
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), database)
		if err == nil {
			_, err = conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role)
			_ = conn.Close(context.WithoutCancel(t.Context()))
		}
		if err != nil {
			t.Error(err)
		}
	})
	return role, as(t, database, func(u *url.URL, _ url.Values) { u.User = url.UserPassword(role, "s3cret") })
}

func TestRightsThatAreMissing(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	role, itsURL := newRole(t, database)
	refused(t, t.Context(), itsURL, fault.KindInvalid, "the role "+role+" lacks a right on the database ")
	execute(t, database, "GRANT CREATE ON SCHEMA public TO "+role)
	refused(t, t.Context(), itsURL, fault.KindInvalid, "the role "+role+" may not add the extensions pg_trgm and btree_gin to the database ")
	refused(t, t.Context(), itsURL, fault.KindInvalid, "; have a superuser run CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin in it, and try again")
	// What the sentence says helps.
	execute(t, database, "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")
	s, err := postgres.Open(t.Context(), itsURL, postgres.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Who is locked out of a database that is served can try again later: the role may have
// got another password.
func TestRoleThatIsLockedOut(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	role, itsURL := newRole(t, database)
	execute(t, database, "GRANT CREATE ON SCHEMA public TO "+role, "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")
	s := open(t, itsURL)
	execute(t, database, "ALTER ROLE "+role+" NOLOGIN", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '"+role+"'")
	for range 3 { // The first may find a connection that has just ended.
		if _, err := s.Companies(t.Context()); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("got %v", err)
		}
	}
	execute(t, database, "ALTER ROLE "+role+" LOGIN")
	if _, err := s.Companies(t.Context()); err != nil {
		t.Error(err)
	}
}

// A standby is refused where there are no tables yet, and else can be read.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	standby := as(t, database, func(_ *url.URL, settings url.Values) { settings.Set("options", "-c default_transaction_read_only=on") })
	refused(t, t.Context(), standby, fault.KindUnavailable, "can only be read, as on a standby")
	for _, url := range []string{database, standby} {
		s, err := postgres.Open(t.Context(), url, postgres.Config{Quiet: true})
		if err != nil {
			t.Fatal(err)
		}
		if companies, err := s.Companies(t.Context()); err != nil || len(companies) != 0 {
			t.Errorf("%v, %v", companies, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A server tells a wrong password from a role that it does not let in.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "accountsd-hba-") // which the server may enter, unlike that of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	rules := filepath.Join(dir, "pg_hba.conf")
	text := "host all postgres 127.0.0.1/32 trust\nhost all stranger 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, rules} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := pgtest.New(t, pgtest.Options{Settings: map[string]string{"hba_file": rules}})
	execute(t, c.URL("postgres"), "CREATE ROLE ada LOGIN PASSWORD 'right'", "CREATE DATABASE accounts OWNER ada")
	by := func(user *url.Userinfo) string {
		return as(t, c.URL("accounts"), func(u *url.URL, _ url.Values) { u.User = user })
	}
	refused(t, t.Context(), by(url.UserPassword("ada", "s3cret")), fault.KindInvalid, "the database server at "+c.Addr()+" refuses the password of the role ada; set the right one by PGPASSWORD")
	refused(t, t.Context(), by(url.User("ada")), fault.KindInvalid, "refuses the password of the role ada")
	refused(t, t.Context(), by(url.UserPassword("stranger", "s3cret")), fault.KindInvalid, "does not let the role stranger in: pg_hba.conf rejects connection")
	s, err := postgres.Open(t.Context(), by(url.UserPassword("ada", "right")), postgres.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A schema's version is read as it is, and one that is newer is refused.
func TestVersions(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	want := func(want int) {
		t.Helper()
		if got, err := postgres.VersionOf(t.Context(), database); err != nil || got != want {
			t.Errorf("version %d, %v; want %d", got, err, want)
		}
	}
	want(0)
	if _, err := postgres.Open(t.Context(), database, postgres.Config{KeepSchema: true}); fault.KindOf(err) != fault.KindUnavailable || !strings.Contains(err.Error(), "has no tables of accountsd yet") {
		t.Errorf("opened as it is: %v", err)
	}
	want(0)
	s, err := postgres.Open(t.Context(), database, postgres.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want(postgres.SchemaVersion())
	execute(t, database, "UPDATE schema_version SET version = 1000")
	want(1000)
	refused(t, t.Context(), database, fault.KindInvalid, fmt.Sprintf("the schema has version 1000, and this program knows only up to %d: use a newer program", postgres.SchemaVersion()))
	if err := s.Ping(t.Context()); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("of one that is open: %v", err)
	}
}
