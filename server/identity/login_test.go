package identity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

const rightPassword = "a long password"

// addSam adds a user with a hash that is quick to verify, or with another.
func addSam(t *testing.T, s *domaintest.Domain, params *argon2id.Params) identity.User {
	t.Helper()
	if params == nil {
		params = &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}
	hash, err := argon2id.CreateHash(rightPassword, params)
	if err != nil {
		t.Fatal(err)
	}
	sam := identity.User{CompanyID: s.Company.ID, Email: "sam@example.com", CreatedAt: s.Now, PasswordHash: hash}
	if err := s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &sam) }); err != nil {
		t.Fatal(err)
	}
	return sam
}

// samFrom is a login of sam. The company is named, so that it is one hash.
func samFrom(s *domaintest.Domain, address, password string) identity.Login {
	return identity.Login{Email: "sam@example.com", Password: password, CompanyID: s.Company.ID, Address: address}
}

// However many addresses guess, the right password gets in from one that has not
// failed, and those that have are held up.
func TestGuessingFromManyAddresses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := domaintest.New(t, func(c *server.ServiceConfig) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	sam := addSam(t, s, nil)
	for i := range 130 {
		s.Now = s.Now.Add(time.Second)
		if _, err := s.Logins.Login(t.Context(), samFrom(s, fmt.Sprint(i), "wrong")); fault.KindOf(err) != fault.KindUnauthorized {
			t.Fatal(i, err)
		}
	}
	for address, want := range map[string]fault.Kind{"129": fault.KindLimited, "new": 0} {
		actor, err := s.Logins.Login(t.Context(), samFrom(s, address, rightPassword))
		if want == 0 && (err != nil || actor.User.ID != sam.ID) || want != 0 && fault.KindOf(err) != want {
			t.Errorf("from %s: %+v %v", address, actor, err)
		}
	}
	if lines := log.String(); strings.Count(lines, "is being guessed") != 1 || !strings.Contains(lines, fmt.Sprintf(`"userId":%d,"failures":100`, sam.ID)) {
		t.Errorf("the log: %s", lines)
	}
	s.Now = s.Now.Add(2 * time.Hour)
	if _, err := s.Logins.Login(t.Context(), samFrom(s, "129", rightPassword)); err != nil {
		t.Errorf("later: %v", err)
	}
}

// One address that tries one password on many accounts is held up as well.
func TestGuessingOfManyAccounts(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	addSam(t, s, nil)
	for i := range 50 {
		l := identity.Login{Email: fmt.Sprintf("u%d@example.com", i), Password: "wrong", CompanyID: s.Company.ID, Address: "here"}
		if _, err := s.Logins.Login(t.Context(), l); fault.KindOf(err) != fault.KindUnauthorized {
			t.Fatal(i, err)
		}
	}
	_, err := s.Logins.Login(t.Context(), samFrom(s, "here", rightPassword))
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.KindLimited || e.RetryAfter != time.Second {
		t.Errorf("from there: %v", err)
	}
	if _, err := s.Logins.Login(t.Context(), samFrom(s, "elsewhere", rightPassword)); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

// Many at once are no way around the limits, keep no one waiting for long, and
// take little memory.
func TestManyLoginsAtOnce(t *testing.T) {
	s := domaintest.New(t)
	addSam(t, s, argon2id.DefaultParams) // as it was hashed before
	debug.FreeOSMemory()                 // what earlier tests left
	before := held()
	var peak atomic.Uint64
	stop := make(chan struct{})
	var watch, logins sync.WaitGroup
	watch.Go(func() {
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			peak.Store(max(peak.Load(), held()))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	var kinds [16]atomic.Int32
	for i := range 64 {
		logins.Go(func() {
			l := samFrom(s, fmt.Sprint(i%4), "wrong")
			if i%2 == 0 {
				l.Email = fmt.Sprintf("u%d@example.com", i)
			}
			_, err := s.Logins.Login(t.Context(), l)
			kinds[fault.KindOf(err)].Add(1)
		})
	}
	logins.Wait()
	close(stop)
	watch.Wait()
	refused, busy, limited := kinds[fault.KindUnauthorized].Load(), kinds[fault.KindUnavailable].Load(), kinds[fault.KindLimited].Load()
	if refused == 0 || busy == 0 || refused+busy+limited != 64 {
		t.Errorf("%d refused, %d told to wait, %d limited", refused, busy, limited)
	}
	if used := (int64(peak.Load()) - int64(before)) >> 20; used > 220 {
		t.Errorf("%d MiB", used)
	}
}

// held is how many bytes the process holds of the machine's memory.
func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// The first login with a hash that takes more memory than new ones replaces it.
func TestRenewedHash(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	sam := addSam(t, s, argon2id.DefaultParams)
	for range 2 {
		if _, err := s.Logins.Login(t.Context(), samFrom(s, "here", rightPassword)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Store.User(t.Context(), s.Company.ID, sam.ID)
		if err != nil || !strings.HasPrefix(got.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("%+v %v", got, err)
		}
	}
}

// Logins at the same time that renew one hash are all good for a key.
func TestRenewedHashOfSeveralLogins(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	addSam(t, s, &argon2id.Params{Memory: 20 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	var logins sync.WaitGroup
	for range 4 {
		logins.Go(func() {
			actor, err := s.Logins.Login(t.Context(), samFrom(s, "here", rightPassword))
			if err == nil {
				_, err = s.Keys.Create(t.Context(), actor, identity.NewKey{})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	logins.Wait()
}

// What a login was allowed does not outlive the user's end: the key is made of
// what the user may when it is made.
func TestKeyAfterLogin(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	sam := addSam(t, s, nil)
	sam.Admin = true
	update := func() {
		t.Helper()
		if err := s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, sam) }); err != nil {
			t.Fatal(err)
		}
	}
	update()
	actor, err := s.Logins.Login(t.Context(), samFrom(s, "here", rightPassword))
	if err != nil || actor.Scope != identity.ScopeAdmin {
		t.Fatal(actor, err)
	}
	for _, end := range []func(){func() { sam.Admin = false }, func() { sam.Admin, sam.DisabledAt = true, s.Now.Truncate(time.Millisecond) }} {
		end()
		update()
		if _, err := s.Keys.Create(t.Context(), actor, identity.NewKey{}); fault.KindOf(err) != fault.KindForbidden {
			t.Errorf("%+v: %v", sam, err)
		}
	}
}

// An address that several companies know is found with the company's name.
func TestFindUser(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	harbor, err := s.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "Harbor", Email: "ADA@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for company, want := range map[string]int64{"sunrise": s.User.ID, "HARBOR": harbor.User.ID} {
		if got, err := s.Users.Find(t.Context(), company, "ada@example.com"); err != nil || got.ID != want {
			t.Errorf("%s: %+v %v", company, got, err)
		}
	}
	for _, c := range []struct {
		company, email string
		kind           fault.Kind
		words          string
	}{
		{"", "ada@example.com", fault.KindConflict, `"Sunrise", "Harbor"`},
		{"", "nobody@example.com", fault.KindNotFound, "user"},
		{"Nowhere", "ada@example.com", fault.KindNotFound, "company"},
	} {
		if _, err := s.Users.Find(t.Context(), c.company, c.email); fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
