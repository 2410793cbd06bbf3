package pgtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

func TestClusterKeepsItsDataUntilItStops(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	c := pgtest.New(t, pgtest.Options{Dir: dir, MaxConnections: 20, Settings: map[string]string{"work_mem": "5MB"}})
	must(t, c.CreateDatabase(t.Context(), `a "database"/of its own`))
	execute(t, c.URL(`a "database"/of its own`), "CREATE TABLE here ()")
	newTable(t, c)
	must(t, c.Restart(t.Context()))
	if got := rows(t, c); got != 1 {
		t.Errorf("after the restart there are %d rows", got)
	}
	for name, want := range map[string]string{"max_connections": "20", "work_mem": "5MB", "fsync": "off", "listen_addresses": "127.0.0.1"} {
		if got := ask[string](t, c.URL("postgres"), "SHOW "+name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if isEmpty(t, dir) {
		t.Error("the data are not in the folder")
	}
	must(t, c.Stop())
	if !isEmpty(t, dir) {
		t.Error("the data are still there")
	}
	if err := fails(t, time.Minute, c.URL("postgres"), "SELECT 1"); !strings.Contains(err.Error(), "refused") {
		t.Errorf("a stopped cluster answers %v", err)
	}
	must(t, c.Stop())
}

func TestKilledClusterRecoversWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{Durable: true})
	newTable(t, c)
	open := connect(t, c.URL("postgres"))
	_, err := open.Exec(t.Context(), "BEGIN; INSERT INTO kept VALUES (2)")
	must(t, err)
	must(t, c.Kill())
	if _, err := open.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("a dead cluster commits")
	}
	if err := fails(t, time.Minute, c.URL("postgres"), count); !strings.Contains(err.Error(), "refused") {
		t.Errorf("a dead cluster answers %v", err)
	}
	must(t, c.Restart(t.Context()))
	if got := rows(t, c); got != 1 {
		t.Errorf("it has %d rows, want the one that was committed", got)
	}
}

func TestKilledClusterStops(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	c := pgtest.New(t, pgtest.Options{Dir: dir})
	must(t, c.Kill())
	must(t, c.Kill())
	must(t, c.Stop())
	if !isEmpty(t, dir) {
		t.Error("the data are still there")
	}
}

func TestPausedClusterHangs(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	newTable(t, c)
	open := connect(t, c.URL("postgres"))
	must(t, c.Pause())
	if err := fails(t, time.Second, c.URL("postgres"), count); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused cluster lets a new session in: %v", err)
	}
	answer := make(chan error)
	go func() {
		_, err := open.Exec(t.Context(), count)
		answer <- err
	}()
	select {
	case err := <-answer:
		t.Fatalf("a paused cluster answers a session that is open: %v", err)
	default:
	}
	must(t, c.Resume())
	must(t, <-answer)
	must(t, c.Pause()) // It has to stop even so.
}

func TestReadOnlyClusterCanBeReadOnly(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	newTable(t, c)
	must(t, c.SetReadOnly(t.Context(), true))
	var refused *pgconn.PgError
	if err := fails(t, time.Minute, c.URL("postgres"), "INSERT INTO kept VALUES (2)"); !errors.As(err, &refused) || refused.Code != "25006" {
		t.Errorf("a write is answered with %v", err)
	}
	if got := rows(t, c); got != 1 {
		t.Errorf("it has %d rows", got)
	}
	must(t, c.SetReadOnly(t.Context(), false))
	execute(t, c.URL("postgres"), "INSERT INTO kept VALUES (2)")
}

// An order by bytes would hide that a statement needs one.
func TestClusterSortsAsPeopleDo(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	if got := ask[string](t, c.URL("postgres"), "SELECT min(v) FROM (VALUES ('B'), ('a')) AS x(v)"); got != "a" {
		t.Errorf("%s comes first", got)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	for range 3 {
		connect(t, c.URL("postgres")+"&application_name=counted")
	}
	connect(t, c.URL("postgres"))
	n, err := c.Sessions(t.Context(), "counted")
	if must(t, err); n != 3 {
		t.Errorf("it counts %d sessions of 3", n)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	open := connect(t, c.URL("postgres"))
	must(t, c.Set(t.Context(), "work_mem", "7MB"))
	must(t, c.Set(t.Context(), "max_connections", "77"))
	var here string
	must(t, open.QueryRow(t.Context(), "SHOW work_mem").Scan(&here))
	if there := ask[string](t, c.URL("postgres"), "SHOW work_mem"); here != "7MB" || there != "7MB" {
		t.Errorf("an open session has %s, a new one %s", here, there)
	}
	must(t, c.Restart(t.Context()))
	if got := ask[string](t, c.URL("postgres"), "SHOW max_connections"); got != "77" {
		t.Errorf("after the restart there may be %s sessions", got)
	}
	if err := c.Set(t.Context(), "work_mem", "a lot"); err == nil || !strings.Contains(err.Error(), "work_mem") {
		t.Errorf("work_mem can be a lot: %v", err)
	}
}

func TestRootIsToldWhichFolderIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as somebody else")
	}
	dir := t.TempDir()
	closed := filepath.Dir(dir)
	_, err := pgtest.Start(t.Context(), pgtest.Options{Dir: dir})
	if missing := (*pgtest.MissingError)(nil); errors.As(err, &missing) && !pgtest.Required() {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "chmod o+x "+closed+`"`) {
		t.Errorf("in a folder of root, the cluster says %v", err)
	}
}
