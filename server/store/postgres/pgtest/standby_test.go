package pgtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// Each row that is acknowledged under way must be on the standby when the
// primary dies.
func TestSynchronousStandbyKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	primary := pgtest.New(t, pgtest.Options{})
	newTable(t, primary)
	standby, err := primary.Standby(t.Context(), pgtest.Synchronous)
	must(t, err)
	var refused *pgconn.PgError
	if err := fails(t, time.Minute, standby.URL("postgres"), "INSERT INTO kept VALUES (0)"); !errors.As(err, &refused) || refused.Code != "25006" {
		t.Errorf("a standby answers a write with %v", err)
	}
	acknowledged := make(chan int)
	session := connect(t, primary.URL("postgres"))
	go func() {
		defer close(acknowledged)
		for id := 2; ; id++ {
			if _, err := session.Exec(t.Context(), "INSERT INTO kept VALUES ($1)", id); err != nil {
				return
			}
			acknowledged <- id
		}
	}()
	for id := range acknowledged {
		if id == 100 {
			must(t, primary.Kill())
			break
		}
	}
	last := 100
	for id := range acknowledged {
		last = id
	}
	must(t, standby.Promote(t.Context()))
	if got := rows(t, standby); got < last || got > last+1 {
		t.Errorf("%d rows were acknowledged, and the standby has %d", last, got)
	}
	execute(t, pgtest.URL("postgres", primary, standby), "INSERT INTO kept VALUES (0)")
}

func TestCommitWaitsForSynchronousStandbys(t *testing.T) {
	t.Parallel()
	primary := pgtest.New(t, pgtest.Options{})
	newTable(t, primary)
	first, err := primary.Standby(t.Context(), pgtest.Synchronous)
	must(t, err)
	second, err := primary.Standby(t.Context(), pgtest.Synchronous)
	must(t, err)
	session := connect(t, primary.URL("postgres"))
	for i, standby := range []*pgtest.Cluster{first, second} {
		must(t, standby.Pause())
		committed := make(chan error)
		go func() {
			_, err := session.Exec(t.Context(), "INSERT INTO kept VALUES ($1)", 2+i)
			committed <- err
		}()
		eventually(t, "the commit waits", func() bool {
			return ask[bool](t, primary.URL("postgres"), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')")
		})
		must(t, standby.Resume())
		must(t, <-committed)
	}
}

func TestAsynchronousStandbyFollows(t *testing.T) {
	t.Parallel()
	primary := pgtest.New(t, pgtest.Options{})
	standby, err := primary.Standby(t.Context(), pgtest.Asynchronous)
	must(t, err)
	must(t, standby.Pause())
	newTable(t, primary)
	must(t, standby.Resume())
	eventually(t, "the table is on the standby", func() bool {
		return ask[bool](t, standby.URL("postgres"), "SELECT to_regclass('kept') IS NOT NULL") && rows(t, standby) == 1
	})
	must(t, standby.Restart(t.Context()))
	must(t, primary.Kill())
	must(t, standby.Promote(t.Context()))
	execute(t, standby.URL("postgres"), "INSERT INTO kept VALUES (2)")
}
