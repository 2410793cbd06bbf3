package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
)

// A server that has nothing to do is woken by its own writes, and finds what another
// one has left, that has gone.
func TestTextsAreIndexed(t *testing.T) {
	t.Parallel()
	url := database(t)
	gone := openWith(t, url, postgres.Config{Quiet: true})
	_, a := addCompany(t, gone)
	s := open(t, url)
	indexed := func() bool {
		n, err := s.TextBacklog(t.Context())
		return err == nil && n == 0
	}
	mailtest.Eventually(t, "what was left is indexed", indexed)
	began := time.Now()
	for range 4 {
		a.Number = 0 // the next one
		if err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) }); err != nil {
			t.Fatal(err)
		}
		mailtest.Eventually(t, "what was written is indexed", indexed)
	}
	// By itself the server would look every five seconds.
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("that took %v", took)
	}
}

// A text of which a part has changed is handed to the index whole when there is time.
func TestChangedTextsAreIndexed(t *testing.T) {
	t.Parallel()
	url := database(t)
	s := open(t, url)
	_, a := addCompany(t, s)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for i := range 3 {
		if err := s.Commit(t.Context(), retitling(a, fmt.Sprint("Renamed ", i))); err != nil {
			t.Fatal(err)
		}
		a.Version++
		mailtest.Eventually(t, "the text is handed on", func() bool {
			var whole bool
			err := conn.QueryRow(t.Context(), `SELECT words LIKE $1 AND text IS NULL AND indexed AND NOT EXISTS (SELECT FROM search_parts)
FROM search_texts WHERE kind = 'accounts' AND record_id = $2`, fmt.Sprintf("renamed %d%%", i), a.ID).Scan(&whole)
			return err == nil && whole
		})
	}
}
