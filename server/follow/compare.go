package follow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

// Content is what is compared of one kind of records: a hash of each record, which is
// the SHA-256 of its JSON as the API answers it.
type Content struct {
	Kind    string
	records map[string]record
}

type record struct {
	order int64 // among those of its kind
	hash  [sha256.Size]byte
}

// Count is how many records there are.
func (c Content) Count() int { return len(c.records) }

// Hash is one hash of all records: of their names and hashes, in their order.
func (c Content) Hash() string {
	all := sha256.New()
	for _, name := range c.names() {
		fmt.Fprintf(all, "%s %x\n", name, c.records[name].hash)
	}
	return fmt.Sprintf("%x", all.Sum(nil))
}

func (c Content) names() []string {
	return slices.SortedFunc(maps.Keys(c.records), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.records[a].order, c.records[b].order), cmp.Compare(a, b))
	})
}

func (c Content) add(name string, order int64, value any) {
	c.records[name] = record{order, sha256.Sum256([]byte(custom.JSON(value)))}
}

// Differences are the names of the records that only one of two has, or that differ, and
// how.
func (c Content) Differences(other Content) (names []string) {
	all := maps.Clone(c.records)
	maps.Copy(all, other.records)
	for _, name := range (Content{records: all}).names() {
		here, isHere := c.records[name]
		there, isThere := other.records[name]
		switch {
		case !isHere:
			names = append(names, name+" (only at the source)")
		case !isThere:
			names = append(names, name+" (only here)")
		case here.hash != there.hash:
			names = append(names, name)
		}
	}
	return names
}

// kinds are what is compared, in the order in which it is shown.
var kinds = []string{"accounts", "contacts", "properties", "users", "position"}

func newContents() map[string]Content {
	contents := make(map[string]Content, len(kinds))
	for _, kind := range kinds {
		contents[kind] = Content{Kind: kind, records: make(map[string]record)}
	}
	return contents
}

func inOrder(contents map[string]Content) []Content {
	list := make([]Content, len(kinds))
	for i, kind := range kinds {
		list[i] = contents[kind]
	}
	return list
}

// Compare reads all content of a company here, and of an installation by its API, in
// the same order. What is written meanwhile differs.
func Compare(ctx context.Context, s store.Store, url string, c *client.Client) (here, there []Content, err error) {
	src := &source{url: url, client: c}
	self, err := src.self(ctx)
	if err != nil {
		return nil, nil, err
	}
	companies, err := s.Companies(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(companies, func(c identity.Company) bool { return c.ID == self.Company.ID }) {
		return nil, nil, fault.Errorf(fault.KindConflict, "the key is one of company %d, %s, which is not in the database", self.Company.ID, fault.Quote(self.Company.Name))
	}
	local, err := localContents(ctx, s, self.Company.ID)
	if err != nil {
		return nil, nil, err
	}
	last, err := s.LastChange(ctx, self.Company.ID)
	if err != nil {
		return nil, nil, err
	}
	remote, err := src.contents(ctx, last)
	return inOrder(local), inOrder(remote), err
}

// localContents reads what a database has.
func localContents(ctx context.Context, s store.Store, companyID int64) (map[string]Content, error) {
	contents := newContents()
	if err := addAccounts(ctx, s, companyID, contents["accounts"]); err != nil {
		return nil, err
	}
	if err := addContacts(ctx, s, companyID, contents["contacts"]); err != nil {
		return nil, err
	}
	properties, err := s.Properties(ctx, companyID)
	if err != nil {
		return nil, err
	}
	for i, p := range properties {
		contents["properties"].add(p.Key, int64(i), []any{i, server.ToAPIProperty(p)})
	}
	users, err := s.Users(ctx, companyID, identity.UserFilter{}, 0, 1<<30)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		contents["users"].add(fmt.Sprint(u.ID), u.ID, server.ToAPIUser(u))
	}
	return contents, addPosition(ctx, s, companyID, contents["position"])
}

// readAtOnce is how many records are in memory at a time.
const readAtOnce = 500

func addAccounts(ctx context.Context, s store.Store, companyID int64, to Content) error {
	for after, more := int64(0), true; more; {
		accounts, err := s.AccountsByID(ctx, companyID, after, readAtOnce)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			var shown api.Account
			if err := json.Unmarshal(server.ToAPIAccount(a), &shown); err != nil {
				return fmt.Errorf("read account %d: %w", a.ID, err)
			}
			to.add(fmt.Sprint(a.ID), a.ID, shown)
			after = a.ID
		}
		more = len(accounts) == readAtOnce
	}
	return nil
}

func addContacts(ctx context.Context, s store.Store, companyID int64, to Content) error {
	q := contact.Query{Ascending: true, Page: query.Page{Limit: readAtOnce}}
	for more := true; more; {
		found, err := s.ListContacts(ctx, companyID, q)
		if err != nil {
			return err
		}
		for _, c := range found {
			to.addContact(server.ToAPIContact(c))
			q.Page.After = &query.Cursor{UpdatedAt: c.UpdatedAt, ID: c.ID}
		}
		more = len(found) == readAtOnce
	}
	return nil
}

// addContact adds a contact without its accounts, which are what accounts have.
func (c Content) addContact(contact client.Contact) {
	contact.Accounts, contact.AccountCount = nil, 0
	c.add(fmt.Sprint(contact.ID), contact.ID, contact)
}

// addPosition adds the last change.
func addPosition(ctx context.Context, s store.Store, companyID int64, to Content) error {
	last, err := s.LastChange(ctx, companyID)
	if err != nil || last == 0 {
		return err
	}
	entries, err := s.Changes(ctx, companyID, last-1, 1)
	for _, e := range entries {
		to.addChange(server.ToAPIChange(e))
	}
	return err
}

func (c Content) addChange(change client.Change) {
	c.add("sequence "+strings.TrimLeft(change.Sequence, "0"), 0, change)
}

// contents reads what an installation has. Its last change is looked for from the last
// one that is known here.
func (s *source) contents(ctx context.Context, known int64) (map[string]Content, error) {
	contents := newContents()
	filter := client.AccountFilter{IncludeArchived: true, IncludeContacts: true, Order: client.EarliestFirst}
	for a, err := range s.client.Accounts.List(ctx, filter) {
		if err != nil {
			return nil, s.explain(err)
		}
		contents["accounts"].add(fmt.Sprint(a.ID), a.ID, a.Account)
	}
	err := s.contactsSince(ctx, time.Time{}, func(c client.Contact) error {
		contents["contacts"].addContact(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	properties, err := s.properties(ctx)
	if err != nil {
		return nil, err
	}
	for i, p := range properties {
		contents["properties"].add(p.KeyName, int64(i), []any{i, p})
	}
	users, err := s.users(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		contents["users"].add(fmt.Sprint(u.ID), u.ID, u)
	}
	return contents, s.addPosition(ctx, known, contents["position"])
}

// addPosition adds the last change; none if the history does not reach as far as here.
func (s *source) addPosition(ctx context.Context, known int64, to Content) error {
	after := ""
	if known > 0 {
		after = formatSequence(known - 1)
	}
	var last *client.Change
	for change, err := range s.client.Accounts.Changes(ctx, after) {
		if isBeyond(err) {
			break
		}
		if err != nil {
			return s.explain(err)
		}
		last = &change
	}
	if last != nil {
		to.addChange(*last)
	}
	return nil
}
