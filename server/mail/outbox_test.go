package mail_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/mail"
	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

// office is a company whose admin notifies a user, at a time that is set by hand.
type office struct {
	*domaintest.Domain
	store   alias.Store
	counter *alias.Counter
	user    identity.Actor
}

func newOffice(t *testing.T) *office {
	t.Helper()
	composer, err := mail.NewComposer("https://accounts.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{counter: alias.NewCounter()}
	o.Domain = domaintest.New(t, func(c *server.ServiceConfig) { c.Alias = alias.Config{Counter: o.counter, Composer: composer} })
	o.Now, o.store = time.Date(2026, 11, 24, 16, 5, 12, 0, time.UTC), server.AliasStore(o.Store)
	o.user = o.addUser(t, "lin@example.com", "acc_6mF1k0")
	return o
}

// addUser adds a user with a key.
func (o *office) addUser(t *testing.T, email, prefix string) identity.Actor {
	t.Helper()
	user := identity.User{CompanyID: o.Company.ID, Email: email, FirstName: "Lin", CreatedAt: o.Now}
	key := identity.Key{CompanyID: o.Company.ID, Name: "nightly <sync>", Prefix: prefix, Hash: identity.KeyHash(sha256.Sum256([]byte(prefix))), Scope: identity.ScopeWrite, CreatedAt: o.Now}
	err := o.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := tx.InsertUser(ctx, &user); err != nil {
			return err
		}
		key.UserID = user.ID
		return tx.InsertKey(ctx, &key)
	})
	if err != nil {
		t.Fatal(err)
	}
	return identity.Actor{CompanyID: o.Company.ID, KeyID: key.ID, Scope: key.Scope, User: user.Ref()}
}

