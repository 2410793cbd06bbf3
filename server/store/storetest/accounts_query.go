package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// testQueries compares lists and counts of any query with those made in memory
// of all accounts.
func testQueries(t *testing.T, f *fixture) {
	s := newSamples(t, f)
	all := s.addAccounts(t, 120)
	rapid.Check(t, func(r *rapid.T) {
		q := s.query(r, all)
		passing := passing(all, q)
		got, err := f.store.Accounts(t.Context(), f.company.ID, q)
		if err != nil {
			r.Fatal(err)
		}
		wantIDs(r, ids(got), ids(page(passing, q.Page)))
		for _, a := range got {
			equal(r, a, all[slices.IndexFunc(all, func(b account.Account) bool { return a.ID == b.ID })])
		}
		n, err := f.store.CountAccounts(t.Context(), f.company.ID, q)
		if err != nil || n != int64(len(passing)) {
			r.Fatalf("counted %d, %v, want %d", n, err, len(passing))
		}
	})
}

// passing are the accounts of a list, without regard to its page.
func passing(all []account.Account, q account.Query) []account.Account {
	var list []account.Account
	for _, a := range all {
		if (a.Active || q.IncludeArchived) && q.Filter.Matches(&a) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b account.Account) int {
		order := cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.ID, b.ID))
		if q.Ascending {
			return order
		}
		return -order
	})
	return list
}

// page is a window of a list. A place is that of one of the list's records.
func page(list []account.Account, p query.Page) []account.Account {
	at := func(c *query.Cursor) int {
		i := slices.IndexFunc(list, func(a account.Account) bool { return a.ID == c.ID })
		return i
	}
	switch {
	case p.After != nil:
		list = list[at(p.After)+1:]
	case p.Before != nil:
		list = list[:at(p.Before)]
		return list[max(0, len(list)-p.Limit):]
	}
	list = list[min(int64(len(list)), p.Offset):]
	return list[:min(len(list), p.Limit)]
}

func ids(accounts []account.Account) []int64 {
	ids := make([]int64, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID
	}
	return ids
}

func wantIDs(t fataler, got, want []int64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got accounts %v, want %v", got, want)
	}
}

// samples are values that accounts have and queries ask for. They are few, so
// that accounts share them, and look alike.
type samples struct {
	f          *fixture
	users      []identity.UserRef
	contacts   []account.Contact
	properties []schema.Property
}

func newSamples(t *testing.T, f *fixture) *samples {
	t.Helper()
	second := identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example", CreatedAt: start}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &second) })
	s := &samples{f: f, users: []identity.UserRef{f.ada.Ref(), second.Ref()}}
	for _, name := range []string{"Jo", "JO Straße", "Lee"} {
		s.contacts = append(s.contacts, f.addContact(t, account.Contact{Name: name}))
	}
	for _, index := range []schema.IndexState{schema.IndexReady, schema.IndexBuilding, schema.IndexNone} {
		for _, p := range []schema.Property{
			{Key: "text", Type: schema.Text},
			{Key: "numbers", Type: schema.Numeric, Multiple: true},
			{Key: "on", Type: schema.Boolean},
			{Key: "day", Type: schema.Date},
		} {
			p.Key, p.Index = "is_"+string(index)+"_"+p.Key, index
			s.properties = append(s.properties, f.addProperty(t, p))
		}
	}
	return s
}

