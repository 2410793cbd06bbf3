package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// atOnce runs fn so many times at once.
func atOnce(n int, fn func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { fn(i) })
	}
	group.Wait()
}

// Writers of one account get on in order, though each decides on what it read:
// no update is lost, and none comes twice.
func TestWritersOfOneAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const writers, each = 48, 2
	atOnce(writers, func(i int) {
		for n := range each {
			body := fmt.Sprintf(`{"description":"%d-%d"}`, i, n)
			if a := f.send(t, request{method: "PATCH", path: "/accounts/1", body: body}); a.Code != http.StatusOK {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		}
	})
	history := f.history1(t)
	if len(history) != writers*each {
		t.Fatalf("%d changes, want %d ", len(history), writers*each)
	}
	written := map[any]bool{}
	for i, e := range history {
		written[e.Fields["description"].After] = true
		if i > 0 && (e.Version != history[i-1].Version-1 || e.Fields["description"].After != history[i-1].Fields["description"].Before) {
			t.Errorf("version %d after %d: %v", history[i-1].Version, e.Version, e.Fields)
		}
	}
	if len(written) != writers*each {
		t.Errorf("%d texts were written, want %d", len(written), writers*each)
	}
}

// Of those who name one version, one writes.
func TestWritersOfOneVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tag := f.get(t, "1").Header().Get("ETag")
	statuses := make([]int, 32)
	atOnce(len(statuses), func(i int) {
		statuses[i] = f.send(t, request{
			method: "PATCH", path: "/accounts/1", body: fmt.Sprintf(`{"description":"%d"}`, i), headers: map[string]string{"If-Match": tag},
		}).Code
	})
	slices.Sort(statuses)
	if statuses[0] != http.StatusOK || statuses[1] != http.StatusPreconditionFailed || len(f.history1(t)) != 1 {
		t.Errorf("%v, %d changes", statuses, len(f.history1(t)))
	}
}

// An option that several add at once, in several spellings, is one, and all
// accounts have it as it is stored.
func TestRacedOptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.seedAccounts(t, 24)
	atOnce(24, func(i int) {
		label := []string{"Thatch", "THATCH", "thatch"}[i%3]
		r := request{method: "PATCH", path: fmt.Sprintf("/accounts/%d?allow_new_options=true", ids[i]), body: `{"custom":{"roof_type":"` + label + `"}}`}
		if a := f.send(t, r); a.Code != http.StatusOK {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	})
	var options []string
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	for _, p := range properties {
		if p.Key == "roof_type" {
			options = p.Options
		}
	}
	if len(options) != 3 || !strings.EqualFold(options[2], "thatch") {
		t.Fatalf("options %q", options)
	}
	for _, id := range ids[:24] {
		custom := f.get(t, fmt.Sprint(id)).json["custom"].(map[string]any)
		if custom["roof_type"] != options[2] {
			t.Errorf("account %d has %v, want %s", id, custom["roof_type"], options[2])
		}
	}
}

// A number that several want goes to one of them, and the others are told where.
func TestRacedNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.seedAccounts(t, 24)
	var mu sync.Mutex
	statuses := map[int]int{}
	atOnce(24, func(i int) {
		a := f.send(t, request{method: "PATCH", path: fmt.Sprintf("/accounts/%d", ids[i]), body: `{"number":777777}`})
		mu.Lock()
		defer mu.Unlock()
		statuses[a.Code]++
		if errs := a.errors(); a.Code == http.StatusConflict && (len(errs) != 1 || !strings.HasPrefix(errs[0], "/number: ")) {
			t.Errorf("%v", errs)
		}
	})
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != 23 {
		t.Errorf("%v", statuses)
	}
}

// Accounts that are added at once have numbers of their own, without a gap.
func TestRacedCreations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	numbers := make([]int64, 32)
	atOnce(len(numbers), func(i int) {
		a := f.send(t, request{method: "POST", path: "/accounts?match_by=none", body: `{"title":"New","address":["x"]}`})
		if a.Code != http.StatusCreated {
			t.Errorf("%d %s", a.Code, a.Body)
			return
		}
		numbers[i], _ = a.json["number"].(json.Number).Int64()
	})
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != numbers[0]+int64(i) {
			t.Fatalf("numbers %v", numbers)
		}
	}
}
