package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
)

// A first import need not wait for the database to take statistics of its own accord,
// which it does once a minute.
func TestStatisticsOfWhatHasGrown(t *testing.T) {
	t.Parallel()
	url := database(t)
	s := openWith(t, url, postgres.Config{Quiet: true})
	company, first := addCompany(t, s)
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range 200 {
			a := first
			a.Number, a.Title, a.CompanyID = 0, fmt.Sprint("Account ", i), company.ID
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	rows := 0
	for range 400 {
		if err := conn.QueryRow(t.Context(), "SELECT reltuples::int FROM pg_class WHERE oid = 'accounts'::regclass").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows >= 200 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the database thinks that there are %d accounts, and there are 201", rows)
}
