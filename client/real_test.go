package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/servertest"
)

// badLine forwards requests to a server over a line that breaks: before a
// request arrives, and after it was carried out.
type badLine struct {
	to     string
	broken atomic.Int64 // after the request was carried out
}

func (b *badLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	dice := rand.IntN(8)
	if dice == 0 {
		cut(w)
		return
	}
	req, _ := http.NewRequestWithContext(r.Context(), r.Method, b.to+r.URL.RequestURI(), r.Body)
	req.Header = r.Header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		cut(w)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	switch dice {
	case 1:
		b.broken.Add(1)
		cut(w)
		return
	case 2:
		b.broken.Add(1)
		w.WriteHeader(http.StatusBadGateway)
		return
	case 3:
		b.broken.Add(1)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1)) // the end never comes
	}
	for name, values := range resp.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body)
}

// cut resets the connection.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// over returns a client of the server over a bad line.
func over(t *testing.T, s *servertest.Server) (*client.Client, *badLine) {
	t.Helper()
	line := &badLine{to: strings.TrimSuffix(s.URL, "/v1")}
	web := httptest.NewServer(line)
	t.Cleanup(web.Close)
	c, err := client.New(web.URL, client.WithAPIKey(s.Key), client.WithRetries(50), client.WithBackoff(time.Millisecond, 10*time.Millisecond))
	must(t, err)
	return c, line
}

// With connections reset at random around the real server, each of 1 000
// updates, sent by eight callers to one account, is applied exactly once.
func TestEachUpdateIsAppliedOnce(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}})
	c, line := over(t, s)
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for i := range 125 {
				title := fmt.Sprintf("caller %d update %d", caller, i)
				updated, err := c.Accounts.Update(t.Context(), account.ID, client.AccountPatch{Title: client.Set(title)})
				if err != nil || updated.Title != title {
					t.Errorf("%s: %v", title, err)
					return
				}
			}
		})
	}
	callers.Wait()
	applied := map[string]int{}
	for change, err := range s.Client.Accounts.History(t.Context(), account.ID) {
		must(t, err)
		if change.Kind == client.Updated {
			applied[fmt.Sprint(change.Fields["title"].After)]++
		}
	}
	if len(applied) != 1000 {
		t.Errorf("%d updates were applied", len(applied))
	}
	for title, times := range applied {
		if times != 1 {
			t.Errorf("%s was applied %d times", title, times)
		}
	}
	if lost := line.broken.Load(); lost < 100 {
		t.Errorf("only %d answers were lost", lost)
	}
	t.Logf("%d answers were lost", line.broken.Load())
}

// The same for creating and deleting.
func TestEachAccountIsCreatedAndDeletedOnce(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	c, _ := over(t, s)
	for i := range 50 {
		made, err := c.Accounts.Create(t.Context(), client.AccountCreate{Title: "Twin", Address: []string{"A"}}, client.MatchBy(client.MatchNone))
		must(t, err)
		if made.Number != int64(i+1) {
			t.Fatalf("account %d has the number %d", i+1, made.Number)
		}
		if i%2 == 0 {
			must(t, c.Accounts.Delete(t.Context(), made.ID))
		}
	}
	page, err := s.Client.Accounts.Page(t.Context(), client.AccountFilter{IncludeTotal: true, PageSize: 1})
	must(t, err)
	if page.Total != 25 {
		t.Errorf("%d accounts are left", page.Total)
	}
}

