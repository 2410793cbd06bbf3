package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/store"
)

// Paging through 10 000 accounts by cursor, in either order, while writers
// update, add and delete, returns every account that did not change exactly
// once.
func TestPagingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"asc", "desc"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			seeded := f.seedAccounts(t, 10_000)
			written, stop := f.writeAtRandom(t, seeded, 4)
			seen := f.readPages(t, "/accounts?include_archived=true&page_size=100&order_by="+order)
			stop()
			unchanged := 0
			for _, id := range seeded {
				if written.ids[id] {
					continue
				}
				unchanged++
				if n := seen[fmt.Sprint(id)]; n != 1 {
					t.Errorf("account %d was seen %d times", id, n)
				}
			}
			t.Logf("%d of 10000 accounts unchanged", unchanged)
			if unchanged == len(seeded) || unchanged < 1000 {
				t.Errorf("%d unchanged: the writers did too little or too much", unchanged)
			}
		})
	}
}

// readPages follows a list from page to page, and counts how often it sees
// which id.
func (f *fixture) readPages(t *testing.T, path string) map[string]int {
	t.Helper()
	seen := make(map[string]int)
	for pages := 0; path != ""; pages++ {
		a := f.send(t, request{method: "GET", path: path})
		if a.Code != http.StatusOK || pages > 1000 {
			t.Fatalf("page %d: %d %s", pages, a.Code, a.Body)
		}
		for id := range strings.FieldsSeq(a.ids()) {
			seen[id]++
		}
		path = a.link("next")
	}
	return seen
}

// seedAccounts adds accounts with times that many of them share, and returns
// their ids.
func (f *fixture) seedAccounts(t *testing.T, n int) []int64 {
	t.Helper()
	ids := make([]int64, 0, n)
	for len(ids) < n {
		must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			for range 1000 {
				a := f.newAccount()
				a.UpdatedAt = a.UpdatedAt.Add(-time.Duration(len(ids)/7) * time.Millisecond)
				a.Title = fmt.Sprint("Account ", len(ids))
				if err := tx.InsertAccount(ctx, &a); err != nil {
					return err
				}
				ids = append(ids, a.ID)
			}
			return nil
		}))
	}
	return ids
}

// idSet is a set of ids that writers share.
type idSet struct {
	mu  sync.Mutex
	ids map[int64]bool
}

func (s *idSet) add(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[id] = true
}

// writeAtRandom lets writers update, delete and add accounts until it is
// stopped. It returns the accounts that were written.
func (f *fixture) writeAtRandom(t *testing.T, ids []int64, writers int) (written *idSet, stop func()) {
	written = &idSet{ids: make(map[int64]bool)}
	var group sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				id := ids[rand.IntN(len(ids))]
				f.clock.advance(time.Duration(rand.IntN(2)) * time.Millisecond)
				r := request{method: "PATCH", path: fmt.Sprintf("/accounts/%d", id), body: fmt.Sprintf(`{"description":"%d"}`, rand.Int())}
				switch rand.IntN(10) {
				case 0:
					r.method, r.body = "DELETE", ""
				case 1:
					r = request{method: "POST", path: "/accounts?match_by=none", body: `{"title":"New","address":["x"]}`}
				}
				if r.method != "POST" {
					written.add(id)
				}
				if a := f.send(t, r); a.Code >= 400 && a.Code != http.StatusNotFound {
					t.Errorf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
				}
			}
		})
	}
	return written, func() {
		close(done)
		group.Wait()
	}
}

