package account_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// A missing, wrong, revoked and expired key are refused by the same work: one
// hash and one look into the store. Where that finds a key there is a row to
// read, which takes some microseconds.
func BenchmarkAuthenticateRefused(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "accounts.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	s := account.NewService(store, account.Config{})
	made, err := s.CreateCompany(b.Context(), account.NewCompany{Name: "Sunrise", Email: "ada@example.com"})
	if err != nil {
		b.Fatal(err)
	}
	ended := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	tokens := map[string]string{"missing": "", "wrong": account.NewToken(), "revoked": account.NewToken(), "expired": account.NewToken()}
	err = store.Write(b.Context(), func(ctx context.Context, tx account.Tx) error {
		for name, key := range map[string]account.Key{"revoked": {RevokedAt: ended}, "expired": {ExpiresAt: ended}} {
			key.CompanyID, key.UserID, key.Scope, key.CreatedAt = made.Company.ID, made.User.ID, account.ScopeRead, ended
			key.Hash = account.HashToken(tokens[name])
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
			if _, err := s.Authenticate(b.Context(), tokens[name]); account.KindOf(err) != account.KindUnauthorized {
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
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "accounts.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	s := account.NewService(store, account.Config{})
	for email, password := range map[string]string{"with@example.com": "a long password", "without@example.com": ""} {
		if _, err := s.CreateCompany(b.Context(), account.NewCompany{Name: email, Email: email, Password: password}); err != nil {
			b.Fatal(err)
		}
	}
	spent := make(map[string]time.Duration)
	for b.Loop() {
		names := []string{"with", "without", "unknown"}
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			start := time.Now()
			if _, err := s.Login(b.Context(), name+"@example.com", "a wrong password"); account.KindOf(err) != account.KindUnauthorized {
				b.Fatal(name, err)
			}
			spent[name] += time.Since(start)
		}
	}
	for name, d := range spent {
		b.ReportMetric(float64(d)/float64(spent["with"]), name+"/with")
	}
}
