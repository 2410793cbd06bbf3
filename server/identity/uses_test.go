package identity_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// When a key was used is seen at once, is written once a minute, and is not lost by
// who stops.
func TestUsesOfKeys(t *testing.T) {
	t.Parallel()
	teststore.OnlySQLite(t, "Time is not virtual while a connection waits for its server.")
	synctest.Test(t, func(t *testing.T) {
		s := domaintest.New(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Keys.RunUses(ctx, func(err error) { t.Error(err) })
		}()
		use := func() time.Time {
			t.Helper()
			s.Now = s.Now.Add(time.Second)
			if _, err := s.Keys.Authenticate(t.Context(), s.Token, netip.Addr{}); err != nil {
				t.Fatal(err)
			}
			return s.Now.Truncate(time.Millisecond)
		}
		want := func(what string, written, shown time.Time) {
			t.Helper()
			key, err := s.Store.Key(t.Context(), s.Company.ID, 1)
			if err != nil || !key.LastUsedAt.Equal(written) {
				t.Errorf("%s: %v is written, want %v (%v)", what, key.LastUsedAt, written, err)
			}
			keys, err := s.Keys.List(t.Context(), identity.Actor{CompanyID: s.Company.ID, Scope: identity.ScopeAdmin}, query.Page{Limit: 1})
			if err != nil || !keys[0].LastUsedAt.Equal(shown) {
				t.Errorf("%s: %v is shown, want %v (%v)", what, keys, shown, err)
			}
		}
		want("before", time.Time{}, time.Time{})
		use()
		first := use()
		want("in the first minute", time.Time{}, first)
		time.Sleep(61 * time.Second)
		synctest.Wait()
		want("after it", first, first)
		second := use()
		time.Sleep(50 * time.Second)
		want("in the second one", first, second)
		stop()
		<-done
		want("after the stop", second, second)
	})
}
