package server

import (
	"cmp"
	"context"
	"crypto/x509"
	"log/slog"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/feed"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/webhook"
	"github.com/accountsd/accountsd/server/webhook/courier"
	"github.com/accountsd/accountsd/server/write"
)

// Services are the rooms of the domain over one store.
type Services struct {
	Accounts   *account.Service
	Intake     *intake.Service
	Importer   *intake.Importer
	Lineage    *lineage.Service
	Contacts   *contact.Service
	Properties *property.Service
	Users      *identity.Users
	Keys       *identity.Keys
	Logins     *identity.Logins
	Alias      *alias.Service
	Audit      *audit.Service
	Webhooks   *webhook.Service
	Feed       *feed.Feed
	Clock      write.Clock
	Ping       func(ctx context.Context) error // returns nil if requests can be served
}

// AliasStore returns the part of a store about the alias.
func AliasStore(s store.Store) alias.Store {
	return store.For(s, func(tx store.Tx) alias.Tx { return tx })
}

// ServiceConfig is how Services are set up.
type ServiceConfig struct {
	Clock  write.Clock  // nil: that of the store
	Region string       // of phone numbers without a country code, ISO 3166; empty: only numbers with one are read
	Logger *slog.Logger // of what runs in the background, and of users; nil: slog.Default()
	Alias  alias.Config

	Webhooks WebhookConfig
}

// clockOf returns the clock of services over a store.
func (c ServiceConfig) clockOf(s store.Store) write.Clock {
	if c.Clock == nil {
		return store.ClockOf(s)
	}
	return c.Clock
}

// WebhookConfig is how webhooks are sent.
type WebhookConfig struct {
	Network webhook.Network
	Agent   string         // the program, as receivers read it; empty: accountsd
	Roots   *x509.CertPool // whom certificates are of; nil: whom the system trusts
}

func (c WebhookConfig) courier() *courier.Courier {
	return courier.New(courier.Config{Network: c.Network, Agent: cmp.Or(c.Agent, "accountsd"), Encode: EncodeChange, Roots: c.Roots})
}

// WebhookStore returns the part of a store about webhooks.
func WebhookStore(s store.Store) webhook.Store {
	return store.For(s, func(tx store.Tx) webhook.Tx { return tx })
}

// NewDeliverer returns what sends the webhooks of a store, once it runs.
func NewDeliverer(s store.Store, config ServiceConfig, pace webhook.Pace, watcher webhook.Watcher) *webhook.Deliverer {
	return webhook.NewDeliverer(WebhookStore(s), config.Webhooks.courier(), config.clockOf(s), pace, watcher)
}

// NewServices returns the services over a store, which stays the caller's to
// close.
func NewServices(s store.Store, config ServiceConfig) Services {
	clock, region := config.clockOf(s), config.Region
	changes := feed.New(s, account.NewRecords(s))
	s = feed.Told(s, changes)
	part := store.For(s, func(tx store.Tx) account.Tx { return tx })
	writer := account.NewWriter(part, clock, region)
	people := identity.New(store.For(s, func(tx store.Tx) identity.Tx { return tx }), clock, config.Logger)
	incoming := intake.NewService(part, writer, clock, region)
	return Services{
		Accounts:   account.NewService(writer),
		Intake:     incoming,
		Importer:   intake.NewImporter(incoming, store.For(s, func(tx store.Tx) intake.ImportTx { return tx })),
		Lineage:    lineage.NewService(part, writer, clock),
		Contacts:   contact.NewService(store.For(s, func(tx store.Tx) contact.Tx { return tx }), writer, clock, region),
		Properties: property.NewService(store.For(s, func(tx store.Tx) property.Tx { return tx }), writer, clock, config.Logger),
		Users:      people.Users,
		Keys:       people.Keys,
		Logins:     people.Logins,
		Audit:      audit.NewService(s),
		Webhooks:   webhook.NewService(WebhookStore(s), clock, config.Webhooks.courier()),
		Feed:       changes,
		Alias:      alias.NewService(AliasStore(s), clock, config.Alias),
		Clock:      clock,
		Ping:       s.Ping,
	}
}