var (
	sampleTexts  = []string{"Strasse", "STRAßE", "öl", "O\u0308L", "a", "A b", "b", "a%_b", "K", "\u212A", "x'y\"z", "東京 🏠", "415", "a\nb", "a\x1eb", "a\uFFFDb"}
	sampleEmails = []string{"a@x.example", "b@x.example", "ss@x.example", "ß@x.example", "ſs@x.example", "e\u0301@x.example", "\u00e9@x.example"}
	samplePhones = []string{"+14155550143", "+14155550144", "555 (0143)", "ext. 5"}
	sampleFloats = []float64{0, -0.5, 0.1, 1000, 1e15, 1.0000000000000002}
	sampleTimes  = []time.Time{start, start.Add(time.Millisecond), start.Add(2 * time.Millisecond), start.Add(time.Hour)}
	sampleValues = map[schema.Type][]any{
		schema.Text: {"Strasse", "straße", "a", "ab", "A", ""},
		schema.Numeric: {
			json.Number("1"), json.Number("1.0"), json.Number("1e0"), json.Number("-1"), json.Number("-12"), json.Number("0"),
			json.Number("9007199254740993"), json.Number("9007199254740992"), json.Number("1e-300"), json.Number("1E+400"),
		},
		schema.Boolean: {true, false},
		schema.Date:    {"2026-11-24", "2026-11-24T00:00:00.000Z", "2026-11-24T16:05:12.345Z", "2026-11-25"},
	}
)

// addAccounts stores accounts, with some of the other company among them, and
// returns them as reads do.
func (s *samples) addAccounts(t *testing.T, n int) []account.Account {
	t.Helper()
	generator := rapid.Custom(s.account)
	all := make([]account.Account, n)
	for i := range all {
		all[i] = generator.Example(i)
		foreign := s.f.newAccount("a")
		foreign.CompanyID = s.f.other.ID
		foreign.PrimaryEmail, foreign.PrimaryPhone = &sampleEmails[0], &samplePhones[0]
		s.f.addAccount(t, foreign)
		all[i] = s.f.addAccount(t, all[i])
		s.index(t, all[i])
	}
	return all
}

// index keeps the keys of an account's custom values, as every write does.
func (s *samples) index(t *testing.T, a account.Account) {
	t.Helper()
	s.f.write(t, func(ctx context.Context, tx store.Tx) error {
		for _, p := range s.properties {
			if p.Index == schema.IndexNone {
				continue
			}
			if err := tx.IndexCustom(ctx, p, a.ID, p.Keys(a.Custom[p.Key])); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *samples) account(r *rapid.T) account.Account {
	a := s.f.newAccount(rapid.SampledFrom(sampleTexts).Draw(r, "title"))
	a.Active = rapid.IntRange(0, 3).Draw(r, "active") > 0
	a.Description = maybe(r, "description", sampleTexts)
	a.Address = rapid.SliceOfN(rapid.SampledFrom(sampleTexts), 0, 3).Draw(r, "address")
	a.PrimaryEmail = maybe(r, "email", sampleEmails)
	a.PrimaryPhone = maybe(r, "phone", samplePhones)
	a.Type = maybe(r, "type", account.Types)
	a.Value, a.Size = maybe(r, "value", sampleFloats), maybe(r, "size", sampleFloats)
	a.CreatedBy, a.UpdatedBy = maybe(r, "creator", s.users), maybe(r, "updater", s.users)
	a.CreatedAt = rapid.SampledFrom(sampleTimes).Draw(r, "created")
	a.UpdatedAt = rapid.SampledFrom(sampleTimes).Draw(r, "updated")
	a.Contacts = rapid.SliceOfNDistinct(rapid.SampledFrom(s.contacts), 0, 3, func(c account.Contact) int64 { return c.ID }).Draw(r, "contacts")
	a.Custom = account.Custom{}
	for _, p := range s.properties {
		if value := s.value(r, p); value != nil {
			a.Custom[p.Key] = value
		}
	}
	return a
}

func (s *samples) value(r *rapid.T, p schema.Property) any {
	if rapid.Bool().Draw(r, "no "+p.Key) {
		return nil
	}
	values := sampleValues[p.Type]
	if p.Multiple {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 3, rapid.ID[any]).Draw(r, p.Key)
	}
	return rapid.SampledFrom(values).Draw(r, p.Key)
}

func maybe[T any](r *rapid.T, label string, values []T) *T {
	if rapid.IntRange(0, 3).Draw(r, "no "+label) == 0 {
		return nil
	}
	value := rapid.SampledFrom(values).Draw(r, label)
	return &value
}