// A mirror that applies the fields of /accounts/changes and nothing else while
// eight writers run ends equal to the source.
func TestMirrorFollowsChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := &mirror{accounts: make(map[string]map[string]any)}
	for _, id := range []string{"1", "2"} { // They were there before there was a feed.
		m.accounts[id] = f.get(t, id).json
		m.accounts[id]["contacts"] = contactIDs(m.accounts[id])
	}
	var group sync.WaitGroup
	for writer := range 8 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 1))
			for range 40 {
				f.clock.advance(time.Millisecond)
				if r := randomWrite(random); !slices.Contains([]int{200, 201, 204, 400, 404, 409}, f.send(t, r).Code) {
					t.Errorf("%s %s %s", r.method, r.path, r.body)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	for finished := false; ; {
		if caughtUp := m.follow(t, f); caughtUp && finished {
			break
		}
		select {
		case <-done:
			finished = true
		default:
		}
	}
	m.compare(t, f)
}

// randomWrite is a write of one of the first twelve accounts, or a new one.
func randomWrite(random *rand.Rand) request {
	id := 1 + random.IntN(12)
	path := fmt.Sprintf("/accounts/%d", id)
	body := randomBody(random)
	switch random.IntN(8) {
	case 0, 1:
		address := `"title":"New","address":["x"]`
		if body != "{}" {
			address = `"title":"New","address":["x"],` + body[1:len(body)-1]
		}
		return request{method: "POST", path: "/accounts?match_by=none&allow_new_options=true", body: "{" + address + "}"}
	case 2:
		return request{method: "DELETE", path: path}
	case 3:
		updates := fmt.Sprintf(`{"updates":[{"id":%d,"set":%s},{"id":%d,"set":%s}]}`, id, body, 1+random.IntN(12), randomBody(random))
		return request{method: "POST", path: "/accounts/batch?allow_new_options=true", body: updates}
	}
	return request{method: "PATCH", path: path + "?allow_new_options=true", body: body}
}

func randomBody(random *rand.Rand) string {
	members := []string{
		`"description":null`, fmt.Sprintf(`"description":"%d"`, random.IntN(5)), `"isActive":false`, `"isActive":true`, `"contacts":[2,1]`, `"contacts":[]`,
		fmt.Sprintf(`"number":%d`, 1+random.IntN(50)), `"accountType":null`, `"accountType":"RESIDENTIAL"`, `"value":null`, `"value":1.25`, `"size":7`,
		`"primaryEmail":null`, `"primaryEmail":"a@b.example"`, `"primaryPhone":"+14155550100"`,
		fmt.Sprintf(`"custom":{"capacity":%d.50,"tags":["Tag %d"],"monitored":true}`, random.IntN(9), random.IntN(9)), `"custom":{"capacity":null,"roof_type":"Metal","tags":null}`,
	}
	first := random.IntN(len(members))
	second := (first + 3) % len(members) // Far enough not to be the same member, but for two.
	name := func(i int) string { return strings.SplitN(members[i], ":", 2)[0] }
	if name(first) == name(second) {
		return "{" + members[first] + "}"
	}
	return "{" + members[first] + "," + members[second] + "}"
}

// mirror is a copy of a company's accounts, with contacts by id.
type mirror struct {
	accounts map[string]map[string]any
	after    string
	applied  int
}

// follow applies one page of changes. It returns true if that was the last.
func (m *mirror) follow(t *testing.T, f *fixture) bool {
	t.Helper()
	path := "/accounts/changes?page_size=7"
	if m.after != "" {
		path += "&after=" + m.after
	}
	a := f.send(t, get(path))
	if a.Code != http.StatusOK {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	for _, item := range a.json["changes"].([]any) {
		m.apply(t, item.(map[string]any))
	}
	return a.link("next") == ""
}

func (m *mirror) apply(t *testing.T, change map[string]any) {
	t.Helper()
	m.applied++
	if sequence := change["sequence"].(string); sequence <= m.after {
		t.Fatalf("sequence %s after %s", sequence, m.after)
	}
	m.after = change["sequence"].(string)
	id := fmt.Sprint(change["accountId"])
	a := m.accounts[id]
	if (a == nil) != (change["kind"] == "created") {
		t.Fatalf("account %s is %v, and then %v", id, a, change)
	}
	if a == nil {
		a = map[string]any{"id": change["accountId"], "custom": map[string]any{}, "createdAt": change["at"], "createdBy": change["actor"]}
		m.accounts[id] = a
	} else {
		a["updatedBy"] = change["actor"]
	}
	a["updatedAt"] = change["at"]
	for member, field := range change["fields"].(map[string]any) {
		before, after := field.(map[string]any)["before"], field.(map[string]any)["after"]
		target := a
		if key, ok := strings.CutPrefix(member, "custom."); ok {
			member, target = key, a["custom"].(map[string]any)
		}
		if list, _ := before.([]any); member != "contacts" && !same(target[member], before) || member == "contacts" && len(list) > 0 && !same(target[member], before) {
			t.Errorf("%s of account %s is %v, and was to be %v", member, id, target[member], before)
		}
		target[member] = after
		if after == nil {
			delete(target, member)
		}
	}
	if change["kind"] == "deleted" {
		delete(m.accounts, id)
	}
}

func (m *mirror) compare(t *testing.T, f *fixture) {
	t.Helper()
	list := f.send(t, get("/accounts?include_archived=true&include_contacts=true&page_size=100&order_by=asc"))
	if list.link("next") != "" || len(list.list) != len(m.accounts) || m.applied < 100 {
		t.Errorf("%d accounts, mirrored %d, after %d changes", len(list.list), len(m.accounts), m.applied)
	}
	for _, item := range list.list {
		source := item.(map[string]any)
		source["contacts"] = contactIDs(source)
		got, want := canonical(t, m.accounts[fmt.Sprint(source["id"])]), canonical(t, source)
		if got != want {
			t.Errorf("mirrored\n%s\nsource\n%s", got, want)
		}
	}
}

func contactIDs(a map[string]any) []any {
	ids := []any{}
	contacts, _ := a["contacts"].([]any)
	for _, c := range contacts {
		ids = append(ids, c.(map[string]any)["id"])
	}
	return ids
}

// canonical writes an account without members that have no value, and of users
// only the ids.
func canonical(t *testing.T, a map[string]any) string {
	t.Helper()
	clean := make(map[string]any)
	for member, value := range a {
		if user, ok := value.(map[string]any); ok && (member == "createdBy" || member == "updatedBy") {
			if value = user["userId"]; value == nil {
				value = user["id"]
			}
		}
		if list, ok := value.([]any); value == nil || ok && len(list) == 0 {
			continue
		}
		clean[member] = value
	}
	text, err := json.Marshal(clean)
	must(t, err)
	return string(text)
}
