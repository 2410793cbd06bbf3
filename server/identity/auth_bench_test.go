package identity_test

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

// A missing, wrong, revoked and expired key, and that of a disabled user, are
// refused by the same work: one hash and one look into the store, which finds
// none of them.
func BenchmarkAuthenticateRefused(b *testing.B) {
	s := domaintest.New(b)
	ended := s.Now.Add(-time.Hour).Truncate(time.Millisecond)
	tokens := map[string]string{"missing": "", "wrong": identity.NewToken(), "revoked": identity.NewToken(), "expired": identity.NewToken(), "disabled": identity.NewToken()}
	err := s.Store.Write(b.Context(), func(ctx context.Context, tx store.Tx) error {
		left := identity.User{CompanyID: s.Company.ID, Email: "left@example.com", CreatedAt: ended, DisabledAt: ended}
		if err := tx.InsertUser(ctx, &left); err != nil {
			return err
		}
		for name, key := range map[string]identity.Key{"revoked": {RevokedAt: ended}, "expired": {ExpiresAt: ended}, "disabled": {UserID: left.ID}} {
			key.CompanyID, key.UserID, key.Scope, key.CreatedAt = s.Company.ID, cmp.Or(key.UserID, s.User.ID), identity.ScopeRead, ended
			key.Hash = identity.HashToken(tokens[name])
			if err := tx.InsertKey(ctx, &key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	names := slices.Collect(maps.Keys(tokens))
	spent := make(map[string]time.Duration)
	for b.Loop() {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names { // in turns, so that noise hits all alike
			start := time.Now()
			if _, err := s.Keys.Authenticate(b.Context(), tokens[name], netip.Addr{}); fault.KindOf(err) != fault.KindUnauthorized {
				b.Fatal(name, err)
			}
			spent[name] += time.Since(start)
		}
	}
	for name, d := range spent {
		b.ReportMetric(float64(d)/float64(spent["wrong"]), name+"/wrong")
		b.ReportMetric(float64(d.Nanoseconds())/float64(b.N), "ns/"+name)
	}
}

// An unknown user and one without a password take as long to refuse as a wrong
// password does.
func BenchmarkLoginRefused(b *testing.B) {
	s := domaintest.New(b)
	for email, password := range map[string]string{"with@example.com": "a long password", "without@example.com": ""} {
		if _, err := s.Users.CreateCompany(b.Context(), identity.NewCompany{Name: email, Email: email, Password: password}); err != nil {
			b.Fatal(err)
		}
	}
	spent := make(map[string]time.Duration)
	for b.Loop() {
		names := []string{"with", "without", "unknown"}
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		s.Now = s.Now.Add(2 * time.Hour) // so that no failure counts any more
		for _, name := range names {
			start := time.Now()
			if _, err := s.Logins.Login(b.Context(), identity.Login{Email: name + "@example.com", Password: "a wrong password"}); fault.KindOf(err) != fault.KindUnauthorized {
				b.Fatal(name, err)
			}
			spent[name] += time.Since(start)
		}
	}
	for name, d := range spent {
		b.ReportMetric(float64(d)/float64(spent["with"]), name+"/with")
	}
}
