package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/accountsd/accountsd/gen"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/storetest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// fixture is a whole server on a store of its own, with a company that has users,
// keys, properties, two contacts and one account.
type fixture struct {
	store    store.Store
	services server.Services
	handler  http.Handler
	log      *bytes.Buffer
	clock    *clock
	company  identity.Company
	ada      identity.User // an admin
	lin      identity.User // no admin
	jo, lee  account.Contact
	account  account.Account
}

// The tokens of the fixture's keys.
const (
	writeKey   = "acc_write"
	readKey    = "acc_read"
	adminKey   = "acc_admin"
	linKey     = "acc_lin" // of lin, to write
	expiredKey = "acc_expired"
	revokedKey = "acc_revoked"
	otherKey   = "acc_other" // of another company
)

// clock moves by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newFixture(t testing.TB, options ...func(*server.Config)) *fixture {
	t.Helper()
	return newFixtureOn(t, teststore.Open(t), options...)
}

// newFixtureOn is newFixture on an empty store.
func newFixtureOn(t testing.TB, kept store.Store, options ...func(*server.Config)) *fixture {
	t.Helper()
	if _, ok := t.(*testing.T); ok {
		kept = storetest.Missing(kept) // A benchmark takes the way that is usual.
	}
	f := &fixture{store: kept, log: &bytes.Buffer{}, clock: &clock{now: time.Date(2026, 11, 24, 16, 5, 12, 300e6, time.UTC)}}
	f.seed(t)
	f.start(t, options...)
	return f
}

// start starts the fixture's server.
func (f *fixture) start(t testing.TB, options ...func(*server.Config)) {
	t.Helper()
	config := server.Config{Logger: newLogger(f.log)}
	for _, option := range options {
		option(&config)
	}
	f.services = server.NewServices(f.store, server.ServiceConfig{Clock: f.clock.Now, Region: "US", Logger: newLogger(f.log), Webhooks: loopback})
	handler, err := server.New(config, f.services)
	must(t, err)
	f.handler = handler
}

func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(&lockedWriter{w: w}, nil))
}

// lockedWriter lets requests in parallel write one log.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (f *fixture) seed(t testing.TB) {
	t.Helper()
	now := f.clock.Now()
	f.company = identity.Company{Name: "Sunrise Services", CreatedAt: now}
	f.ada = identity.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Reyes", Admin: true, CreatedAt: now, PasswordHash: passwordHash()}
	f.lin = identity.User{Email: "lin@example.com", CreatedAt: now, PasswordHash: passwordHash()}
	f.jo = account.Contact{Name: "Jo Park", Title: "Facility manager", Emails: []string{"jo@sunrise.example"}, Phones: []string{"+14155550143"}, CreatedAt: now, UpdatedAt: now}
	f.lee = account.Contact{Name: "Lee Chan", CreatedAt: now, UpdatedAt: now}
	other := identity.Company{Name: "Other Company", CreatedAt: now}
	stranger := identity.User{Email: "stranger@other.example", Admin: true, CreatedAt: now}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		must(t, tx.InsertCompany(ctx, &f.company))
		must(t, tx.InsertCompany(ctx, &other))
		f.ada.CompanyID, stranger.CompanyID = f.company.ID, other.ID
		must(t, tx.InsertUser(ctx, &f.ada))
		must(t, tx.InsertUser(ctx, &stranger))
		f.lin.CompanyID = f.company.ID
		must(t, tx.InsertUser(ctx, &f.lin))
		for _, k := range []struct {
			token string
			key   identity.Key
		}{
			{writeKey, identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeWrite}},
			{readKey, identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeRead}},
			{adminKey, identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeAdmin}},
			{linKey, identity.Key{UserID: f.lin.ID, CompanyID: f.company.ID, Scope: identity.ScopeWrite}},
			{expiredKey, identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeWrite, ExpiresAt: now.Add(-time.Second)}},
			{revokedKey, identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeWrite, RevokedAt: now.Add(-time.Second)}},
			{otherKey, identity.Key{UserID: stranger.ID, CompanyID: other.ID, Scope: identity.ScopeAdmin}},
		} {
			key := k.key
			key.Hash, key.Prefix, key.CreatedAt = identity.HashToken(k.token), k.token, now
			must(t, tx.InsertKey(ctx, &key))
		}
		for _, p := range []schema.Property{
			{Name: "Roof type", Key: "roof_type", Type: schema.Dropdown, Options: []string{"Tile", "Metal"}},
			{Name: "Tags", Key: "tags", Type: schema.Dropdown, Multiple: true, Options: []string{"Gold", "Silver"}},
			{Name: "Capacity", Key: "capacity", Type: schema.Numeric},
			{Name: "Installed on", Key: "installed_on", Type: schema.Date},
			{Name: "Monitored", Key: "monitored", Type: schema.Boolean},
			{Name: "Remarks", Key: "remarks", Type: schema.Text, Multiple: true},
		} {
			p.CompanyID = f.company.ID
			must(t, tx.InsertProperty(ctx, &p))
		}
		f.jo.CompanyID, f.lee.CompanyID = f.company.ID, f.company.ID
		must(t, tx.InsertContact(ctx, &f.jo))
		must(t, tx.InsertContact(ctx, &f.lee))
		f.account = f.newAccount()
		must(t, tx.InsertAccount(ctx, &f.account))
		taken := f.newAccount()
		taken.Number, taken.Title = 77, "Taken Number"
		must(t, tx.InsertAccount(ctx, &taken))
		return nil
	})
	must(t, err)
}