// call lets the user call an operation of the alias.
func (o *office) call(t *testing.T, times int, operation, agent string) {
	t.Helper()
	for range times {
		if _, err := o.Alias.Use(t.Context(), o.user, operation, agent); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.counter.Flush(t.Context(), o.store); err != nil {
		t.Fatal(err)
	}
}

func (o *office) notify(t *testing.T, message string, sunset time.Time) {
	t.Helper()
	n := alias.Notice{Message: message}
	if !sunset.IsZero() {
		n.Sunset = patch.Set(sunset)
	}
	if _, err := o.Alias.Notify(t.Context(), o.Actor, o.user.User.ID, n); err != nil {
		t.Fatal(err)
	}
}

func (o *office) outbox(sender alias.Mailer) *alias.Outbox {
	return &alias.Outbox{Store: o.store, Mailer: sender, Clock: func() time.Time { return o.Now }}
}

// wantMail runs the outbox once, and checks what the state says afterwards.
func (o *office) wantMail(t *testing.T, outbox *alias.Outbox, state alias.MailState, failure alias.MailFailure, attempts int, next time.Duration) {
	t.Helper()
	if err := outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := o.Alias.Migration(t.Context(), o.Actor, o.user.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Steps[0].Mail
	if got.State != state || got.Failure != failure || got.Attempts != attempts {
		t.Fatalf("%s %q after %d attempts, want %s %q after %d", got.State, got.Failure, got.Attempts, state, failure, attempts)
	}
	if next == 0 != got.NextAttempt.IsZero() || next != 0 && !got.NextAttempt.Equal(o.Now.Add(next)) {
		t.Errorf("the next attempt is at %s, want %s after %s", got.NextAttempt, next, o.Now)
	}
	if (state == alias.MailSent) != got.SentAt.Equal(o.Now) {
		t.Errorf("%s at %s", state, got.SentAt)
	}
}

// A mail is tried again until a server takes it, and then no more.
func TestMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	addr := mailtest.FreeAddr(t)
	outbox := o.outbox(newSender(t, "smtp://%s?from=accounts@example.com&starttls=off", addr))
	o.notify(t, "Please move.", time.Time{})
	o.wantMail(t, outbox, alias.MailPending, alias.MailConnection, 1, 30*time.Second)
	o.Now = o.Now.Add(29 * time.Second)
	o.wantMail(t, outbox, alias.MailPending, alias.MailConnection, 1, time.Second) // It is not due.

	server := mailtest.Start(t, addr)
	server.RefuseRecipients(t, 451)
	o.Now = o.Now.Add(time.Second)
	o.wantMail(t, outbox, alias.MailPending, alias.MailDeferred, 2, time.Minute)
	server.RefuseRecipients(t, 0)
	o.Now = o.Now.Add(time.Minute)
	o.wantMail(t, outbox, alias.MailSent, "", 3, 0)
	for range 3 {
		o.Now = o.Now.Add(24 * time.Hour)
		if err := outbox.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.Messages(t); len(got) != 1 || got[0].To[0].Address != "lin@example.com" {
		t.Errorf("%d messages", len(got))
	}
}

// A mail that is refused for good is given up at once, any other after two days.
func TestMailIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := mailtest.Start(t, mailtest.FreeAddr(t))
	server.RefuseRecipients(t, 550)
	outbox := o.outbox(newSender(t, "smtp://%s?from=accounts@example.com&starttls=off", server.Addr))
	o.notify(t, "Please move.", time.Time{})
	o.wantMail(t, outbox, alias.MailFailed, alias.MailRejected, 1, 0)

	server.RefuseRecipients(t, 451)
	o.notify(t, "Please.", time.Time{})
	begin, wait := o.Now, 30*time.Second
	for attempt := 1; attempt < 20; attempt++ {
		o.wantMail(t, outbox, alias.MailPending, alias.MailDeferred, attempt, wait)
		o.Now = o.Now.Add(wait)
		wait = min(2*wait, 4*time.Hour)
	}
	o.wantMail(t, outbox, alias.MailFailed, alias.MailDeferred, 20, 0)
	if took := o.Now.Sub(begin); took < 40*time.Hour || took > 60*time.Hour {
		t.Errorf("given up after %s", took)
	}
	if got := server.Messages(t); len(got) != 0 {
		t.Errorf("%d messages", len(got))
	}
}

// Several servers share the work, and send nothing twice.
func TestSeveralOutboxes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := mailtest.Start(t, mailtest.FreeAddr(t))
	const mails = 12
	for i := range mails {
		o.user = o.addUser(t, fmt.Sprintf("lin%d@example.com", i), fmt.Sprint("acc_", i))
		o.notify(t, fmt.Sprintf("Notice %d.", i), time.Time{})
	}
	var group sync.WaitGroup
	for range 4 {
		outbox := o.outbox(newSender(t, "smtp://%s?from=accounts@example.com&starttls=off", server.Addr))
		group.Go(func() {
			if err := outbox.Deliver(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	seen := map[string]int{}
	for _, m := range server.Messages(t) {
		seen[m.Headers["Message-Id"][0]]++
	}
	if len(seen) != mails {
		t.Errorf("%d mails: %v", len(seen), seen)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}

// post is a mail server that can be away, or refuse what it is sent.
type post struct {
	away, refuses bool
	sent          []string // subjects
}

func (p *post) Send(_ context.Context, m alias.Mail) error {
	switch {
	case p.refuses:
		return &alias.MailError{Failure: alias.MailRejected, Err: context.Canceled}
	case p.away:
		return &alias.MailError{Failure: alias.MailConnection, Err: context.DeadlineExceeded}
	}
	p.sent = append(p.sent, m.Letter.Subject)
	return nil
}

// A notice that is followed by another one, or is taken back, is not mailed any more.
func TestWithdrawnNotices(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := &post{away: true}
	outbox := o.outbox(server)
	deliver := func() {
		t.Helper()
		if err := outbox.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Now = o.Now.Add(time.Hour)
	}
	o.notify(t, "First.", o.Now.AddDate(0, 1, 0))
	deliver()
	o.notify(t, "Second.", o.Now.AddDate(0, 2, 0))
	server.away = false
	deliver()
	if len(server.sent) != 1 || !strings.Contains(server.sent[0], "January") {
		t.Fatalf("after a second notice: %q", server.sent)
	}
	server.away = true
	o.notify(t, "Third.", o.Now.AddDate(0, 3, 0))
	deliver()
	if _, err := o.Alias.RollBack(t.Context(), o.Actor, o.user.User.ID); err != nil {
		t.Fatal(err)
	}
	server.away = false
	deliver()
	if len(server.sent) != 1 {
		t.Errorf("after the notice was taken back: %q", server.sent)
	}
}

// A user whom the mail of a notice has not reached is not moved, and can be found.
func TestNoticeThatDidNotArrive(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := &post{}
	outbox := o.outbox(server)
	for _, c := range []struct {
		away, refuses bool
		want          string // of the refusal; empty: there is none
	}{
		{refuses: true, want: "the notice has not reached lin@example.com: its mail is failed (rejected); notify again, or tell the user otherwise and send force=true"},
		{away: true, want: "its mail is pending (connection); "},
		{},
	} {
		server.away, server.refuses = c.away, c.refuses
		o.notify(t, "Please move.", time.Time{})
		if err := outbox.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := o.Alias.Migrations(t.Context(), o.Actor, alias.Query{Limit: 10})
		if err != nil || len(list) != 1 || list[0].Mail == nil || (list[0].Mail.State == alias.MailSent) != (c.want == "") {
			t.Fatalf("%v: %+v", err, list)
		}
		r, err := o.Alias.Migrate(t.Context(), o.Actor, o.user.User.ID, false)
		if c.want == "" && (err != nil || r.State != alias.Migrated || r.Mail.State != alias.MailSent) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %+v; want %q", err, r, c.want)
		}
	}
	for range 2 {
		r, err := o.Alias.RollBack(t.Context(), o.Actor, o.user.User.ID)
		if err != nil || (r.Mail == nil) != (r.State == alias.Using) {
			t.Errorf("%v: back to %s with %+v", err, r.State, r.Mail)
		}
	}

	server.refuses = true
	o.notify(t, "Please move.", time.Time{})
	if err := outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := o.Alias.Migrate(t.Context(), o.Actor, o.user.User.ID, true); err != nil || !r.Steps[0].Forced {
		t.Errorf("forced: %v, %+v", err, r)
	}
}

// A reminder after the announced end does not announce it.
func TestReminderAfterTheEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	composer, err := mail.NewComposer("https://accounts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	report, err := o.Alias.Migration(t.Context(), o.user, o.user.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time][3]string{
		end.Add(-time.Second): {"/clients ends on 1 March 2027:", "/v1/clients will stop working for you on\n1 March 2027, 00:00 UTC. Use", "will stop working for you on\n<strong>1 March 2027, 00:00 UTC</strong>. Use"},
		end: {"/clients was to end on 1 March 2027:", "/v1/clients were to stop working for you on\n1 March 2027, 00:00 UTC, and can be closed at any time. Use",
			"were to stop working for you on\n<strong>1 March 2027, 00:00 UTC</strong>, and can be closed at any time. Use"},
	} {
		letter, err := composer.Compose(report, alias.Step{At: at, Message: "Please move.", Sunset: end})
		if err != nil || !strings.HasPrefix(letter.Subject, want[0]) || !strings.Contains(letter.Text, want[1]) || !strings.Contains(letter.HTML, want[2]) {
			t.Errorf("%s: %v\n%s\n%s\n%s", at, err, letter.Subject, letter.Text, letter.HTML)
		}
	}
}

// The mail that arrives holds the user's numbers and the URLs to use, and
// nothing that a user chose is taken for markup.
func TestNoticeArrives(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	server := mailtest.Start(t, mailtest.FreeAddr(t))
	o.call(t, 3, "GET /v1/accounts", "curl/8.5")
	o.call(t, 12, "PATCH /v1/accounts/{accountId}", "sync/2.4 <b>")
	o.notify(t, "The former paths end in March.\nAsk <me> & my team.", time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))
	o.wantMail(t, o.outbox(newSender(t, "smtp://%s?from=accounts@example.com&starttls=off", server.Addr)), alias.MailSent, "", 1, 0)
	m := server.Messages(t)[0]
	if m.Subject != "/clients ends on 1 March 2027: please move to /accounts" {
		t.Errorf("subject %q", m.Subject)
	}
	if strings.TrimSpace(m.Text) != strings.TrimSpace(wantText) {
		t.Errorf("text\n%s\nwant\n%s", m.Text, wantText)
	}
	for _, want := range []string{
		"Hello Lin,", "The former paths end in March.\nAsk &lt;me&gt; &amp; my team.", "<strong>15</strong>", "<strong>1 March 2027, 00:00 UTC</strong>",
		"<code>PATCH https://accounts.example.com/v1/clients/{clientId}</code>", "<code>PATCH https://accounts.example.com/v1/accounts/{accountId}</code>",
		"12 by <code>sync/2.4 &lt;b&gt;</code>", "15 with nightly &lt;sync&gt; (<code>acc_6mF1k0…</code>)", "https://accounts.example.com/v1/alias-migrations/me",
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, m.HTML)
		}
	}
}

