package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	fields "github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// theirMark is in every record of the other company, and in no request.
const theirMark = "zzyzx"

// curiousKey may do all in its own company.
const curiousKey = "acc_curious"

// Two companies have equal data. Whatever is done with keys of the one, nothing
// of the other is ever answered or changed.
func TestCompaniesAreApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	theirKey := strconv.FormatInt(f.seedTwin(t), 10)
	doc := loadSpec(t)
	before := f.everything(t)
	if !strings.Contains(before, theirMark) {
		t.Fatal("the other company cannot be told apart")
	}
	calls := callsOf(doc)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			f.clock.advance(time.Second)
			c := rapid.SampledFrom(calls).Draw(t, "operation")
			if c.method == http.MethodDelete && rapid.IntRange(0, 3).Draw(t, "spared") > 0 {
				continue // Something must be left to find.
			}
			req := c.draw(t, theirKey)
			recorder := httptest.NewRecorder()
			f.handler.ServeHTTP(recorder, req)
			if strings.Contains(recorder.Body.String(), theirMark) || strings.Contains(fmt.Sprint(recorder.Header()), theirMark) {
				t.Fatalf("%s %s answers of another company: %s", req.Method, req.URL, recorder.Body)
			}
			if recorder.Code >= http.StatusInternalServerError {
				t.Fatalf("%s %s: %d %s", req.Method, req.URL, recorder.Code, recorder.Body)
			}
		}
	})
	if after := f.everything(t); after != before {
		t.Errorf("the other company was\n%s\nand is\n%s", before, after)
	}
}

// seedTwin gives the other company what the fixture's has: the same texts, so
// that every search that finds the one would find the other.
func (f *fixture) seedTwin(t *testing.T) (theirKey int64) {
	t.Helper()
	now := f.clock.Now()
	stranger, err := userByEmail(t.Context(), f.store, "stranger@other.example")
	must(t, err)
	err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for _, p := range []schema.Property{
			{Name: "Roof type", Key: "roof_type", Type: schema.Dropdown, Options: []string{"Tile", "Metal", theirMark}, Index: schema.IndexReady},
			{Name: "Capacity " + theirMark, Key: "capacity", Type: schema.Numeric},
			{Name: theirMark, Key: "tags", Type: schema.Dropdown, Multiple: true, Options: []string{"Gold", theirMark}},
		} {
			p.CompanyID = stranger.CompanyID
			must(t, tx.InsertProperty(ctx, &p))
		}
		theirs := identity.Key{UserID: stranger.ID, CompanyID: stranger.CompanyID, Name: theirMark, Scope: identity.ScopeWrite, Hash: identity.KeyHash{1}, CreatedAt: now}
		must(t, tx.InsertKey(ctx, &theirs))
		theirKey = theirs.ID
		ours := identity.Key{UserID: f.ada.ID, CompanyID: f.company.ID, Scope: identity.ScopeAdmin, Hash: identity.HashToken(curiousKey), CreatedAt: now}
		must(t, tx.InsertKey(ctx, &ours))
		jo := account.Contact{CompanyID: stranger.CompanyID, Name: f.jo.Name, Title: theirMark, Emails: f.jo.Emails, Phones: f.jo.Phones, CreatedAt: now, UpdatedAt: now}
		must(t, tx.InsertContact(ctx, &jo))
		for range 3 {
			twin := f.newAccount()
			description := f.account.Title + " " + theirMark
			twin.CompanyID, twin.Number, twin.Description, twin.CreatedBy = stranger.CompanyID, 0, &description, nil
			twin.Contacts = []account.Contact{jo}
			must(t, tx.InsertAccount(ctx, &twin))
			must(t, tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: stranger.CompanyID, AccountID: twin.ID, Kind: account.ChangeCreated, Version: 1, At: now,
				Email: theirMark, Fields: fields.Changes{"description": {After: description}}}))
		}
		return nil
	})
	must(t, err)
	return theirKey
}

// everything is all that the other company can read of itself.
func (f *fixture) everything(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{
		"/accounts?include_contacts=true&include_archived=true&page_size=100", "/accounts/changes?page_size=100",
		"/contacts?page_size=100", "/properties", "/users?page_size=100", "/api-keys?page_size=100",
	} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/v1"+path, nil)
		req.Header.Set("x-api-key", otherKey)
		recorder := httptest.NewRecorder()
		f.handler.ServeHTTP(recorder, req)
		if recorder.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, recorder.Code, recorder.Body)
		}
		fmt.Fprintln(&b, recorder.Body)
	}
	return lastUse.ReplaceAllString(b.String(), "") // of the key that it is read with
}

