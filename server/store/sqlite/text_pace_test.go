package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// However long the index would rest after a round, it goes on when there is much in the
// queue: a search looks through all of that.
func TestIndexRestIsShortened(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t), sqlite.Limits{Weary: true})
	company := addCompany(t, s, "Sunrise")
	queued := func() int {
		n, err := s.Queued(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	mustWrite(t, s, insert(company, "Quince"))
	mailtest.Eventually(t, "the first is indexed", func() bool { return queued() == 0 })
	for round := range 3 {
		for i := range sqlite.WearyBacklog {
			mustWrite(t, s, insert(company, fmt.Sprintf("Medlar %d", round*sqlite.WearyBacklog+i)))
		}
		mailtest.Eventually(t, "the next are indexed", func() bool { return queued() == 0 })
	}
}