// Callers that read, calculate and write at once lose no update.
func TestUpdateFuncLosesNothing(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}, Size: client.Set(0.0)})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 10 {
				for {
					_, err := s.Client.Accounts.UpdateFunc(t.Context(), account.ID, func(a *client.Account) error {
						a.Size = client.Set(client.Or(a.Size, 0) + 1)
						return nil
					})
					if err == nil {
						break
					}
					if !errors.Is(err, client.ErrPrecondition) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	callers.Wait()
	got, err := s.Client.Accounts.Get(t.Context(), account.ID)
	must(t, err)
	if size := client.Or(got.Size, 0); size != 40 {
		t.Errorf("size %v", size)
	}
}

// UpdateFunc starts over only if others have changed what it changes, and merges
// with all else.
func TestUpdateFuncMerges(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	for name, c := range map[string]struct {
		theirs  client.AccountPatch
		options []client.UpdateOption
		turns   int
	}{
		"another member":               {client.AccountPatch{Title: client.Set("Theirs")}, nil, 1},
		"another member, and no merge": {client.AccountPatch{Title: client.Set("Theirs")}, []client.UpdateOption{client.NoMerge()}, 2},
		"the same member":              {client.AccountPatch{Title: client.Set("Theirs"), Size: client.Set(5.0)}, nil, 2},
	} {
		account := s.Account(t, client.AccountCreate{Title: name, Address: []string{"A"}, Size: client.Set(1.0)})
		turns := 0
		got, err := s.Client.Accounts.UpdateFunc(t.Context(), account.ID, func(a *client.Account) error {
			if turns++; turns == 1 {
				_, err := s.Client.Accounts.Update(t.Context(), a.ID, c.theirs)
				must(t, err)
			}
			a.Size = client.Set(client.Or(a.Size, 0) + 10)
			return nil
		}, c.options...)
		must(t, err)
		if want := client.Or(c.theirs.Size, 1) + 10; turns != c.turns || got.Title != "Theirs" || client.Or(got.Size, 0) != want {
			t.Errorf("%s: %d turns, %s %v", name, turns, got.Title, got.Size)
		}
	}
}

// An error tells what others have changed of what the request changes.
func TestConflicts(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	capacity := s.Define(t, client.PropertyCreate{Name: "Capacity", Type: client.Numeric})
	tags := s.Define(t, client.PropertyCreate{Name: "Tags", Type: client.Text, IsMultiple: true})
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}})
	mine := client.AccountPatch{Custom: client.Values{capacity: client.Decimal("2.50"), tags: client.ListOf("mine")}}
	_, err := s.Client.Accounts.Update(t.Context(), account.ID, client.AccountPatch{Custom: client.Values{capacity: client.Decimal("1.50"), tags: client.ListOf("theirs")}})
	must(t, err)
	want := []client.Conflict{
		{Member: "custom." + capacity, Pointer: "/custom/" + capacity, Current: json.Number("1.50"), Mine: json.Number("2.50")},
		{Member: "custom." + tags, Pointer: "/custom/" + tags, Current: client.ListOf("theirs"), Mine: client.ListOf("mine"), Merged: client.ListOf("theirs", "mine")},
	}
	for _, option := range []client.UpdateOption{client.Merge(), client.NoMerge()} {
		_, err := s.Client.Accounts.Update(t.Context(), account.ID, mine, client.IfMatch(account.ETag), option)
		var e *client.Error
		if !errors.Is(err, client.ErrPrecondition) || !errors.As(err, &e) || !reflect.DeepEqual(e.Conflicts, want) {
			t.Errorf("%v: %+v", err, e)
		}
	}
	_, err = s.Client.Accounts.Batch(t.Context(), []client.BatchUpdate{{ID: account.ID, IfMatch: account.ETag, Set: mine}}, client.Merge())
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Conflicts) != 2 || e.Conflicts[1].Pointer != "/updates/0/set/custom/"+tags {
		t.Errorf("%v", err)
	}
}