// userByEmail returns the one user with an email.
func userByEmail(ctx context.Context, r identity.Reader, email string) (identity.User, error) {
	users, err := r.UsersByEmail(ctx, email)
	if err != nil || len(users) != 1 {
		return identity.User{}, fmt.Errorf("%d users with %s: %w", len(users), email, err)
	}
	return users[0], nil
}

// addProperty defines a text property.
func (f *fixture) addProperty(t testing.TB, key string) {
	t.Helper()
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.InsertProperty(ctx, &schema.Property{CompanyID: f.company.ID, Name: key, Key: key, Type: schema.Text})
	}))
}

// newAccount has a value in every member that can be cleared.
func (f *fixture) newAccount() account.Account {
	description, email, phone := "Came by referral.", "office@sunrise.example", "+14155550142"
	kind, value, size := account.TypeCommercial, 1250.5, 3.0
	by := identity.UserRef{ID: f.ada.ID, FirstName: f.ada.FirstName, LastName: f.ada.LastName, Email: f.ada.Email}
	return account.Account{
		CompanyID: f.company.ID, Version: 1, Title: "Sunrise Solar", Description: &description,
		Address: []string{"120 Mission Street, San Francisco, CA 94105"}, Active: true,
		PrimaryEmail: &email, PrimaryPhone: &phone, Type: &kind, Value: &value, Size: &size,
		Custom:    account.Custom{"roof_type": "Tile", "capacity": json.Number("12.50")},
		Contacts:  []account.Contact{f.jo},
		CreatedAt: f.clock.Now(), UpdatedAt: f.clock.Now(), CreatedBy: &by,
	}
}

// request is one call of the API. The zero value of key sends writeKey.
type request struct {
	method  string
	path    string // below /v1
	key     string // noKey sends none
	headers map[string]string
	body    string
}

const noKey = "-"

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	json map[string]any
	list []any // of an answer that is a list
}

// send makes a request and checks the answer against the spec.
func (f *fixture) send(t *testing.T, r request) answer {
	t.Helper()
	return f.sendFrom(t, "192.0.2.1:1234", r)
}

// sendFrom is send from a remote address.
func (f *fixture) sendFrom(t *testing.T, address string, r request) answer {
	t.Helper()
	req := f.request(t.Context(), r)
	req.RemoteAddr = address
	return f.answerTo(t, req)
}

// sendIn is send of a request that is given up when a context ends.
func (f *fixture) sendIn(t *testing.T, ctx context.Context, r request) answer {
	t.Helper()
	return f.answerTo(t, f.request(ctx, r))
}

func (f *fixture) request(ctx context.Context, r request) *http.Request {
	req := httptest.NewRequestWithContext(ctx, r.method, "/v1"+r.path, strings.NewReader(r.body))
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch r.key {
	case noKey:
	case "":
		req.Header.Set("x-api-key", writeKey)
	default:
		req.Header.Set("x-api-key", r.key)
	}
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	return req
}

