package follow_test

import (
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

// accounts do what takes back what was done to them.
type accounts struct {
	*servertest.Server
	t *testing.T
}

func (a accounts) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a accounts) update(id int64, patch client.AccountPatch) {
	a.t.Helper()
	_, err := a.Client.Accounts.Update(a.t.Context(), id, patch)
	a.must(err)
}

func (a accounts) remove(id int64) {
	a.t.Helper()
	a.must(a.Client.Accounts.Delete(a.t.Context(), id))
}

func (a accounts) undelete(id int64) {
	a.t.Helper()
	_, err := a.Client.Accounts.Undelete(a.t.Context(), id)
	a.must(err)
}

func (a accounts) merge(into int64, from ...int64) {
	a.t.Helper()
	var merge client.AccountMerge
	for _, id := range from {
		merge.From = append(merge.From, client.MergeSource{ID: id})
	}
	_, err := a.Client.Accounts.Merge(a.t.Context(), into, merge)
	a.must(err)
}

// revert takes back the change that an account got last but some.
func (a accounts) revert(id int64, back int) {
	a.t.Helper()
	for change, err := range a.Client.Accounts.History(a.t.Context(), id) {
		a.must(err)
		if back--; back >= 0 {
			continue
		}
		_, err = a.Client.Accounts.Revert(a.t.Context(), id, change.Sequence, client.Merge())
		a.must(err)
		return
	}
	a.t.Fatalf("account %d has no such change", id)
}

// What is undeleted, taken back and merged is so in the copy as well, for one that follows
// each step and for one that reads all at once: with keys and contacts that go from one
// account to another and back.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	s := accounts{servertest.New(t), t}
	s.Define(t, client.PropertyCreate{Name: "Ext", Type: client.Text, Unique: true})
	jo, err := s.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Jo"})
	s.must(err)
	var ids []int64
	for _, title := range []string{"A", "B", "C"} {
		ids = append(ids, s.Account(t, client.AccountCreate{Title: title, Address: []string{"x"}}).ID)
	}
	one, two, three := ids[0], ids[1], ids[2]
	steady := newStandby(t, s.Server)
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"keys and contacts", func() {
			s.update(two, client.AccountPatch{Contacts: client.Set([]int64{jo.ID}), Custom: client.Values{"ext": "K"}, PrimaryPhone: client.Set("4155550142")})
		}},
		{"delete", func() { s.remove(two) }},
		{"undelete", func() { s.undelete(two) }},
		{"revert", func() {
			s.update(one, client.AccountPatch{Title: client.Set("A2"), Size: client.Set(5.0)})
			s.revert(one, 0)
		}},
		{"revert a part", func() {
			s.update(one, client.AccountPatch{Title: client.Set("A3"), Size: client.Set(6.0)})
			s.update(one, client.AccountPatch{Size: client.Set(7.0)})
			s.revert(one, 1)
		}},
		{"merge", func() { s.merge(one, two, three) }},
		{"take the merge back", func() { s.revert(one, 0) }},
		{"merge anew", func() { s.merge(three, two); s.merge(one, three) }},
		{"delete and undelete what was merged into", func() { s.remove(one); s.undelete(one) }},
		{"a key that is free again", func() {
			s.update(one, client.AccountPatch{Custom: client.Values{"ext": nil}})
			s.Account(t, client.AccountCreate{Title: "D", Address: []string{"x"}, Custom: client.Values{"ext": "K"}})
		}},
	} {
		step.do()
		steady.catchUp(t)
		if found := steady.differences(t); found != nil {
			t.Errorf("%s: they differ: %v", step.name, found)
		}
	}
	late := newStandby(t, s.Server)
	late.catchUp(t)
	if found := late.differences(t); found != nil {
		t.Errorf("read at once, they differ: %v", found)
	}
}
