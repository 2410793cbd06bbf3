package client

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/apiclient"
)

// Defaults of the options.
const (
	defaultTimeout  = time.Minute
	defaultMaxBytes = 32 << 20
	defaultAgent    = "accountsd-go"
)

// Client calls one server with one key. It is safe for concurrent use, and one
// is enough for a program.
type Client struct {
	Accounts   *Accounts
	Contacts   *Contacts
	Properties *Properties
	Users      *Users
	Keys       *Keys
	Audit      *Audit
	Webhooks   *Webhooks

	raw     *apiclient.Client // returns answers as they come
	policy  policy
	timeout time.Duration // of a call; 0: none
}

// Option is an option of [New].
type Option func(*config)

type config struct {
	transport
	base       *http.Client
	middleware []Middleware
}

// Middleware wraps what sends a request. It sees every attempt, with the key.
type Middleware func(next http.RoundTripper) http.RoundTripper

// WithAPIKey sends a key with each request.
func WithAPIKey(key string) Option {
	return func(c *config) { c.key = strings.TrimSpace(key) }
}

// WithHTTPClient sends through a copy of hc: its transport, its cookies, and its
// timeout for each attempt. Redirects to another host are not followed.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) { c.base = cmp.Or(hc, c.base) }
}

// WithMiddleware wraps the transport. The first one given is the outermost.
func WithMiddleware(middleware ...Middleware) Option {
	return func(c *config) { c.middleware = append(c.middleware, middleware...) }
}

// WithRetries sends a request at most n times again; 0 turns retries off. It is
// 4 without this option.
func WithRetries(n int) Option { return func(c *config) { c.policy.retries = max(n, 0) } }

// WithBackoff waits about base before the first retry, and each time twice as
// long, up to limit. It is 100 ms and 5 s without this option. A server that asks for
// more with Retry-After gets it.
func WithBackoff(base, limit time.Duration) Option {
	return func(c *config) { c.policy.base, c.policy.cap = base, max(base, limit) }
}

// WithTimeout ends a call, retries included, after d if its context has no
// deadline; 0 lets it take any time. It is a minute without this option.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithUserAgent names the program in the server's log.
func WithUserAgent(agent string) Option { return func(c *config) { c.agent = agent } }

// WithReason says with each write why it is made, as [Reason] does for one that takes
// it as an option.
func WithReason(text string) Option { return func(c *config) { c.reason = HeaderText(text) } }

// WithMaxResponseBytes refuses larger answers. It is 32 MiB without this option.
func WithMaxResponseBytes(n int64) Option {
	// One byte more is asked for, to see whether there are more.
	return func(c *config) { c.maxBytes = min(max(n, 0), math.MaxInt64-1) }
}

// New returns a client for the server at baseURL, such as
// https://accounts.example.com/v1. A URL without a path means its /v1.
// ErrInvalid if the URL cannot be right. New sends nothing.
func New(baseURL string, options ...Option) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	c := config{base: &http.Client{}, transport: transport{
		agent: defaultAgent, timeout: defaultTimeout, policy: defaultPolicy, maxBytes: defaultMaxBytes,
	}}
	for _, option := range options {
		option(&c)
	}
	c.http = httpClient(c.base, c.middleware)
	generated, err := apiclient.NewClient(base, apiclient.WithHTTPClient(&c.transport))
	if err != nil {
		return nil, invalid("base URL: %v", err)
	}
	client := &Client{raw: generated, policy: c.policy, timeout: shorter(c.timeout, c.base.Timeout)}
	client.Accounts = &Accounts{client}
	client.Contacts = &Contacts{client}
	client.Properties = &Properties{client}
	client.Users = &Users{client}
	client.Keys = &Keys{client}
	client.Audit = &Audit{client}
	client.Webhooks = &Webhooks{client}
	return client, nil
}

// shorter is the shorter one of two times, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func parseBase(baseURL string) (string, error) {
	base, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return "", invalid("base URL: it cannot be parsed")
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return "", invalid("base URL must be like https://accounts.example.com/v1; got %q", base.Redacted())
	case base.User != nil, base.RawQuery != "" || base.ForceQuery, base.Fragment != "":
		return "", invalid("base URL must not contain a user, query or fragment; got %q", base.Redacted())
	case base.Path == "", base.Path == "/":
		base.Path = "/v1"
	}
	return base.String(), nil
}

// API returns the generated client, for what this package has no method for. It
// sends as this one does: with the key, within limits, and with retries where a
// request is safe to repeat (set its IdempotencyKey). Its answers are not
// checked: an error status is not an error there.
func (c *Client) API() *apiclient.ClientWithResponses {
	return &apiclient.ClientWithResponses{ClientInterface: c.raw}
}