const wantText = `
Hello Lin,

The former paths end in March.
Ask <me> & my team.

The former paths under https://accounts.example.com/v1/clients will stop working for you on
1 March 2027, 00:00 UTC. Use those under https://accounts.example.com/v1/accounts instead: they take
the same requests and give the same answers.

Your calls of the last 30 days: 15. The last one was on 24 November 2026, 16:05 UTC.

       12  PATCH https://accounts.example.com/v1/clients/{clientId}
      now  PATCH https://accounts.example.com/v1/accounts/{accountId}

        3  GET https://accounts.example.com/v1/clients
      now  GET https://accounts.example.com/v1/accounts

They were made with these keys:

       15  nightly <sync> (acc_6mF1k0...)

and by these programs:

       12  sync/2.4 <b>
        3  curl/8.5

What is left can be seen at any time, with any of your keys:

  curl -H "x-api-key: $KEY" https://accounts.example.com/v1/alias-migrations/me

This notice was sent on behalf of ada@example.com.
`

// A letter says what will be refused, and by which key it is sent.
func TestLetterNamesLeniencies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.call(t, 2, "GET /v1/accounts", "curl/8.5")
	o.Alias.NoteLeniencies(o.user, []string{"limit read as page_size"})
	if err := o.counter.Flush(t.Context(), o.store); err != nil {
		t.Fatal(err)
	}
	composer, err := mail.NewComposer("https://accounts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	report, err := o.Alias.Migration(t.Context(), o.user, o.user.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := composer.Compose(report, alias.Step{Message: "Please move."})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		letter.Text: {"but for what\nis named at the end.", "        1  limit read as page_size, by nightly <sync>\n\nWhat is left"},
		letter.HTML: {"but for what is named at the end.", "<li>limit read as page_size: 1 time, by nightly &lt;sync&gt;</li>"},
	} {
		for _, part := range append(want, "Prefer: handling=lenient") {
			if !strings.Contains(text, part) {
				t.Errorf("the letter lacks %q:\n%s", part, text)
			}
		}
	}
}

