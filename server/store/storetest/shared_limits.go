package storetest

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// The calls of the alias that all servers count add up, and outlive them.
func testSharedAliasUse(t *testing.T, f *shared) {
	const rounds, calls = 4, 25
	today := start.Truncate(24 * time.Hour)
	days := []time.Time{today.Add(time.Hour), today.Add(25 * time.Hour)}
	f.race(t, 2*len(f.servers), func(s *rooms, i int) error {
		for range rounds {
			for n := range calls {
				s.counter.Count(f.actor, "GET /v1/accounts", "raced", days[n%2], n%5 == 0)
				s.counter.CountLeniencies(f.actor, []string{"PUT"}, days[n%2])
			}
			if err := s.counter.Flush(t.Context(), store.For(s.Store, func(tx store.Tx) alias.Tx { return tx })); err != nil {
				return err
			}
		}
		return nil
	})
	const each = 2 * rounds // of the two servers, each of whose counters two have used
	for _, s := range []*rooms{f.servers[0], f.servers[1], f.reopened(t)} {
		got, err := s.AliasDays(t.Context(), f.company.ID, []int64{f.ada.ID}, today)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, []alias.DayTotal{
			{UserID: f.ada.ID, Day: alias.Day{Start: today, Calls: 2 * each * 13, Refused: 2 * each * 3}},
			{UserID: f.ada.ID, Day: alias.Day{Start: today.Add(24 * time.Hour), Calls: 2 * each * 12, Refused: 2 * each * 2}},
		})
		leniencies, err := s.AliasLeniencies(t.Context(), f.company.ID, []int64{f.ada.ID}, today)
		if err != nil || len(leniencies) != 1 || leniencies[0].Key.Calls != 2*each*calls {
			t.Errorf("%+v %v", leniencies, err)
		}
	}
}

// guess is a login with a wrong password. Of an address that nobody has it counts
// as well.
func (f *shared) guess(ctx context.Context, s *rooms, email, address string) error {
	_, err := s.identity.Logins.Login(ctx, identity.Login{Email: email, Password: "wrong", CompanyID: f.company.ID, Address: address})
	return err
}

// Failed logins count on all servers, and on those that start later: nobody has more
// tries by going from one to the other.
func testSharedFailedLogins(t *testing.T, f *shared) {
	const free = 10
	for i := range free {
		wantKind(t, f.guess(t.Context(), f.servers[i%2], "mia@sunrise.example", "here"), fault.KindUnauthorized)
	}
	for _, s := range []*rooms{f.servers[0], f.servers[1], f.reopened(t)} {
		wantKind(t, f.guess(t.Context(), s, "MIA@sunrise.example", "here"), fault.KindLimited)
		wantKind(t, f.guess(t.Context(), s, "zoe@sunrise.example", "here"), fault.KindUnauthorized)
		wantKind(t, f.guess(t.Context(), s, "mia@sunrise.example", "elsewhere"), fault.KindUnauthorized)
	}
}

// Many guesses at once are no way around the limits, whichever servers they go to.
func testFailedLoginsAtOnce(t *testing.T, f *shared) {
	const free = 10
	var tried atomic.Int64
	for range 3 { // since some are told to wait for those before, and are not counted
		for i, err := range f.onBoth(12, func(s *rooms, i int) error { return f.guess(t.Context(), s, "mia@sunrise.example", "here") }) {
			switch fault.KindOf(err) {
			case fault.KindUnauthorized:
				tried.Add(1)
			case fault.KindLimited, fault.KindUnavailable:
			default:
				t.Errorf("%d: %v", i, err)
			}
		}
	}
	if tried.Load() != free {
		t.Errorf("%d passwords were tried, want %d", tried.Load(), free)
	}
	wantKind(t, f.guess(t.Context(), f.reopened(t), "mia@sunrise.example", "here"), fault.KindLimited)
}

// All servers together let as many calls of a key pass on a day as the limit says.
func testSharedQuota(t *testing.T, f *shared) {
	for _, limit := range []int64{1, 7, 1000, 12_345} {
		day := start.Truncate(24*time.Hour).AddDate(0, 0, int(limit)) // each has a day of its own
		var passed atomic.Int64
		f.race(t, 8, func(s *rooms, i int) error {
			for range 1000 {
				quota, err := s.identity.Keys.TakeQuota(t.Context(), f.actor, day, limit)
				if err != nil || quota.Taken == 0 {
					return err
				}
				passed.Add(quota.Taken)
			}
			return fmt.Errorf("a limit of %d does not end", limit)
		})
		if passed.Load() != limit {
			t.Errorf("%d calls were let pass, want %d", passed.Load(), limit)
		}
		if quota, err := f.reopened(t).identity.Keys.TakeQuota(t.Context(), f.actor, day, limit); err != nil || quota != (identity.Quota{}) {
			t.Errorf("a server that starts later lets %+v pass (%v)", quota, err)
		}
	}
}

// A key that is revoked on one server is refused by the others within a second.
func testRevokedElsewhere(t *testing.T, f *shared) {
	authenticate := func(s *rooms) error {
		_, err := s.identity.Keys.Authenticate(t.Context(), racedToken, netip.Addr{})
		return err
	}
	for _, s := range f.servers { // so that they remember
		if err := authenticate(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.servers[0].identity.Keys.Revoke(t.Context(), f.actor, f.actor.KeyID); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	wantKind(t, authenticate(f.servers[0]), fault.KindUnauthorized)
	for authenticate(f.servers[1]) == nil {
		if time.Since(revoked) > time.Second {
			t.Fatal("the other server takes the key for more than a second")
		}
		time.Sleep(10 * time.Millisecond)
	}
	wantKind(t, authenticate(f.servers[1]), fault.KindUnauthorized)
}
