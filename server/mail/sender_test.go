package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/mail"
	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// The certificate that this process trusts, and its key.
var certFile, keyFile string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "accountsd-mail")
	if err != nil {
		panic(err)
	}
	if certFile, keyFile, err = mailtest.Certificate(dir); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", certFile)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const password = "s3cret"

// passwords is a file with one user who may log in.
func passwords(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(file, []byte("ops:"+password), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newSender(t *testing.T, format string, args ...any) *mail.Sender {
	t.Helper()
	sender, err := mail.NewSender(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

var aMail = alias.Mail{
	ID: 7, To: "lin@example.com", CreatedAt: time.Date(2026, 11, 24, 16, 5, 12, 0, time.UTC),
	Letter: alias.Letter{Subject: "Grüße: /clients ends", Text: "Hello Lin,\n\nürgent.\n", HTML: "<p>Hello <b>Lin</b>, ürgent.</p>"},
}

// The server takes the mail over TLS from someone who has logged in.
func TestSend(t *testing.T) {
	t.Parallel()
	for scheme, flags := range map[string][]string{
		"smtp":  {"--smtp-require-starttls"},
		"smtps": {"--smtp-require-tls"},
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, mailtest.FreeAddr(t), append(flags,
				"--smtp-tls-cert", certFile, "--smtp-tls-key", keyFile, "--smtp-auth-file", passwords(t))...)
			sender := newSender(t, "%s://ops:%s@%s?from=Accounts+<accounts@example.com>", scheme, password, server.Addr)
			if err := sender.Send(t.Context(), aMail); err != nil {
				t.Fatal(err)
			}
			messages := server.Messages(t)
			if len(messages) != 1 {
				t.Fatalf("%d messages", len(messages))
			}
			m := messages[0]
			if m.Subject != aMail.Letter.Subject || m.To[0].Address != aMail.To || m.From.Address != "accounts@example.com" || m.From.Name != "Accounts" {
				t.Errorf("%+v", m)
			}
			if strings.TrimSpace(m.Text) != strings.TrimSpace(aMail.Letter.Text) || strings.TrimSpace(m.HTML) != aMail.Letter.HTML {
				t.Errorf("text %q, html %q", m.Text, m.HTML)
			}
			for name, want := range map[string]string{
				"Message-Id": "<accountsd.7.1795536312000@example.com>", "Auto-Submitted": "auto-generated", "Date": "Tue, 24 Nov 2026 16:05:12 +0000",
			} {
				if got := m.Headers[name]; len(got) != 1 || got[0] != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// Each way to fail has its class, and no error tells the password.
// Few servers take letters beyond ASCII in a domain, and all take its Punycode.
func TestSendToInternationalDomain(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.FreeAddr(t))
	sender := newSender(t, "smtp://%s?from=ops@b%%C3%%BCcher.example&starttls=off", server.Addr)
	m := aMail
	m.To = "lin@bücher.example"
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.Messages(t)
	if len(got) != 1 || got[0].To[0].Address != "lin@xn--bcher-kva.example" || !strings.Contains(got[0].Headers["From"][0], "<ops@xn--bcher-kva.example>") {
		t.Errorf("%+v", got)
	}
}

func TestSendFailures(t *testing.T) {
	t.Parallel()
	plain := mailtest.Start(t, mailtest.FreeAddr(t), "--smtp-auth-file", passwords(t), "--smtp-auth-allow-insecure")
	deferring, rejecting := mailtest.Start(t, mailtest.FreeAddr(t)), mailtest.Start(t, mailtest.FreeAddr(t))
	deferring.RefuseRecipients(t, 451)
	rejecting.RefuseRecipients(t, 550)
	otherCert, otherKey, err := mailtest.Certificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secure := mailtest.Start(t, mailtest.FreeAddr(t), "--smtp-tls-cert", certFile, "--smtp-tls-key", keyFile, "--smtp-auth-file", passwords(t))
	untrusted := mailtest.Start(t, mailtest.FreeAddr(t), "--smtp-tls-cert", otherCert, "--smtp-tls-key", otherKey)
	const from = "?from=accounts@example.com"
	for _, c := range []struct {
		name, url string
		want      alias.MailFailure
	}{
		{"nobody listens", "smtp://ops:s3cret@" + mailtest.FreeAddr(t) + from, alias.MailConnection},
		{"no such host", "smtp://ops:s3cret@mail.invalid:25" + from, alias.MailConnection},
		{"silence", "smtp://ops:s3cret@" + silent(t) + from, alias.MailTimeout},
		{"silence instead of TLS", "smtps://ops:s3cret@" + silent(t) + from, alias.MailTimeout},
		{"no TLS", "smtp://ops:s3cret@" + plain.Addr + from, alias.MailTLS},
		{"no TLS from the start", "smtps://ops:s3cret@" + plain.Addr + from, alias.MailTLS},
		{"a certificate of somebody", "smtp://" + untrusted.Addr + from, alias.MailTLS},
		{"a wrong password", "smtp://ops:wr0ng-s3cret@" + secure.Addr + from, alias.MailAuthentication},
		{"a password where none is asked for", "smtp://ops:s3cret@" + deferring.Addr + from + "&starttls=off", alias.MailConnection},
		{"no password", "smtp://" + secure.Addr + from, alias.MailAuthentication},
		{"refused for now", "smtp://" + deferring.Addr + from + "&starttls=off", alias.MailDeferred},
		{"refused for good", "smtp://" + rejecting.Addr + from + "&starttls=opportunistic", alias.MailRejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := newSender(t, "%s", c.url).Send(ctx, aMail)
			known, ok := errors.AsType[*alias.MailError](err)
			if !ok || known.Failure != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
	for _, server := range []*mailtest.Server{plain, deferring, rejecting, secure, untrusted} {
		if got := server.Messages(t); len(got) != 0 {
			t.Errorf("%d messages", len(got))
		}
	}
}

// silent is the address of a server that takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String() // The system takes connections that nobody accepts.
}

func TestNewSenderErrors(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                            "malformed",
		"mail.example.com:25":                         "malformed",
		"smtp://u:s3cret@h:p0rt?from=a@b.c":           "malformed",
		"smtp://u:s3cret%zz@h?from=a@b.c":             "malformed",
		"http://u:s3cret@h?from=a@b.c":                "scheme smtp or smtps",
		"smtp://u:s3cret@h":                           "parameter from",
		"smtp://u:s3cret@h?from=nobody":               "parameter from",
		"smtp://u:s3cret@h?from=a@b.c&starttls=maybe": "starttls",
		"smtp://u:s3cret@h:99999?from=a@b.c":          "malformed",
		"smtp://u:s3cret@h:0?from=a@b.c":              "malformed",
	} {
		_, err := mail.NewSender(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}