// A key without a name is known by the beginning of its token.
func TestLetterWithoutNames(t *testing.T) {
	t.Parallel()
	composer, err := mail.NewComposer("https://accounts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	keys := []alias.KeyUse{{ID: 1, Prefix: "acc_6mF1k0", Calls: 2}}
	letter, err := composer.Compose(alias.Report{
		Keys: keys, Agents: []alias.AgentUse{{Calls: 2}}, Operations: []alias.OperationUse{{Method: "GET", Path: "/v1/clients", Successor: "/v1/accounts", Calls: 2}},
		Leniencies: []alias.LeniencyUse{{Name: "limit read as page_size", Calls: 2, Keys: keys}},
	}, alias.Step{Message: "Please move."})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"        2  (no name) (acc_6mF1k0...)\n", "        2  (no name)\n", "        2  limit read as page_size, by acc_6mF1k0...\n"} {
		if !strings.Contains(letter.Text, part) {
			t.Errorf("the text lacks %q:\n%s", part, letter.Text)
		}
	}
	for _, part := range []string{"2 with one without a name (<code>acc_6mF1k0…</code>)", "2 times, by <code>acc_6mF1k0…</code></li>"} {
		if !strings.Contains(letter.HTML, part) {
			t.Errorf("the HTML lacks %q:\n%s", part, letter.HTML)
		}
	}
}

func TestLetterWithoutCalls(t *testing.T) {
	t.Parallel()
	composer, err := mail.NewComposer("https://accounts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := composer.Compose(alias.Report{}, alias.Step{Message: "Please move."})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{letter.Text, letter.HTML} {
		if !strings.Contains(text, "You have not called them in the last 30 days.") || strings.Contains(text, "keys:\n\nand") || strings.Contains(text, "0001") {
			t.Errorf("%s", text)
		}
	}
	if letter.Subject != "/clients will end: please move to /accounts" {
		t.Errorf("%q", letter.Subject)
	}
	for _, public := range []string{"", "accounts.example.com", "ftp://accounts.example.com", "https://", "https://u:p@h", "https://h?a=b"} {
		if _, err := mail.NewComposer(public); err == nil {
			t.Errorf("%q is taken", public)
		}
	}
}
