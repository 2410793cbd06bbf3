package main_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// What can be wrong with a database on PostgreSQL, one after the other on one server.
func TestDoctorOfPostgres(t *testing.T) {
	t.Parallel()
	c, db := newCluster(t)
	as := func(role string) string { return "postgres://" + role + "@" + c.Addr() + "/accounts?sslmode=disable" }
	look := func(want string, args ...string) (code int) {
		t.Helper()
		said, code := doctor(t, nil, append([]string{"--addr", mailtest.FreeAddr(t)}, args...)...)
		wantFinding(t, said, code, want)
		if strings.Contains(said, "s3cret") {
			t.Errorf("the password is shown:\n%s", said)
		}
		return code
	}
	mine, name := db("s3cret"), "postgres://ada@"+c.Addr()+"/accounts"
	look("wrong schema "+name+" has no tables of accountsd yet; make them with accountsd init\n", "--db", mine)
	newCompanyIn(t, mine)
	if code := look("ok database "+name+" is reached, on PostgreSQL ", "--db", mine); code != 0 {
		t.Error("a database with which all is well is said to be wrong")
	}
	look("wrong database the database server at "+c.Addr()+" refuses the password of the role ada", "--db", db("wrong"))
	look("wrong database there is no database nowhere at "+c.Addr(), "--db", strings.Replace(as("postgres"), "/accounts", "/nowhere", 1))
	look("wrong connections --db-connections is 400, other programs have ", "--db", mine, "--db-connections", "400")

	change := func(statement, want, back string) {
		t.Helper()
		execute(t, as("postgres"), statement)
		look(want, "--db", mine)
		execute(t, as("postgres"), back)
	}
	change("UPDATE schema_version SET version = 1000", "wrong schema "+name+" has a schema of version 1000", fmt.Sprintf("UPDATE schema_version SET version = %d", known(mine)))
	change("ALTER DATABASE accounts CONNECTION LIMIT 10", "wrong connections --db-connections is 16, and the database may have 10 at "+name+"; lower --db-connections", "ALTER DATABASE accounts CONNECTION LIMIT -1")
	change("ALTER ROLE ada CONNECTION LIMIT 10", "wrong connections --db-connections is 16, and its role may have 10 at "+name+"; lower --db-connections", "ALTER ROLE ada CONNECTION LIMIT -1")
	change("UPDATE users SET disabled_at = 1", "wrong users companies without an admin who is not disabled: 1 of 1", "UPDATE users SET disabled_at = NULL")
	change("UPDATE changes SET at = 32503680000000", "wrong clock the last write of an account is of 3000-01-01", "UPDATE changes SET at = 1")
	change("ALTER DATABASE accounts SET synchronous_commit = off", "wrong database the setting synchronous_commit of "+name+" is off, so a crash loses writes", "ALTER DATABASE accounts RESET synchronous_commit")
	if err := c.SetReadOnly(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	look("wrong database "+name+" can only be read, as on a standby", "--db", mine)
	if err := c.SetReadOnly(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "fsync", "off"); err != nil {
		t.Fatal(err)
	}
	look("wrong database the setting fsync of "+name+" is off", "--db", mine)
	change("DROP EXTENSION pg_trgm CASCADE", "wrong database "+name+" has not got the extensions pg_trgm; have a superuser run CREATE EXTENSION", "SELECT 1")
	execute(t, c.URL("postgres"), "CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0")
	look("wrong database postgres://postgres@"+c.Addr()+"/bytes has the encoding SQL_ASCII", "--db", c.URL("bytes"))
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	look("wrong database the database server at "+c.Addr()+" cannot be reached: connection refused\n", "--db", mine)
}

// A pooler is noticed, unless the URL says what it needs.
func TestDoctorBehindPooler(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{Durable: true})
	newCompanyIn(t, c.URL("postgres"))
	pooled, err := url.Parse(pgtest.PgBouncer(t, c.URL("postgres")))
	if err != nil {
		t.Fatal(err)
	}
	const hint = "if it gives each transaction another session, add default_query_exec_mode=cache_describe to the URL\n"
	if said, _ := doctor(t, nil, "--db", pooled.String(), "--addr", mailtest.FreeAddr(t)); !strings.Contains(said, hint) && !strings.Contains(said, "add default_query_exec_mode=cache_describe to its URL") {
		t.Error(said)
	}
	query := pooled.Query()
	query.Set("default_query_exec_mode", "cache_describe")
	pooled.RawQuery = query.Encode()
	said, code := doctor(t, nil, "--db", pooled.String(), "--addr", mailtest.FreeAddr(t))
	wantFinding(t, said, code, "ok connections 16 of the ")
	if strings.Contains(said, hint) || code != 0 {
		t.Errorf("exit %d\n%s", code, said)
	}
}