// Every operation against the real server, in the order in which a program that
// is set up for the first time would use them.
func TestRealServer(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithPassword("correct horse battery"))
	ctx, c := t.Context(), s.Client

	roof, err := c.Properties.Create(ctx, client.PropertyCreate{Name: "Roof type", Type: client.Dropdown, Options: []string{"Tile, red", "Metal"}})
	must(t, err)
	capacity := s.Define(t, client.PropertyCreate{Name: "Capacity", Type: client.Numeric})
	jo, err := c.Contacts.Create(ctx, client.ContactCreate{Name: "Jo Park", Emails: []string{"jo@sunrise.example"}})
	must(t, err)
	made, err := c.Accounts.Create(ctx, client.AccountCreate{
		Title: "Sunrise Solar", Address: []string{"120 Mission Street"}, PrimaryEmail: client.Set("Office@Sunrise.example"), AccountType: client.Set(client.Commercial),
		Custom: client.Values{roof.KeyName: "Tile, red", capacity: client.Decimal("12345678901234567890.10")}, Contacts: client.Set([]int64{jo.ID}),
	})
	must(t, err)
	if number, _ := made.Custom.Number(capacity); !made.Created || number != "12345678901234567890.1" && number != "12345678901234567890.10" {
		t.Errorf("created %+v", made)
	}
	if again, err := c.Accounts.Create(ctx, client.AccountCreate{Title: "sunrise solar", Address: []string{"B"}}); err != nil || again.Created || again.ID != made.ID {
		t.Errorf("again %+v, %v", again, err)
	}

	preview, err := c.Accounts.Update(ctx, made.ID, client.AccountPatch{Custom: client.Values{roof.KeyName: "Thatch"}}, client.AllowNewOptions(), client.DryRun())
	must(t, err)
	if preview.ETag != "" {
		t.Errorf("a dry run has the tag %s", preview.ETag)
	}
	if _, err := c.Accounts.Get(ctx, made.ID, client.IfNoneMatch(made.ETag)); !errors.Is(err, client.ErrNotModified) {
		t.Errorf("after a dry run: %v", err)
	}
	updated, err := c.Accounts.Update(ctx, made.ID, client.AccountPatch{PrimaryEmail: client.Clear[string](), Custom: client.Values{capacity: nil}}, client.IfMatch(made.ETag))
	must(t, err)
	if !updated.PrimaryEmail.IsNull() || updated.Custom[capacity] != nil || updated.ETag == made.ETag || len(*updated.Contacts) != 1 {
		t.Errorf("updated %+v", updated)
	}
	if _, err := c.Accounts.Update(ctx, made.ID, client.AccountPatch{Title: client.Set("x")}, client.IfMatch(made.ETag)); !errors.Is(err, client.ErrPrecondition) {
		t.Errorf("with an old tag: %v", err)
	}
	_, err = c.Accounts.Update(ctx, made.ID, client.AccountPatch{Title: client.Clear[string](), Custom: client.Values{"roof_typ": "Tile"}})
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Fields) != 2 || !errors.Is(err, client.ErrInvalid) {
		t.Errorf("two offences: %v", err)
	}
	testRealLists(t, s, made.ID, roof.KeyName)
	testRealDirectory(t, s, jo.ID, roof.KeyName)
}

func count[T any](t *testing.T, list func(func(T, error) bool)) (n int) {
	t.Helper()
	for _, err := range list {
		must(t, err)
		n++
	}
	return n
}

