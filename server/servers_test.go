package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/accountsd/accountsd/server/store/teststore"
)

// pair is two servers on one database, as behind a balancer.
type pair [2]*fixture

func newPair(t *testing.T) pair {
	t.Helper()
	database := teststore.New(t)
	f := newFixtureOn(t, database.OpenFor(t))
	other := *f
	other.store, other.log = database.OpenFor(t), &bytes.Buffer{}
	other.start(t)
	return pair{f, &other}
}

// send sends a request to one of the servers.
func (p pair) send(t *testing.T, n int, r request) answer {
	t.Helper()
	return p[n%len(p)].send(t, r)
}

// Sixteen clients write fifty accounts through two servers at once: no update is
// lost, options and contacts are there once, and who follows the feed through both
// servers by turns has the accounts as they are.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	const accounts, clients, rounds = 50, 16, 12
	p := newPair(t)
	m := &mirror{accounts: make(map[string]map[string]any)}
	for _, id := range []string{"1", "2"} { // They were there before there was a feed.
		m.accounts[id] = p[0].get(t, id).json
		m.accounts[id]["contacts"] = contactIDs(m.accounts[id])
	}
	var ids []string // Each server gives ids of its own.
	for i := range accounts {
		made := p.send(t, i, post("match_by=none", fmt.Sprintf(`{"title":"Account %d","address":["x"],"value":0}`, i)))
		ids = append(ids, fmt.Sprint(made.json["id"]))
	}
	var added atomic.Int64
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for round := range rounds {
				id := ids[(client*7+round*11)%accounts]
				added.Add(p.addOne(t, client+round, id))
				p.raceOptions(t, client+round, id)
				p.raceCreations(t, client+round)
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	p.follow(t, m, done)
	for _, f := range p {
		m.compareAll(t, f)
	}
	p.wantOnce(t, added.Load())
}

// addOne adds one to the value of an account, as often as it takes: only who names
// the version that there is may write. It returns what it has added.
func (p pair) addOne(t *testing.T, n int, id string) int64 {
	t.Helper()
	path := "/accounts/" + id
	for try := range 200 {
		now := p.send(t, n+try, get(path))
		value, ok := now.json["value"].(json.Number)
		sum, err := value.Int64()
		if err != nil || !ok {
			t.Errorf("%d %s", now.Code, now.Body)
			return 0
		}
		a := p.send(t, n+try/2, request{
			method: "PATCH", path: path, body: fmt.Sprintf(`{"value":%d}`, sum+1), headers: map[string]string{"If-Match": now.Header().Get("ETag")},
		})
		switch a.Code {
		case http.StatusOK:
			return 1
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("%d %s", a.Code, a.Body)
			return 0
		}
	}
	t.Errorf("account %s could not be written", id)
	return 0
}

