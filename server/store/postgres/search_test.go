package postgres_test

import (
	"testing"

	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/storetest"
)

func TestSearchEqualsMatches(t *testing.T) {
	t.Parallel()
	s := openWith(t, database(t), postgres.Config{Quiet: true})
	storetest.RunSearch(t, storetest.Searched{Store: s, Index: s.Index})
}