var lastUse = regexp.MustCompile(`"lastUsedAt":("[^"]*"|null),?`)

// call is an operation of the spec, to be called at random.
type call struct {
	method, path string
	parameters   openapi3.Parameters
	body         any // an example
}

func callsOf(doc *openapi3.T) []call {
	var calls []call
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c := call{method: method, path: path, parameters: slices.Concat(item.Parameters, op.Parameters)}
			if op.RequestBody == nil {
				calls = append(calls, c)
				continue
			}
			examples := op.RequestBody.Value.Content["application/json"].Examples
			for _, name := range slices.Sorted(maps.Keys(examples)) {
				c.body = examples[name].Value.Value
				calls = append(calls, c)
			}
		}
	}
	slices.SortFunc(calls, func(a, b call) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return calls
}

// ids are those of records of both companies, and of some that are yet to be
// made.
var ids = strings.Split("1 2 3 4 5 6 7 8 9 10 11 12", " ")

// values are what parameters and members are given: ids of both companies and
// texts that both have.
var values = map[string][]string{
	"keyName":    {"roof_type", "capacity", "monitored"},
	"prop1":      {"title", "description", "roof_type", "capacity", "tags", "id", "number", "primaryEmail", "contacts", "createdBy"},
	"op1":        {"eq", "neq", "contains", "in", "nin", "gte", "between", "exists"},
	"value1":     {"Sunrise Solar", "Tile", "1", "1,2,3", "1,9", "true", "12.5", "sunrise"},
	"match_by":   {"title", "primaryEmail", "primaryPhone", "address", "none"},
	"account_id": {"1", "2", "3", "4", "5"},
	"after":      {"0", "1", "3"},
	"before":     {"100", "2"},
	"page":       {"1", "2"},
	"page_size":  {"1", "100"},
	"order_by":   {"asc", "desc"},
	"If-Match":   {"*", `"1-1"`, `"3-1"`},
	"address":    {"mission"}, "primaryName": {"jo"}, "primaryPhone": {"555"}, "primaryEmail": {"office"}, "title": {"sunrise"},
	"updated_after": {"2020-01-01T00:00:00Z"}, "updated_before": {"2030-01-01T00:00:00Z"},
	"record_type": {"account", "client"}, "Idempotency-Key": {"a", "b", "c", "d", "e", "f", "g", "h"},
	"logic": {"and", "or"}, "match_found_strategy": {"skip", "replace", "enrich"}, "If-None-Match": {`"1-1"`},
}

// draw makes a request. A key to revoke is theirs, so that there are keys to go on
// with.
func (c call) draw(t *rapid.T, theirKey string) *http.Request {
	path, query, header := c.path, url.Values{}, http.Header{}
	for _, ref := range c.parameters {
		p := ref.Value
		choices := values[strings.Replace(p.Name, "2", "1", 1)]
		switch {
		case p.Name == "keyId":
			choices = []string{theirKey}
		case p.In == openapi3.ParameterInPath && choices == nil:
			choices = ids
		case choices == nil && p.Schema.Value.Type.Is("boolean"):
			choices = []string{"true", "false"}
		case choices == nil:
			choices = []string{"sunrise", "jo park", "555"}
		}
		value := rapid.SampledFrom(choices).Draw(t, p.Name)
		switch {
		case p.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", value)
		case p.Name == "cursor": // Links lead there, and say which.
		case !p.Required && rapid.Bool().Draw(t, "without "+p.Name):
		case p.In == openapi3.ParameterInQuery:
			query.Set(p.Name, value)
		default:
			header.Set(p.Name, value)
		}
	}
	var body strings.Builder
	if c.body != nil {
		text, _ := json.Marshal(c.body)
		// Every id becomes one that may be of either company.
		id := rapid.SampledFrom(ids).Draw(t, "id")
		body.WriteString(strings.NewReplacer("42", id, "43", id, "[7]", "["+id+"]").Replace(string(text)))
	}
	req := httptest.NewRequest(c.method, "/v1"+path+"?"+query.Encode(), strings.NewReader(body.String()))
	req.Header = header
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("x-api-key", rapid.SampledFrom([]string{readKey, writeKey, curiousKey}).Draw(t, "key"))
	return req
}
