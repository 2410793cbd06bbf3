package sqlite_test

import (
	"testing"

	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/storetest"
)

func TestSearchEqualsMatches(t *testing.T) {
	t.Parallel()
	var stores []storetest.Searched
	for _, driven := range []int{1, 5000} {
		s := open(t, newFile(t), sqlite.Limits{Driven: driven})
		s.StopIndexer()
		stores = append(stores, storetest.Searched{Store: s, Index: s.IndexRound})
	}
	storetest.RunSearch(t, stores...)
}