// answerTo serves a request, and checks the answer against the spec.
func (f *fixture) answerTo(t *testing.T, req *http.Request) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	f.handler.ServeHTTP(recorder, req)
	a := answer{ResponseRecorder: recorder}
	checkAnswer(t, req, recorder)
	if recorder.Body.Len() > 0 {
		decoder := json.NewDecoder(bytes.NewReader(recorder.Body.Bytes()))
		decoder.UseNumber()
		var body any
		if err := decoder.Decode(&body); err != nil {
			t.Fatalf("%s %s answered no JSON: %v\n%s", req.Method, req.URL, err, recorder.Body)
		}
		a.json, _ = body.(map[string]any)
		a.list, _ = body.([]any)
	}
	return a
}

// ids lists the ids of an answer that is a list, in order.
func (a answer) ids() string {
	var ids []string
	for _, item := range a.list {
		ids = append(ids, fmt.Sprint(item.(map[string]any)["id"]))
	}
	return strings.Join(ids, " ")
}

// link returns the path below /v1 that an answer links to, or "".
func (a answer) link(rel string) string {
	for link := range strings.SplitSeq(a.Header().Get("Link"), ", ") {
		if target, ok := strings.CutSuffix(link, `>; rel="`+rel+`"`); ok {
			return strings.TrimPrefix(target, "</v1")
		}
	}
	return ""
}

// errors lists the offences of a problem as "pointer or name: message", sorted.
func (a answer) errors() []string {
	var found []string
	list, _ := a.json["errors"].([]any)
	for _, item := range list {
		e := item.(map[string]any)
		place, ok := e["pointer"].(string)
		if !ok {
			place = e["in"].(string) + " " + e["field"].(string)
		}
		found = append(found, place+": "+e["message"].(string))
	}
	slices.Sort(found)
	return found
}

// get reads the account as it is stored.
func (f *fixture) get(t *testing.T, id string) answer {
	t.Helper()
	a := f.send(t, request{method: "GET", path: "/accounts/" + id + "?include_contacts=true&include_archived=true"})
	if a.Code != http.StatusOK {
		t.Fatalf("GET answered %d: %s", a.Code, a.Body)
	}
	return a
}

var spec = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(gen.OpenAPI)
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
})

// checkAnswer checks an answer against the operation of the served spec. A path
// or method that is not in the spec must be answered with a problem.
func checkAnswer(t *testing.T, req *http.Request, recorder *httptest.ResponseRecorder) {
	t.Helper()
	if recorder.Header().Get("X-Request-Id") == "" {
		t.Errorf("%s %s: no X-Request-Id", req.Method, req.URL)
	}
	router, err := spec()
	must(t, err)
	method := req.Method
	if strings.HasPrefix(recorder.Header().Get("X-Lenient"), "PUT read as PATCH") {
		method = http.MethodPatch
	}
	path := req.URL.Path
	if strings.Contains(path, "/by/") { // Its last segment may hold a slash.
		path = req.URL.EscapedPath()
	}
	route, params, err := router.FindRoute(&http.Request{Method: method, URL: &url.URL{Path: path}})
	if err != nil || strings.HasSuffix(path, "/") { // which the router passes over
		if got := recorder.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s %s: Content-Type %q of a path that is not in the spec", req.Method, req.URL, got)
		}
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 recorder.Code,
		Header:                 recorder.Header(),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	for name := range recorder.Header() {
		if !ofHTTP.MatchString(name) && !declares(route.Operation.Responses.Status(recorder.Code), name) {
			t.Errorf("%s %s: %d has the header %s, which the spec does not declare", req.Method, req.URL, recorder.Code, name)
		}
	}
	input.SetBodyBytes(recorder.Body.Bytes())
	if recorder.Code == http.StatusNotModified {
		if recorder.Body.Len() > 0 {
			t.Errorf("304 with a body: %s", recorder.Body)
		}
		return
	}
	if err := openapi3filter.ValidateResponse(req.Context(), input); err != nil {
		t.Errorf("%s %s: the answer is not what the spec says: %v\n%s", req.Method, req.URL, err, recorder.Body)
	}
}

// ofHTTP are the headers that any answer may have.
var ofHTTP = regexp.MustCompile(`^(Content-(Type|Length|Encoding)|Connection|Strict-Transport-Security|Access-Control-.*)$`)

// declares tells whether the spec declares a header of an answer. A status that it
// does not declare is told elsewhere.
func declares(response *openapi3.ResponseRef, header string) bool {
	if response == nil {
		return true
	}
	for name := range response.Value.Headers {
		if http.CanonicalHeaderKey(name) == header {
			return true
		}
	}
	return false
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