func testRealLists(t *testing.T, s *servertest.Server, id int64, roof string) {
	t.Helper()
	ctx, c := t.Context(), s.Client
	for _, account := range s.Accounts(t, 11) {
		id = max(id, account.ID)
	}
	page, err := c.Accounts.Page(ctx, client.AccountFilter{PageSize: 5, IncludeTotal: true})
	must(t, err)
	if len(page.Items) != 5 || page.Total != 12 || !page.HasNext() {
		t.Errorf("page %d of %d", len(page.Items), page.Total)
	}
	since, before := page.Items[0].UpdatedAt, 0
	for account, err := range c.Accounts.List(ctx, client.AccountFilter{}) {
		must(t, err)
		if account.UpdatedAt.Before(since.Time) { // others may be of the same millisecond
			before++
		}
	}
	for name, test := range map[string]struct{ got, want int }{
		"all":     {count(t, c.Accounts.List(ctx, client.AccountFilter{PageSize: 5})), 12},
		"by word": {count(t, c.Accounts.List(ctx, client.AccountFilter{Words: "sunrise"})), 1},
		"by time": {count(t, c.Accounts.List(ctx, client.AccountFilter{UpdatedBefore: since.Time, UpdatedAfter: since.Add(-time.Hour)})), before},
		"by label": {count(t, c.Accounts.Search(ctx, client.AccountSearch{
			Where: client.Where(roof, client.In, "Tile, red", "Slate"), And: new(client.Where("title", client.Contains, "solar")),
		})), 1},
		"by number": {count(t, c.Accounts.Search(ctx, client.AccountSearch{Where: client.Where("number", client.Between, 2, 4)})), 3},
		"changes":   {count(t, c.Accounts.Changes(ctx, "")), 13},
		"history":   {count(t, c.Accounts.History(ctx, id)), 1},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", name, test.got, test.want)
		}
	}
	batch, err := c.Accounts.Batch(ctx, []client.BatchUpdate{{ID: id, Set: client.AccountPatch{IsActive: client.Set(false)}}})
	if err != nil || len(batch) != 1 || batch[0].IsActive {
		t.Errorf("batch %v, %v", batch, err)
	}
	if _, err := c.Accounts.Get(ctx, id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("archived: %v", err)
	}
	must(t, c.Accounts.Delete(ctx, id, client.IfMatch("*")))
	if _, err := c.Accounts.Get(ctx, id, client.IncludeArchived()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func testRealDirectory(t *testing.T, s *servertest.Server, contact int64, roof string) {
	t.Helper()
	ctx, c := t.Context(), s.Client
	changed, err := c.Contacts.Update(ctx, contact, client.ContactPatch{Title: client.Set("Manager"), Emails: client.Set([]string{})})
	if err != nil || client.Or(changed.Title, "") != "Manager" || len(changed.Emails) != 0 {
		t.Errorf("contact %+v, %v", changed, err)
	}
	if n := count(t, c.Contacts.List(ctx, client.ContactFilter{Words: "jo"})); n != 1 {
		t.Errorf("%d contacts", n)
	}
	must(t, c.Contacts.Delete(ctx, contact))
	if _, err := c.Contacts.Get(ctx, contact); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("deleted contact: %v", err)
	}

	property, err := c.Properties.Update(ctx, roof, client.PropertyPatch{AddOptions: []string{"Slate"}, RenameOptions: []client.OptionRename{{From: "Metal", To: "Tin"}}})
	if err != nil || fmt.Sprint(property.Options) != "[Tile, red Tin Slate]" {
		t.Errorf("property %+v, %v", property, err)
	}
	if err := c.Properties.Delete(ctx, roof); !errors.Is(err, client.ErrConflict) {
		t.Errorf("delete a property in use: %v", err)
	}
	must(t, c.Properties.Delete(ctx, roof, client.Force()))
	if left, err := c.Properties.List(ctx); err != nil || len(left) != 1 {
		t.Errorf("properties %v, %v", left, err)
	}

	invited, err := c.Users.Invite(ctx, client.UserInvite{Email: "lin@example.com", FirstName: "Lin"})
	must(t, err)
	if lin, err := c.Users.Accept(ctx, client.InvitationAccept{Token: invited.Invitation.Token, Password: "another long password"}); err != nil || lin.Email != "lin@example.com" {
		t.Errorf("accepted %v, %v", lin, err)
	}
	if n := count(t, c.Users.List(ctx)); n != 2 {
		t.Errorf("%d users", n)
	}
	nobody, err := client.New(s.URL)
	must(t, err)
	key, err := nobody.Keys.Create(ctx, "lin@example.com", "another long password", client.KeyCreate{Name: "mine", Scopes: []client.Scope{client.ScopeRead}})
	must(t, err)
	if n := count(t, c.Keys.List(ctx)); n != 2 {
		t.Errorf("%d keys", n)
	}
	must(t, nobody.Users.ChangePassword(ctx, client.Login{Email: "lin@example.com", Password: "another long password"}, "a third long password"))
	if _, err := c.Users.InviteAgain(ctx, invited.User.ID); !errors.Is(err, client.ErrConflict) {
		t.Errorf("invited after acceptance: %v", err)
	}
	reset, err := c.Users.ResetPassword(ctx, invited.User.ID, client.PasswordReset{})
	must(t, err)
	_, err = c.Users.Accept(ctx, client.InvitationAccept{Token: reset.Invitation.Token, Password: "a fourth long password"})
	must(t, err)
	must(t, c.Keys.Revoke(ctx, key.ID))
	if lin, err := c.Users.Update(ctx, invited.User.ID, client.UserPatch{Disabled: client.Set(true)}); err != nil || !lin.IsDisabled || lin.IsAdmin {
		t.Errorf("disabled %v, %v", lin, err)
	}
	revoked, err := client.New(s.URL, client.WithAPIKey(key.Token))
	must(t, err)
	if _, err := revoked.Properties.List(ctx); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("revoked key: %v", err)
	}
}

func TestRealRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithServer(func(c *server.Config) { c.RateLimit = 2 }))
	for range 6 {
		_, err := s.Client.Properties.List(t.Context())
		must(t, err)
	}
}
