package lineage_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/write"
)

// Each of the rounds is some dozen transactions.
var mergeRounds = flag.Int("merges", 20, "rounds of TestMergesAreTakenBack")

// Random merges make of accounts what a model of them makes, those that were merged
// lead to what is left, and all of it taken back backwards ends where it began.
func TestMergesAreTakenBack(t *testing.T) {
	t.Parallel()
	w := newMerging(t)
	for round := range *mergeRounds {
		w.round(t, round)
	}
}

// merging is a company whose accounts are merged.
type merging struct {
	*domaintest.Domain
	contacts []int64
}

func newMerging(t *testing.T) *merging {
	w := &merging{Domain: domaintest.New(t)}
	for _, p := range []schema.Property{
		{Name: "Roof", Type: schema.Dropdown, Options: []string{"Tile", "Metal"}, Index: schema.IndexReady},
		{Name: "Tags", Type: schema.Text, Multiple: true}, {Name: "Size", Key: "length", Type: schema.Numeric},
	} {
		if _, err := w.Properties.Create(t.Context(), w.Actor, property.New{Property: p}, write.Mode[schema.Property]{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		c, err := w.Contacts.Create(t.Context(), w.Actor, contact.Patch{Name: patch.Set("Jo")}, write.Mode[account.Contact]{})
		if err != nil {
			t.Fatal(err)
		}
		w.contacts = append(w.contacts, c.ID)
	}
	return w
}

// values are what accounts have, by their ids and members, as JSON.
type values map[int64]map[string]string

// done is a merge that was carried out.
type done struct {
	target   int64
	sequence int64
	before   values
	into     map[int64]int64
}

// round merges some accounts until one is left, and takes all of it back.
func (w *merging) round(t *testing.T, seed int) {
	t.Helper()
	accounts := rapid.SliceOfN(w.body(), 5, 5).Example(seed)
	there := make(values)
	for _, body := range accounts {
		made, err := w.Intake.Create(t.Context(), w.Actor, intake.CreateRequest{Patch: w.Accounts.Parse(body), MatchBy: account.MatchNone})
		if err != nil {
			t.Fatal(err)
		}
		there[made.Account.ID] = recordedOf(made.Account)
	}
	into := make(map[int64]int64)
	var merges []done
	for i := 0; len(there) > 1; i++ {
		req := request(there).Example(seed*10 + i)
		merges = append(merges, done{req.ID, w.merge(t, req), maps.Clone(there), maps.Clone(into)})
		there.merge(req)
		for _, source := range req.From {
			into[source.ID] = req.ID
		}
		w.want(t, there, into)
	}
	for _, m := range slices.Backward(merges) {
		if _, err := w.Lineage.Revert(t.Context(), w.Actor, lineage.RevertRequest{ID: m.target, Sequence: m.sequence}); err != nil {
			t.Fatalf("take the merge into %d back: %v", m.target, err)
		}
		w.want(t, m.before, m.into)
	}
}

// body generates accounts of which most members are missing.
func (w *merging) body() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(r *rapid.T) map[string]any {
		body := map[string]any{"title": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "title"), "address": []any{"x"}}
		maybe := func(name string, of map[string]any, sample ...any) {
			if rapid.Bool().Draw(r, name) {
				of[name] = rapid.SampledFrom(sample).Draw(r, name)
			}
		}
		maybe("description", body, "one", "two")
		maybe("primaryEmail", body, "a@example.com", "b@example.com")
		maybe("accountType", body, "COMMERCIAL", "RESIDENTIAL")
		maybe("value", body, json.Number("1.5"), json.Number("0"))
		custom := make(map[string]any)
		maybe("roof", custom, "Tile", "Metal")
		maybe("tags", custom, []any{"x"}, []any{"y", "x"}, []any{"z", "x"})
		maybe("length", custom, json.Number("1.10"), json.Number("1.1"))
		body["custom"] = custom
		var ids []any
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(w.contacts), 0, 3, rapid.ID).Draw(r, "contacts") {
			ids = append(ids, json.Number(fmt.Sprint(id)))
		}
		body["contacts"] = ids
		return body
	})
}

// request generates merges of accounts that are there.
func request(there values) *rapid.Generator[lineage.MergeRequest] {
	return rapid.Custom(func(r *rapid.T) lineage.MergeRequest {
		ids := rapid.Permutation(slices.Sorted(maps.Keys(there))).Draw(r, "ids")
		ids = ids[:rapid.IntRange(2, len(ids)).Draw(r, "how many")]
		req := lineage.MergeRequest{ID: ids[0], Take: make(map[string]int64)}
		for _, id := range ids[1:] {
			req.From = append(req.From, lineage.MergeSource{ID: id})
		}
		for _, name := range []string{"title", "description", "value", "custom.roof", "custom.tags"} {
			if rapid.Bool().Draw(r, name) {
				req.Take[name] = rapid.SampledFrom(ids).Draw(r, name)
			}
		}
		return req
	})
}

// merge carries a merge out, and returns the sequence of the target's change.
func (w *merging) merge(t *testing.T, req lineage.MergeRequest) int64 {
	t.Helper()
	if _, err := w.Lineage.Merge(t.Context(), w.Actor, req); err != nil {
		t.Fatalf("%+v: %v", req, err)
	}
	last, err := w.Store.LastChange(t.Context(), w.Company.ID)
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// merge makes of the accounts what a merge must.
func (v values) merge(req lineage.MergeRequest) {
	ids := []int64{req.ID}
	for _, source := range req.From {
		ids = append(ids, source.ID)
	}
	target := maps.Clone(v[req.ID])
	for _, id := range ids[1:] {
		for name, value := range v[id] {
			if _, has := target[name]; !has {
				target[name] = value
			}
		}
	}
	for _, list := range []string{"contacts", "custom.tags"} {
		if united := v.union(ids, list); united != "[]" {
			target[list] = united
		}
	}
	for name, id := range req.Take {
		if value, has := v[id][name]; has {
			target[name] = value
		} else {
			delete(target, name)
		}
	}
	for _, id := range ids {
		delete(v, id)
	}
	v[req.ID] = target
}

// union is the items of lists of accounts, each once.
func (v values) union(ids []int64, name string) string {
	united := []any{}
	for _, id := range ids {
		var items []any
		_ = json.Unmarshal([]byte(v[id][name]), &items) // nothing, of one that has none
		for _, item := range items {
			if !slices.Contains(united, item) {
				united = append(united, item)
			}
		}
	}
	text, _ := json.Marshal(united) // It was JSON.
	return string(text)
}

// recordedOf are the values of an account as JSON.
func recordedOf(a account.Account) map[string]string {
	texts := make(map[string]string)
	for name, value := range a.Recorded() {
		text, _ := jsonvalue.Append(nil, value) // It was JSON.
		texts[name] = string(text)
	}
	return texts
}

// want expects the accounts to have the values, and the others to lead to them.
func (w *merging) want(t *testing.T, there values, into map[int64]int64) {
	t.Helper()
	for id, want := range there {
		a, err := w.Accounts.Get(t.Context(), w.Actor, id, true)
		if got := recordedOf(a); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("account %d is %v, %v\nwant %v", id, got, err, want)
		}
	}
	for id := range into {
		target := into[id]
		for into[target] != 0 {
			target = into[target]
		}
		if _, err := w.Accounts.Get(t.Context(), w.Actor, id, true); fault.MergedInto(err) != target {
			t.Fatalf("account %d: %v, want that it was merged into %d", id, err, target)
		}
	}
}
