package storetest

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// Opener opens the database of a test once more, as another server does, and closes
// it in a cleanup.
type Opener func(t *testing.T) store.Store

// RunShared tests what must hold when several servers write one database. Each test
// gets an empty one of its own.
func RunShared(t *testing.T, database func(t *testing.T) Opener) {
	for name, test := range sharedTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newShared(t, database(t)))
		})
	}
}

var sharedTests = map[string]func(*testing.T, *shared){
	"Feed":                 testSharedFeed,
	"Options":              testSharedOptions,
	"LastOptions":          testLastOptions,
	"Members":              testSharedMembers,
	"ContactOfCreations":   testContactOfCreations,
	"MatchedCreations":     testMatchedCreations,
	"ContactMembers":       testContactMembers,
	"Invitation":           testSharedInvitation,
	"TakenInTransaction":   testTakenInTransaction,
	"PartThatFails":        testPartThatFails,
	"Once":                 testSharedOnce,
	"OnceWhileUnderWay":    testOnceWhileUnderWay,
	"AliasUse":             testSharedAliasUse,
	"FailedLogins":         testSharedFailedLogins,
	"FailedLoginsAtOnce":   testFailedLoginsAtOnce,
	"Quota":                testSharedQuota,
	"RevokedKey":           testRevokedElsewhere,
	"NumbersWithoutHoles":  testSharedNumbers,
	"SchemaOfOtherServers": testSharedSchema,
}

// shared is a database that two servers have, with the fixture's records. The
// fixture's store is the first server's.
type shared struct {
	*fixture
	open    Opener
	servers []*rooms
	actor   identity.Actor // ada, with a key
}

// rooms are those of one server, as far as the tests need them.
type rooms struct {
	store.Store
	accounts *account.Service
	intake   *intake.Service
	contacts *contact.Service
	identity identity.Services
	counter  *alias.Counter
}

func newShared(t *testing.T, open Opener) *shared {
	t.Helper()
	first := open(t)
	f := &shared{fixture: newFixture(t, first), open: open}
	key := f.addKeys(t, f.ada, identity.Key{Name: "raced", Scope: identity.ScopeAdmin, Hash: identity.HashToken(racedToken)})[0]
	f.actor = identity.Actor{CompanyID: f.company.ID, KeyID: key.ID, Scope: key.Scope, User: f.ada.Ref()}
	f.servers = []*rooms{newRooms(first), newRooms(open(t))}
	return f
}

// racedToken is that of the actor's key.
const racedToken = "acc_raced"

func newRooms(s store.Store) *rooms {
	clock := write.Clock(func() time.Time { return start })
	part := store.For(s, func(tx store.Tx) account.Tx { return tx })
	writer := account.NewWriter(part, clock, "US")
	return &rooms{
		Store:    s,
		accounts: account.NewService(writer),
		intake:   intake.NewService(part, writer, clock, "US"),
		contacts: contact.NewService(store.For(s, func(tx store.Tx) contact.Tx { return tx }), writer, clock, "US"),
		identity: identity.New(store.For(s, func(tx store.Tx) identity.Tx { return tx }), clock, slog.New(slog.DiscardHandler)),
		counter:  alias.NewCounter(),
	}
}

// reopened is a server that starts now.
func (f *shared) reopened(t *testing.T) *rooms {
	t.Helper()
	return newRooms(f.open(t))
}

// onBoth runs fn n times at once, by turns on the servers, and returns its errors.
func (f *shared) onBoth(n int, fn func(s *rooms, i int) error) []error {
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		group.Go(func() { errs[i] = fn(f.servers[i%len(f.servers)], i) })
	}
	group.Wait()
	return errs
}

// race is onBoth of an fn that must not fail.
func (f *shared) race(t *testing.T, n int, fn func(s *rooms, i int) error) {
	t.Helper()
	for i, err := range f.onBoth(n, fn) {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// titled is what creates an account.
func titled(title string) account.Patch {
	return account.Patch{Title: patch.Set(title), Address: patch.Set([]string{"1 Main St"})}
}

// create creates an account, also if there is one like it.
func (f *shared) create(t *testing.T, s *rooms, title string) account.Account {
	t.Helper()
	made, err := s.intake.Create(t.Context(), f.actor, intake.CreateRequest{Patch: titled(title), MatchBy: account.MatchNone})
	if err != nil {
		t.Fatal(err)
	}
	return made.Account
}

// customOf is a patch of one custom member.
func customOf(key string, value any) account.Patch {
	return account.Patch{Custom: patch.Set(map[string]any{key: value})}
}
