package server_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
)

// An answer is byte for byte what encoding/json makes of the generated type, in
// the order of the spec, whatever is in the account; what is copied from the
// store as well.
func TestAccountAsJSON(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a := randomAccount(random)
		got := server.ToAPIAccount(a)
		var read api.Account
		decoder := json.NewDecoder(bytes.NewReader(got))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&read); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if again, err := json.Marshal(read); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s\nas encoding/json writes it: %s %v", got, again, err)
		}
		checkMembers(t, read, a)
		for former := range 2 {
			for contacts := range 2 {
				checkForm(t, a, former > 0, contacts > 0)
			}
		}
	}
}

// checkForm checks the two ways to an answer: of what was decoded, and of what
// is stored.
func checkForm(t *testing.T, a account.Account, former, contacts bool) {
	t.Helper()
	var want api.Account
	must(t, json.Unmarshal(server.ToAPIAccount(a), &want))
	if former {
		want.ClientType = want.AccountType
	}
	if !contacts {
		want.Contacts = nil
	}
	text, err := json.Marshal(want)
	must(t, err)
	if got := server.AppendAccount(account.Stored{Account: a}, former, contacts); !bytes.Equal(got, text) {
		t.Fatalf("former %t, contacts %t: %s, want %s", former, contacts, got, text)
	}
	stored := account.Stored{Account: a, AddressJSON: marshal(t, a.Address), CustomJSON: marshal(t, a.Custom)}
	stored.Address, stored.Custom = nil, nil
	if got := server.AppendAccount(stored, former, contacts); !bytes.Equal(got, text) {
		t.Fatalf("as it is stored: %s, want %s", got, text)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// checkMembers checks that each member has its own value.
func checkMembers(t *testing.T, got api.Account, a account.Account) {
	t.Helper()
	contacts := make([]api.AccountContact, len(a.Contacts))
	for i, c := range a.Contacts {
		contacts[i] = api.AccountContact{
			ID: c.ID, Name: c.Name, Title: textOrNull(&c.Title, c.Title == ""),
			Emails: append([]string{}, c.Emails...), Phones: append([]string{}, c.Phones...),
		}
	}
	for name, pair := range map[string][2]any{
		"id": {got.ID, a.ID}, "number": {got.Number, a.Number}, "isActive": {got.IsActive, a.Active}, "title": {got.Title, a.Title},
		"createdAt": {got.CreatedAt.UTC(), a.CreatedAt}, "updatedAt": {got.UpdatedAt.UTC(), a.UpdatedAt},
		"description":  {got.Description, textOrNull(a.Description, a.Description == nil)},
		"primaryEmail": {got.PrimaryEmail, textOrNull(a.PrimaryEmail, a.PrimaryEmail == nil)},
		"primaryPhone": {got.PrimaryPhone, textOrNull(a.PrimaryPhone, a.PrimaryPhone == nil)},
		"accountType":  {got.AccountType, textOrNull((*api.AccountType)(a.Type), a.Type == nil)},
		"value":        {got.Value.IsSpecified(), a.Value != nil}, "size": {got.Size.IsSpecified(), a.Size != nil},
		"address": {got.Address, a.Address}, "custom": {got.Custom, api.CustomValues(a.Custom)}, "contacts": {*got.Contacts, contacts},
		"createdBy": {got.CreatedBy, userOrNull(a.CreatedBy)}, "updatedBy": {got.UpdatedBy, userOrNull(a.UpdatedBy)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Fatalf("%s: %#v, want %#v", name, pair[0], pair[1])
		}
	}
	if a.Value != nil && got.Value.MustGet() != *a.Value || a.Size != nil && got.Size.MustGet() != *a.Size {
		t.Fatalf("value %v, size %v", got.Value, got.Size)
	}
}

func textOrNull[T any](p *T, none bool) nullable.Nullable[T] {
	if none {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*p)
}

func userOrNull(u *identity.UserRef) nullable.Nullable[api.UserSummary] {
	if u == nil {
		return nullable.NewNullNullable[api.UserSummary]()
	}
	return nullable.NewNullableWithValue(api.UserSummary{
		ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: textOrNull(&u.Email, u.Email == ""),
	})
}

// randomAccount has in each member something or nothing.
func randomAccount(r *rand.Rand) account.Account {
	kind, email := account.Types[r.IntN(2)], randomText(r)
	at := func() time.Time { return time.UnixMilli(r.Int64N(4e12)).UTC() }
	a := account.Account{
		ID: r.Int64(), Number: r.Int64(), Version: r.Int64(), Active: r.IntN(2) == 0, Title: randomText(r),
		Description: maybe(r, randomText(r)), PrimaryEmail: maybe(r, email), PrimaryPhone: maybe(r, randomText(r)),
		Type: maybe(r, kind), Value: maybe(r, randomAmount(r)), Size: maybe(r, randomAmount(r)),
		Address: texts(r), Custom: account.Custom{}, Contacts: make([]account.Contact, r.IntN(3)), CreatedAt: at(), UpdatedAt: at(),
		CreatedBy: maybe(r, identity.UserRef{ID: r.Int64(), FirstName: randomText(r), LastName: randomText(r), Email: randomText(r)}),
		UpdatedBy: maybe(r, identity.UserRef{ID: 5}),
	}
	for range r.IntN(5) {
		a.Custom[randomText(r)] = []any{
			randomText(r), r.IntN(2) == 0, json.Number("-12345678901234567890.10e5"), []any{}, []any{randomText(r), json.Number("1.50"), true},
		}[r.IntN(5)]
	}
	for i := range a.Contacts {
		a.Contacts[i] = account.Contact{ID: r.Int64(), Name: randomText(r), Title: randomText(r), Emails: texts(r), Phones: texts(r)}
	}
	return a
}

func maybe[T any](r *rand.Rand, v T) *T {
	if r.IntN(3) == 0 {
		return nil
	}
	return &v
}

func texts(r *rand.Rand) []string {
	list := make([]string, r.IntN(3))
	for i := range list {
		list[i] = randomText(r)
	}
	return list
}

var letters = []rune("abc ÉÅ日👧\"\\/<>&\u2028\u2029\u0001\n\t\b\f\r\u007f\ufffd'")

func randomText(r *rand.Rand) string {
	text := make([]rune, r.IntN(6))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

func randomAmount(r *rand.Rand) float64 {
	return []float64{0, 1, -3.25, 1250.5, 1e15, 1e21, 123456789.125, 1e-6, 9.9e-7, -4e-12, r.NormFloat64() * 1e6}[r.IntN(11)]
}

// Who asks with the tag of what it has gets no body, and a filter that only the
// server can test shows accounts as the others do.
func TestShownAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one := f.send(t, request{method: "GET", path: "/accounts/1"})
	list := f.send(t, request{method: "GET", path: "/accounts?page_size=1&order_by=asc"})
	found := f.send(t, request{method: "GET", path: "/accounts/search?prop1=capacity&op1=neq&value1=3&page_size=1"})
	want := "[" + string(bytes.TrimSpace(one.Body.Bytes())) + "]\n"
	if got := list.Body.String(); got != want {
		t.Errorf("listed: %s, want %s", got, want)
	}
	if got := found.Body.String(); got != want {
		t.Errorf("found: %s, want %s", got, want)
	}
	again := f.send(t, request{method: "GET", path: "/accounts/1", headers: map[string]string{"If-None-Match": one.Header().Get("ETag")}})
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("with its own tag: %d %s", again.Code, again.Body)
	}
}
