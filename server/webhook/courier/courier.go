// Package courier carries the messages of webhooks over HTTP: to no address that they may
// not reach, and without following where an answer leads.
package courier

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/accountsd/accountsd/gen/signature"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/webhook"
)

// The time that each part of a request has.
const (
	dialTime      = 5 * time.Second
	handshakeTime = 5 * time.Second
	answerTime    = 10 * time.Second // from the request to the header of the answer
	totalTime     = 15 * time.Second
	idleTime      = 30 * time.Second
	silentTime    = 5 * time.Second // of a connection of HTTP/2, until the other side is asked whether it is there
	pongTime      = 6 * time.Second // until it says so; both take longer than an answer
)

const (
	maxHeader = 64 << 10 // of an answer
	maxBody   = 64 << 10 // of an answer is read, so that the connection can be used again
	maxIdle   = 32       // connections to a host that wait for the next message, of a few webhooks
)

// Config is how messages are carried.
type Config struct {
	Network webhook.Network
	Agent   string // the program, as receivers read it
	Encode  func(e *account.HistoryEntry, at time.Time) ([]byte, error)
	Roots   *x509.CertPool // whom certificates are of; nil: whom the system trusts
}

// Courier carries messages. It is safe for concurrent use.
type Courier struct {
	config  Config
	clients map[string]*http.Client // by scheme
}

var _ webhook.Courier = (*Courier)(nil)

// New returns a courier.
func New(config Config) *Courier {
	return &Courier{config: config, clients: map[string]*http.Client{
		"https": newClient(config, false), "http": newClient(config, true),
	}}
}

// newClient returns a client that asks before each connection whether the address may be
// reached, which is after the name was looked up. It knows no proxy, which would look up
// names by itself.
func newClient(config Config, inClear bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !config.Network.Permits(to.Addr(), inClear) {
			return errAddress
		}
		return nil
	}}
	return &http.Client{
		Timeout:       totalTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    handshakeTime,
			ResponseHeaderTimeout:  answerTime,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTime,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: silentTime, PingTimeout: pongTime},
		},
	}
}

var errAddress = errors.New("the URL leads to an address that webhooks may not reach")

// Network tells where messages may go.
func (c *Courier) Network() webhook.Network { return c.config.Network }

// Encode writes a change.
func (c *Courier) Encode(e *account.HistoryEntry, at time.Time) ([]byte, error) {
	return c.config.Encode(e, at)
}

// Carry sends a message, and returns what came of it.
func (c *Courier) Carry(ctx context.Context, m webhook.Message) webhook.Answer {
	resp, err := c.post(ctx, m)
	if err != nil {
		return failed(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	answer := webhook.Answer{Status: resp.StatusCode, Text: beginning(body), RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	switch {
	case resp.StatusCode/100 != 2:
		answer.Failure = webhook.FailedStatus
	case err != nil:
		answer.Failure = failed(err).Failure
	}
	return answer
}

func (c *Courier) post(ctx context.Context, m webhook.Message) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.config.Agent)
	req.Header.Set(signature.HeaderID, m.ID)
	req.Header.Set(signature.HeaderTimestamp, m.Timestamp)
	req.Header.Set(signature.HeaderSignature, m.Signature)
	// Not sent: it has the message sent again, on a new connection, if the receiver closes an idle one meanwhile.
	req.Header["Idempotency-Key"] = nil
	client := c.clients[req.URL.Scheme]
	if client == nil {
		return nil, fmt.Errorf("no messages are sent by %s", req.URL.Scheme)
	}
	return client.Do(req)
}

// failed is what is told of a request that was not answered. Neither the addresses that
// names have here nor whom they are asked of are anybody's business.
func failed(err error) webhook.Answer {
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	answer := webhook.Answer{Failure: webhook.FailedConnection, Text: beginning([]byte(withoutAddresses(err).Error()))}
	network, isNetwork := errors.AsType[net.Error](err)
	lookup, isLookup := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errAddress):
		answer.Failure, answer.Text = webhook.FailedAddress, errAddress.Error()
	case isLookup:
		answer.Text = fmt.Sprintf("the host %s is not found", lookup.Name)
	case isNetwork && network.Timeout() || errors.Is(err, context.DeadlineExceeded):
		answer.Failure, answer.Text = webhook.FailedTimeout, "there was no answer in time"
	case isOfTLS(err):
		answer.Failure = webhook.FailedTLS
	}
	return answer
}

// withoutAddresses is what happened to a connection, and not between whom.
func withoutAddresses(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

func isOfTLS(err error) bool {
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	return isCertificate || isRecord || isOp && op.Op == "remote error" // which is an alert of the other side
}

// beginning is as much of a text as is kept, in letters.
func beginning(text []byte) string {
	kept := strings.ToValidUTF8(string(text[:min(len(text), webhook.MaxAnswer)]), "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, kept))
}

// retryAfter reads how long a receiver wants to be left alone; 0: it does not say.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
