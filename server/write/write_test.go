package write_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// addUser is a write that shows whether it was carried out.
func addUser(s *domaintest.Domain, email string) func(context.Context, store.Tx) (identity.User, error) {
	return func(ctx context.Context, tx store.Tx) (identity.User, error) {
		u := identity.User{CompanyID: s.Company.ID, Email: email, CreatedAt: s.Now}
		return u, tx.InsertUser(ctx, &u)
	}
}

func wantUser(t *testing.T, s *domaintest.Domain, email string, want bool) {
	t.Helper()
	if users, err := s.Store.UsersByEmail(t.Context(), email); err != nil || (len(users) > 0) != want {
		t.Errorf("%s is there: %v (%v), want %t", email, users, err, want)
	}
}

// once is the mode of a request that must be carried out once.
func once(s *domaintest.Domain, name string, body byte) write.Mode[identity.User] {
	return write.Mode[identity.User]{
		Claim: &write.Claim{ID: write.AnswerID{CompanyID: s.Company.ID, KeyID: s.Actor.KeyID, Name: name}, Fingerprint: [32]byte{body}, At: s.Now},
		Answer: func(u identity.User) (write.Answer, error) {
			return write.Answer{Status: 201, Header: map[string]string{"Etag": "1"}, Body: []byte(u.Email)}, nil
		},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	made, err := write.Run(t.Context(), s.Store, write.Mode[identity.User]{}, addUser(s, "a@example.com"))
	if err != nil || made.Email != "a@example.com" {
		t.Errorf("%+v %v", made, err)
	}
	wantUser(t, s, "a@example.com", true)

	failure := errors.New("no")
	made, err = write.Run(t.Context(), s.Store, write.Mode[identity.User]{}, func(ctx context.Context, tx store.Tx) (identity.User, error) {
		u, err := addUser(s, "b@example.com")(ctx, tx)
		return u, errors.Join(err, failure)
	})
	if !errors.Is(err, failure) || made.Email != "" {
		t.Errorf("of a failure: %+v %v", made, err)
	}
	wantUser(t, s, "b@example.com", false)
}

// A dry run answers as the real one, and leaves nothing: neither what it wrote
// nor that it was.
func TestDryRun(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	mode := once(s, "k", 1)
	mode.DryRun = true
	for range 2 {
		made, err := write.Run(t.Context(), s.Store, mode, addUser(s, "a@example.com"))
		if err != nil || made.Email != "a@example.com" || mode.Claim.Kept != nil {
			t.Errorf("%+v %v, kept %+v", made, err, mode.Claim.Kept)
		}
		wantUser(t, s, "a@example.com", false)
	}
	if _, err := write.Run(t.Context(), s.Store, mode, addUser(s, "ada@example.com")); fault.KindOf(err) != fault.KindConflict {
		t.Errorf("of what cannot be: %v", err)
	}
	if _, err := write.Run(t.Context(), s.Store, once(s, "k", 2), addUser(s, "a@example.com")); err != nil {
		t.Errorf("the dry run took the key: %v", err)
	}
}

// A request is carried out once, and answered as it was at first for a day.
func TestClaim(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	first := once(s, "k", 1)
	if _, err := write.Run(t.Context(), s.Store, first, addUser(s, "a@example.com")); err != nil {
		t.Fatal(err)
	}
	kept := first.Claim.Kept
	if kept == nil || kept.Status != 201 || kept.ID != first.Claim.ID || kept.Fingerprint != first.Claim.Fingerprint || !kept.At.Equal(s.Now) {
		t.Fatalf("kept %+v", kept)
	}
	for _, wait := range []time.Duration{0, 24*time.Hour - time.Millisecond} {
		again := once(s, "k", 1)
		again.Claim.At = s.Now.Add(wait)
		_, err := write.Run(t.Context(), s.Store, again, unwanted(t))
		replay, ok := errors.AsType[*write.Replay](err)
		if !ok || fmt.Sprintf("%d %v %s", replay.Answer.Status, replay.Answer.Header, replay.Answer.Body) != "201 map[Etag:1] a@example.com" {
			t.Errorf("after %s: %v", wait, err)
		}
	}
	_, err := write.Run(t.Context(), s.Store, once(s, "k", 2), unwanted(t))
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.KindConflict || e.Fields[0].In != fault.InHeader || e.Fields[0].Field() != "Idempotency-Key" {
		t.Errorf("another request: %v", err)
	}
	other := once(s, "k", 2)
	key, err := s.Keys.Create(t.Context(), s.Actor, identity.NewKey{Name: "another"})
	if err != nil {
		t.Fatal(err)
	}
	other.Claim.ID.KeyID = key.Key.ID
	for name, mode := range map[string]write.Mode[identity.User]{"of another key": other, "under another name": once(s, "l", 1)} {
		if _, err := write.Run(t.Context(), s.Store, mode, addUser(s, name[3:5]+"@example.com")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	later := once(s, "k", 3)
	later.Claim.At = s.Now.Add(24*time.Hour + time.Millisecond)
	if _, err := write.Run(t.Context(), s.Store, later, addUser(s, "later@example.com")); err != nil {
		t.Errorf("after a day: %v", err)
	}
}

func unwanted(t *testing.T) func(context.Context, store.Tx) (identity.User, error) {
	return func(context.Context, store.Tx) (identity.User, error) {
		t.Error("it was carried out again")
		return identity.User{}, nil
	}
}

// A request that fails, or whose answer cannot be kept, may be sent again.
func TestFailedClaim(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	failure := errors.New("no")
	silent := once(s, "k", 1)
	silent.Answer = func(identity.User) (write.Answer, error) { return write.Answer{}, failure }
	if _, err := write.Run(t.Context(), s.Store, silent, addUser(s, "a@example.com")); !errors.Is(err, failure) || silent.Claim.Kept != nil {
		t.Errorf("%v, kept %+v", err, silent.Claim.Kept)
	}
	wantUser(t, s, "a@example.com", false)
	if _, err := write.Run(t.Context(), s.Store, once(s, "k", 1), addUser(s, "ada@example.com")); fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a taken address: %v", err)
	}
	if _, err := write.Run(t.Context(), s.Store, once(s, "k", 2), addUser(s, "a@example.com")); err != nil {
		t.Errorf("sent again: %v", err)
	}
	wantUser(t, s, "a@example.com", true)
}

// Of the same request that comes many times at once one is carried out.
func TestClaimsAtOnce(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	var group sync.WaitGroup
	var done, replayed atomic.Int32
	for range 8 {
		group.Go(func() {
			_, err := write.Run(t.Context(), s.Store, once(s, "k", 1), addUser(s, "a@example.com"))
			if _, ok := errors.AsType[*write.Replay](err); ok {
				replayed.Add(1)
			} else if err == nil {
				done.Add(1)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 || replayed.Load() != 7 {
		t.Errorf("%d carried out, %d answered as before", done.Load(), replayed.Load())
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	failure := errors.New("no")
	for email, want := range map[string]error{"a@example.com": nil, "b@example.com": failure} {
		err := write.Do(t.Context(), s.Store, func(ctx context.Context, tx store.Tx) error {
			_, err := addUser(s, email)(ctx, tx)
			return errors.Join(err, want)
		})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", email, err)
		}
		wantUser(t, s, email, want == nil)
	}
}

// A clock tells stored times, and makes no record younger.
func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	clock := write.Clock(func() time.Time { return at })
	now := at.UTC().Truncate(time.Millisecond)
	for before, want := range map[time.Time]time.Time{now.Add(-time.Hour): now, now: now.Add(time.Millisecond), now.Add(time.Hour): now.Add(time.Hour + time.Millisecond)} {
		if got := clock.Since(before); got != want || clock.Now() != now {
			t.Errorf("since %s: %s, want %s; now %s", before, got, want, clock.Now())
		}
	}
	if got := write.Clock(nil).Now(); time.Since(got) > time.Minute || got.Location() != time.UTC {
		t.Errorf("of the machine: %s", got)
	}
}
