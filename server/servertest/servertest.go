// Package servertest runs the real server inside a test, so that a program that
// embeds the client is tested against the real thing: over HTTP on the loopback
// interface, with a company, its first user and a key.
//
// Each server has a database of its own, which ends with it. That is an SQLite file,
// which needs nothing; what a client sees of the server is the same on PostgreSQL. To
// test there as well, have [WithPostgres] name a PostgreSQL server on which databases
// can be made, or run the tests as they are with two variables:
//
//	ACCOUNTSD_TEST_STORE=postgres ACCOUNTSD_TEST_POSTGRES=postgres://me@localhost/postgres go test ./...
package servertest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/teststore"
	"github.com/accountsd/accountsd/server/webhook"
)

// Email is the address of the user that every server begins with, an admin.
const Email = "ada@example.com"

// Server is a running server.
type Server struct {
	URL    string         // to give to client.New
	Key    string         // may do all
	Client *client.Client // with that key

	config   config
	database *teststore.Database
	store    store.Store
	services server.Services
	actor    identity.Actor
	web      *httptest.Server
	stop     []func() // what runs beside the requests
	handler  *server.Server
}

// Option is an option of [New] and [Start].
type Option func(*config)

type config struct {
	server   server.Config
	password string
	postgres string // the URL of a server; empty: as the environment says
	webhooks bool
}

// WithServer edits how the server is set up. It has no rate limits and logs
// nothing without this option.
func WithServer(edit func(*server.Config)) Option {
	return func(c *config) { edit(&c.server) }
}

// WithPassword gives the user a password, with which Client.Keys.Create makes
// keys. It takes a while to hash, so there is none without this option.
func WithPassword(password string) Option { return func(c *config) { c.password = password } }

// WithPostgres has the server keep its records on the PostgreSQL server of a URL, as in
// postgres://user@host/postgres, in a database that it makes there and drops when it is
// closed. The user must be allowed to make databases, and the extensions pg_trgm and
// btree_gin in them.
func WithPostgres(url string) Option { return func(c *config) { c.postgres = url } }

// WithWebhooks has the server send webhooks, to receivers on the loopback interface as
// well. One that fails is tried again within a tenth of a second.
func WithWebhooks() Option { return func(c *config) { c.webhooks = true } }

// New starts a server that stops when the test ends. It takes a few
// milliseconds.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	s, err := Start(t.Context(), options...)
	if err != nil {
		t.Fatalf("start the server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	return s
}

// Start starts a server where there is no test to end it, as in TestMain. It is
// the caller's to close.
func Start(ctx context.Context, options ...Option) (*Server, error) {
	s := &Server{config: config{server: server.Config{Logger: slog.New(slog.DiscardHandler)}}}
	for _, option := range options {
		option(&s.config)
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if err := s.open(ctx); err != nil {
		return err
	}
	config := server.ServiceConfig{Region: "US"}
	if s.config.webhooks {
		config.Webhooks.Network.Allowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	s.services = server.NewServices(s.store, config)
	if s.config.webhooks {
		s.sendWebhooks(config)
	}
	made, err := s.services.Users.CreateCompany(ctx, identity.NewCompany{Name: "Sunrise Services", Email: Email, Password: s.config.password})
	if err != nil {
		return err
	}
	s.actor, s.Key = made.Actor, made.Token
	handler, err := server.New(s.config.server, s.services)
	if err != nil {
		return err
	}
	s.web, s.handler = httptest.NewServer(handler), handler
	s.web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.URL = s.web.URL + "/v1"
	s.Client, err = client.New(s.URL, client.WithAPIKey(s.Key), client.WithHTTPClient(s.web.Client()))
	return err
}

// sendWebhooks has webhooks sent until the server is closed.
func (s *Server) sendWebhooks(config server.ServiceConfig) {
	pace := webhook.DefaultPace
	pace.Poll, pace.First, pace.Last = 100*time.Millisecond, 10*time.Millisecond, 100*time.Millisecond
	deliverer := server.NewDeliverer(s.store, config, pace, webhook.Unwatched{})
	s.services.Feed.Tell(deliverer.Wake)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { deliverer.Run(ctx) })
	s.stop = append(s.stop, func() { cancel(); running.Wait() })
}

// open opens a database of the server's own.
func (s *Server) open(ctx context.Context) (err error) {
	postgres := s.config.postgres
	if postgres == "" {
		if postgres, err = teststore.Server(); err != nil {
			return err
		}
	}
	if s.database, err = teststore.Make(ctx, postgres); err != nil {
		return fmt.Errorf("make a database: %w", err)
	}
	if s.store, err = s.database.Open(ctx); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	return nil
}

// removal is how long it may take to remove a database.
const removal = time.Minute

// Close stops the server and removes its database.
func (s *Server) Close() error {
	var errs []error
	if s.web != nil {
		s.handler.Drain() // else those who wait for changes would be waited for
		s.web.Close()
	}
	for _, stop := range s.stop {
		stop()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.database != nil {
		ctx, cancel := context.WithTimeout(context.Background(), removal)
		defer cancel()
		errs = append(errs, s.database.Remove(ctx))
	}
	return errors.Join(errs...)
}

// NewKey makes another key, for example one that may only read.
func (s *Server) NewKey(t testing.TB, scopes ...client.Scope) string {
	t.Helper()
	own := make([]identity.Scope, len(scopes))
	for i, scope := range scopes {
		own[i] = identity.Scope(scope)
	}
	user, err := s.services.Users.Find(t.Context(), "", Email)
	if err != nil {
		t.Fatalf("find the user: %v", err)
	}
	token, err := s.services.Keys.CreateFor(t.Context(), user, identity.NewKey{Name: "test", Scopes: own})
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return token
}

// Define defines a property of the company's accounts, and returns its keyName.
func (s *Server) Define(t testing.TB, property client.PropertyCreate) string {
	t.Helper()
	made, err := s.Client.Properties.Create(t.Context(), property)
	if err != nil {
		t.Fatalf("define the property %s: %v", property.Name, err)
	}
	return made.KeyName
}

// Account creates an account, also if there is one with its title.
func (s *Server) Account(t testing.TB, a client.AccountCreate) client.Account {
	t.Helper()
	made, err := s.Client.Accounts.Create(t.Context(), a, client.MatchBy(client.MatchNone), client.AllowNewOptions())
	if err != nil {
		t.Fatalf("create the account %s: %v", a.Title, err)
	}
	return made.Account
}

// Accounts creates n accounts with titles from "Account 1" on.
func (s *Server) Accounts(t testing.TB, n int) []client.Account {
	t.Helper()
	accounts := make([]client.Account, n)
	for i := range accounts {
		accounts[i] = s.Account(t, client.AccountCreate{Title: fmt.Sprintf("Account %d", i+1), Address: []string{"120 Mission Street"}})
	}
	return accounts
}
