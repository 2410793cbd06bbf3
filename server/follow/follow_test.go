package follow_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/follow"
	"github.com/accountsd/accountsd/server/servertest"
	"github.com/accountsd/accountsd/server/servertest/bustle"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// standby is a database that follows a server.
type standby struct {
	database *teststore.Database
	url      string
	client   *client.Client
}

func newStandby(t *testing.T, s *servertest.Server) *standby {
	t.Helper()
	return &standby{database: teststore.New(t), url: s.URL, client: s.Client}
}

// open opens the database of a standby, which is the caller's to close.
func (b *standby) open(t *testing.T) follow.Store {
	t.Helper()
	opened, err := b.database.OpenFollower(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, ok := opened.(follow.Store)
	if !ok {
		t.Fatalf("%T cannot follow", opened)
	}
	return s
}

// with opens the database, and closes it after use.
func (b *standby) with(t *testing.T, use func(s follow.Store)) {
	t.Helper()
	s := b.open(t)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	use(s)
}

func (b *standby) follower(s follow.Store) *follow.Follower {
	return follow.New(s, b.url, b.client, follow.Config{Interval: time.Millisecond, AtOnce: 50})
}

// catchUp follows until nothing is left. It follows once more after that, since a
// contact may be removed only once no change links it any more.
func (b *standby) catchUp(t *testing.T) {
	t.Helper()
	b.with(t, func(s follow.Store) {
		for range 2 {
			if err := b.follower(s).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// differences are those between the standby and its source.
func (b *standby) differences(t *testing.T) (found []string) {
	t.Helper()
	b.with(t, func(s follow.Store) { found = b.compare(t, s) })
	return found
}

func (b *standby) compare(t *testing.T, s follow.Store) (found []string) {
	t.Helper()
	here, there, err := follow.Compare(t.Context(), s, b.url, b.client)
	if err != nil {
		t.Fatal(err)
	}
	for i, content := range here {
		for _, name := range content.Differences(there[i]) {
			found = append(found, content.Kind+" "+name)
		}
		if content.Count() == 0 && content.Kind == "position" {
			found = append(found, "no position")
		}
	}
	return found
}

// A follower that is ended at any moment, again and again, while all is written, has in
// the end what the source has.
func TestFollowsWriters(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	var crew bustle.Bustle
	if err := crew.Prepare(t.Context(), s.Client); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		crew.Run(ctx, s.Client, 8)
	}()
	for range 8 {
		b.with(t, func(s follow.Store) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rand.IntN(400))*time.Millisecond)
			defer cancel()
			if err := b.follower(s).Run(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
	cancel()
	<-done
	b.catchUp(t)
	if found := b.differences(t); found != nil {
		t.Errorf("they differ: %v", found)
	}
	if crew.Written() < 50 {
		t.Errorf("only %d writes", crew.Written())
	}
	t.Logf("%d writes", crew.Written())
}

// A follower that goes on by itself, without beginning anew, has all changes as well: of
// contacts, properties and users, too, of which no feed tells.
func TestFollowsOn(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	var crew bustle.Bustle
	if err := crew.Prepare(t.Context(), s.Client); err != nil {
		t.Fatal(err)
	}
	b.with(t, func(opened follow.Store) {
		f := b.follower(opened)
		for range 4 {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			crew.Run(ctx, s.Client, 8)
			cancel()
			b.awaitEqual(t, opened, f)
		}
	})
}

// The change of a contact is seen at the next look, and not only when all are read.
func TestChangedContact(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	s.Accounts(t, 1)
	c, err := s.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	b.with(t, func(opened follow.Store) {
		f := b.follower(opened)
		for _, name := range []string{"Jo", "Joe", "Joan"} {
			if _, err := s.Client.Contacts.Update(t.Context(), c.ID, client.ContactPatch{Name: client.Set(name)}); err != nil {
				t.Fatal(err)
			}
			if err := f.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if found := b.compare(t, opened); found != nil {
				t.Errorf("%s: they differ: %v", name, found)
			}
		}
	})
}

// awaitEqual follows until the copy is what the source has. It may take the pause until
// all contacts are read again.
func (b *standby) awaitEqual(t *testing.T, s follow.Store, f *follow.Follower) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		found := b.compare(t, s)
		if found == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("they differ: %v", found)
		}
	}
}

// What differs is named.
func TestDifferencesAreNamed(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	a := s.Accounts(t, 2)
	b.catchUp(t)
	if found := b.differences(t); found != nil {
		t.Fatalf("they differ: %v", found)
	}
	if _, err := s.Client.Accounts.Update(t.Context(), a[1].ID, client.AccountPatch{Title: client.Set("Other")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Jo"}); err != nil {
		t.Fatal(err)
	}
	want := "accounts 2; contacts 1 (only at the source); position sequence 2 (only here); position sequence 3 (only at the source)"
	if found := strings.Join(b.differences(t), "; "); found != want {
		t.Errorf("found %s, want %s", found, want)
	}
}

// A key that will not do, and a source with another history, are told with what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s, other := servertest.New(t), servertest.New(t)
	b := newStandby(t, s)
	s.Accounts(t, 3)
	b.catchUp(t)
	other.Accounts(t, 2)
	longer := servertest.New(t)
	longer.Accounts(t, 5)
	keyed := func(key string) *client.Client {
		c, err := client.New(s.URL, client.WithAPIKey(key), client.WithRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		name   string
		client *client.Client
		kind   fault.Kind
		words  string
	}{
		{"unknown key", keyed("acc_guess"), fault.KindUnauthorized, "does not know the key"},
		{"key of another scope", keyed(s.NewKey(t, client.ScopeWrite)), fault.KindForbidden, "has not the scope admin"},
		{"shorter history", other.Client, fault.KindConflict, "does not have the change 3 as this copy does"},
		{"other history", longer.Client, fault.KindConflict, "give --restart to make the copy anew"},
	} {
		b.with(t, func(s follow.Store) {
			err := follow.New(s, b.url, c.client, follow.Config{}).Run(t.Context())
			var known *fault.Error
			if !errors.As(err, &known) || known.Kind != c.kind || !strings.Contains(known.Message, c.words) {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
	if found := b.differences(t); found != nil {
		t.Errorf("they differ: %v", found)
	}
}

// A database with records of its own is not made a copy.
func TestOwnRecords(t *testing.T) {
	t.Parallel()
	b := newStandby(t, servertest.New(t))
	b.catchUp(t)
	b.with(t, func(s follow.Store) {
		if _, err := follow.Promote(t.Context(), s, nil); err != nil {
			t.Fatal(err)
		}
	})
	b.with(t, func(s follow.Store) {
		err := b.follower(s).CatchUp(t.Context())
		if fault.KindOf(err) != fault.KindConflict || !strings.Contains(err.Error(), "has records of its own") {
			t.Errorf("%v", err)
		}
		if _, err := follow.Promote(t.Context(), s, nil); fault.KindOf(err) != fault.KindConflict {
			t.Errorf("promoted twice: %v", err)
		}
	})
}

// A follower whose database is promoted writes to it no more, and says why.
func TestPromotedMeanwhile(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	b.catchUp(t)
	b.with(t, func(opened follow.Store) {
		f := b.follower(opened)
		if err := f.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := follow.Promote(t.Context(), opened, nil); err != nil {
			t.Fatal(err)
		}
		s.Accounts(t, 1)
		if err := f.Run(t.Context()); err == nil || err.Error() != "the database was promoted, and follows no more" {
			t.Errorf("%v", err)
		}
		if n, err := opened.LastChange(t.Context(), 1); n != 0 || err != nil {
			t.Errorf("it has written %d changes, %v", n, err)
		}
	})
}

// A source that does not answer is waited for.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	nowhere, err := client.New("http://127.0.0.1:1", client.WithAPIKey("k"), client.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	b.with(t, func(s follow.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		config := follow.Config{Interval: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if err := follow.New(s, b.url, nowhere, config).Run(ctx); err != nil {
			t.Errorf("it ended: %v", err)
		}
	})
	if n := strings.Count(log.String(), "does not answer"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// A copy knows which accounts were merged by the causes of the changes, and which are
// there again.
func TestMergedAccounts(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	accounts := s.Accounts(t, 3)
	merge := func(into, from client.Account) {
		if _, err := s.Client.Accounts.Merge(t.Context(), into.ID, client.AccountMerge{From: []client.MergeSource{{ID: from.ID}}}); err != nil {
			t.Fatal(err)
		}
	}
	merge(accounts[1], accounts[0])
	merge(accounts[2], accounts[1])
	b.catchUp(t)
	want := func(into int64) {
		t.Helper()
		b.with(t, func(opened follow.Store) {
			companies, err := opened.Companies(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := opened.Account(t.Context(), companies[0].ID, accounts[0].ID); fault.MergedInto(err) != into {
				t.Errorf("%v, want that it was merged into %d", err, into)
			}
			if found := b.compare(t, opened); found != nil {
				t.Errorf("they differ: %v", found)
			}
		})
	}
	want(accounts[2].ID)
	for change, err := range s.Client.Accounts.History(t.Context(), accounts[2].ID) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Client.Accounts.Revert(t.Context(), accounts[2].ID, change.Sequence); err != nil {
			t.Fatal(err)
		}
		break
	}
	b.catchUp(t)
	want(accounts[1].ID)
}