// raceOptions sets options that others set as well, in another spelling.
func (p pair) raceOptions(t *testing.T, n int, id string) {
	t.Helper()
	label := fmt.Sprint("thatch ", n%3)
	if n%2 == 0 {
		label = strings.ToUpper(label)
	}
	a := p.send(t, n/2, request{method: "PATCH", path: "/accounts/" + id + "?allow_new_options=true", body: `{"custom":{"roof_type":"` + label + `"}}`})
	if a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// raceCreations adds an account of which one may be added, and one whose contact is
// that of others.
func (p pair) raceCreations(t *testing.T, n int) {
	t.Helper()
	for query, body := range map[string]string{
		"match_by=title": fmt.Sprintf(`{"title":"Matched %d","address":["x"]}`, n%4),
		"match_by=none":  fmt.Sprintf(`{"title":"Linked","address":["x"],"primaryEmail":"linked%d@example.com"}`, n%3),
	} {
		if a := p.send(t, n/3, post(query, body)); a.Code != http.StatusCreated && a.Code != http.StatusOK {
			t.Errorf("%s: %d %s", query, a.Code, a.Body)
		}
	}
}

// follow follows the feed, each page from the other server, until all is written.
func (p pair) follow(t *testing.T, m *mirror, done <-chan struct{}) {
	t.Helper()
	for page, finished := 0, false; ; page++ {
		if caughtUp := m.follow(t, p[page%len(p)]); caughtUp && finished {
			return
		}
		select {
		case <-done:
			finished = true
		default:
		}
	}
}

// compareAll holds the accounts of a mirror against all that there are.
func (m *mirror) compareAll(t *testing.T, f *fixture) {
	t.Helper()
	seen := 0
	for path := "/accounts?include_archived=true&include_contacts=true&page_size=100"; path != ""; {
		list := f.send(t, get(path))
		for _, item := range list.list {
			source := item.(map[string]any)
			source["contacts"] = contactIDs(source)
			if got, want := canonical(t, m.accounts[fmt.Sprint(source["id"])]), canonical(t, source); got != want {
				t.Errorf("mirrored\n%s\nsource\n%s", got, want)
			}
			seen++
		}
		path = list.link("next")
	}
	if seen != len(m.accounts) {
		t.Errorf("%d accounts, mirrored %d", seen, len(m.accounts))
	}
}

// wantOnce checks that nothing is there twice, and nothing that was added is lost.
func (p pair) wantOnce(t *testing.T, added int64) {
	t.Helper()
	titles, contacts, numbers := map[any]int{}, map[any]bool{}, map[string]bool{}
	sum := int64(0)
	for path := "/accounts?include_contacts=true&page_size=100"; path != ""; {
		list := p[1].send(t, get(path))
		for _, item := range list.list {
			a := item.(map[string]any)
			titles[a["title"]]++
			numbers[fmt.Sprint(a["number"])] = true
			if value, ok := a["value"].(json.Number); ok && strings.HasPrefix(a["title"].(string), "Account") {
				n, _ := value.Int64()
				sum += n
			}
			if a["title"] == "Linked" {
				for _, id := range contactIDs(a) {
					contacts[fmt.Sprint(id)] = true
				}
			}
		}
		path = list.link("next")
	}
	all := 0
	for title, n := range titles {
		if all += n; strings.HasPrefix(title.(string), "Matched") && n != 1 {
			t.Errorf("%d accounts are %s", n, title)
		}
	}
	properties, err := p[0].store.Properties(t.Context(), p[0].company.ID)
	must(t, err)
	options := properties[0].Options
	folded := make([]string, len(options))
	for i, label := range options {
		folded[i] = strings.ToLower(label)
	}
	slices.Sort(folded)
	if sum != added || added == 0 || len(contacts) != 3 || len(numbers) != all || len(options) != 2+3 || len(slices.Compact(folded)) != len(options) {
		t.Errorf("added %d of %d, %d contacts, %d numbers of %d accounts, options %q", sum, added, len(contacts), len(numbers), all, options)
	}
}

// A request that comes to both servers at once is carried out by one of them, and
// both answer it alike.
func TestIdempotencyKeyOnTwoServers(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for round := range 5 {
		answers := make([]answer, 12)
		r := once(post("match_by=none", fmt.Sprintf(`{"title":"Once %d","address":["x"]}`, round)), fmt.Sprint("k", round))
		atOnce(len(answers), func(i int) { answers[i] = p.send(t, i, r) })
		carriedOut := 0
		for _, a := range answers {
			if a.Header().Get("Idempotency-Replayed") != "true" {
				carriedOut++
			}
			if a.Code != http.StatusCreated || a.Body.String() != answers[0].Body.String() || a.Header().Get("ETag") != answers[0].Header().Get("ETag") {
				t.Errorf("%d %s, and %d %s", a.Code, a.Body, answers[0].Code, answers[0].Body)
			}
		}
		if carriedOut != 1 {
			t.Errorf("it was carried out %d times", carriedOut)
		}
		r.body = `{"title":"Another","address":["x"]}`
		atOnce(4, func(i int) {
			if a := p.send(t, i, r); a.Code != http.StatusConflict || a.json["code"] != "CONFLICT" {
				t.Errorf("another request: %d %s", a.Code, a.Body)
			}
		})
	}
}
