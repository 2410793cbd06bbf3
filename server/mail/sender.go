// Package mail writes and sends the e-mails of accountsd.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/normal"
)

// timeout bounds each exchange with the mail server.
const timeout = 15 * time.Second

// Sender sends mails through an SMTP server. It is an account.Mailer.
type Sender struct {
	host     string
	options  []mail.Option
	from     *netmail.Address
	needsTLS bool
}

var _ alias.Mailer = (*Sender)(nil)

// starttls are the values of the parameter of the same name.
var starttls = map[string]mail.TLSPolicy{
	"":              mail.TLSMandatory,
	"mandatory":     mail.TLSMandatory,
	"opportunistic": mail.TLSOpportunistic,
	"off":           mail.NoTLS,
}

// URLForm says what the URL of a mail server looks like.
const URLForm = "smtp://user:password@host:587?from=accounts@example.com"

// errURL does not repeat the URL, which holds a password.
func errURL(what string) error {
	return fmt.Errorf("the mail server's URL %s; it must look like %s", what, URLForm)
}

// NewSender returns a sender by the URL of a server. With the scheme smtp the
// connection is secured by STARTTLS, unless the parameter starttls is
// opportunistic or off; with smtps it is from the start. Without a user nobody
// logs in. The parameter from is the sender's address.
func NewSender(server string) (*Sender, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return nil, errURL("is malformed")
	}
	query := u.Query()
	s := &Sender{host: u.Hostname()}
	if s.from, err = netmail.ParseAddress(query.Get("from")); err != nil {
		return nil, errURL("has no valid parameter from")
	}
	s.from.Address = normal.MailAddress(s.from.Address)
	policy, known := starttls[query.Get("starttls")]
	if !known {
		return nil, errURL("has a parameter starttls that is not mandatory, opportunistic or off")
	}
	port := 587
	switch u.Scheme {
	case "smtp":
		s.options = append(s.options, mail.WithTLSPolicy(policy))
		s.needsTLS = policy == mail.TLSMandatory
	case "smtps":
		port = 465
		s.options = append(s.options, mail.WithSSL())
		s.needsTLS = true
	default:
		return nil, errURL("does not have the scheme smtp or smtps")
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errURL("has no valid port")
		}
	}
	s.options = append(s.options, mail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options,
			mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	_, err = mail.NewClient(s.host, s.options...)
	if err != nil {
		return nil, errURL("is malformed")
	}
	return s, nil
}

// Send hands one mail to the server. Every error is an *alias.MailError.
func (s *Sender) Send(ctx context.Context, m alias.Mail) error {
	message, err := s.message(m)
	if err != nil {
		return &alias.MailError{Failure: alias.MailRejected, Err: err}
	}
	// The library heeds ctx only while it connects.
	exchange := timeout
	if deadline, ok := ctx.Deadline(); ok {
		exchange = max(min(timeout, time.Until(deadline)), time.Millisecond)
	}
	client, connection, err := s.dial(ctx, exchange)
	if err != nil {
		return err
	}
	// The server has taken the mail or not by then: a bad farewell must not
	// make it be sent again.
	defer func() { _ = client.CloseWithSMTPClient(connection) }()
	if err := client.SendWithSMTPClient(connection, message); err != nil {
		return &alias.MailError{Failure: sendFailure(err), Err: err}
	}
	return nil
}

// Try connects as Send does, with TLS and the login that the URL asks for, and sends
// nothing. Every error is an *alias.MailError.
func (s *Sender) Try(ctx context.Context) error {
	client, connection, err := s.dial(ctx, timeout)
	if err != nil {
		return err
	}
	_ = client.CloseWithSMTPClient(connection)
	return nil
}

func (s *Sender) dial(ctx context.Context, exchange time.Duration) (*mail.Client, *smtp.Client, error) {
	client, err := mail.NewClient(s.host, append(slices.Clip(s.options), mail.WithTimeout(exchange))...)
	if err != nil {
		return nil, nil, &alias.MailError{Failure: alias.MailConnection, Err: err}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, nil, &alias.MailError{Failure: s.dialFailure(err), Err: err}
	}
	return client, connection, nil
}

func (s *Sender) message(m alias.Mail) (*mail.Msg, error) {
	message := mail.NewMsg()
	message.FromMailAddress(s.from)
	if err := message.To(normal.MailAddress(m.To)); err != nil {
		return nil, err
	}
	message.Subject(m.Letter.Subject)
	message.SetDateWithValue(m.CreatedAt)
	// The same for each attempt, so that a mail that came twice is known.
	_, domain, _ := strings.Cut(s.from.Address, "@")
	message.SetMessageIDWithValue(fmt.Sprintf("accountsd.%d.%d@%s", m.ID, m.CreatedAt.UnixMilli(), domain))
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no replies of machines
	message.SetBodyString(mail.TypeTextPlain, m.Letter.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.Letter.HTML)
	return message, nil
}

// dialFailure classes what kept the server from being talked to.
func (s *Sender) dialFailure(err error) alias.MailFailure {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		if isAuthenticationCode(answer.Code) {
			return alias.MailAuthentication
		}
		return alias.MailDeferred // It has not heard of the mail yet, so this is not about it.
	}
	if isTimeout(err) {
		return alias.MailTimeout
	}
	switch {
	case isTLS(err):
		return alias.MailTLS
	case isAuthentication(err):
		return alias.MailAuthentication
	case isConnection(err), !s.needsTLS:
		return alias.MailConnection
	}
	return alias.MailTLS // What is left is a server that does not offer it.
}

// sendFailure classes what kept the server from taking the mail.
func sendFailure(err error) alias.MailFailure {
	if isTimeout(err) {
		return alias.MailTimeout
	}
	refused, ok := errors.AsType[*mail.SendError](err)
	switch {
	case ok && refused.ErrorCode() != 0:
		return answerFailure(refused.ErrorCode())
	case ok && refused.IsTemp():
		return alias.MailDeferred
	}
	return alias.MailConnection
}

// answerFailure classes the code of an answer (RFC 5321, section 4.2.3, and RFC
// 4954, section 6).
func answerFailure(code int) alias.MailFailure {
	switch {
	case isAuthenticationCode(code):
		return alias.MailAuthentication
	case code >= 500:
		return alias.MailRejected
	}
	return alias.MailDeferred
}

func isAuthenticationCode(code int) bool {
	return code == 530 || code == 534 || code == 535 || code == 538
}

func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func isTLS(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	return verification || header || alert || authority
}

func isAuthentication(err error) bool {
	for _, known := range []error{
		mail.ErrNoSupportedAuthDiscovered, mail.ErrPlainAuthNotSupported, mail.ErrLoginAuthNotSupported,
		smtp.ErrUnencrypted, smtp.ErrUnexpectedServerChallange, smtp.ErrUnexpectedServerResponse,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func isConnection(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
