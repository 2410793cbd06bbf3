package webhook

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about webhooks.
type Store interface {
	Reader
	write.Transactor[Tx]
}

// Ref names a webhook.
type Ref struct{ CompanyID, ID int64 }

// Lease is that one server delivers a webhook for a while. It ends early when somebody
// changes the webhook.
type Lease struct {
	Holder string // empty: nobody has it
	Until  time.Time
}

// Standing is how the webhooks of all companies are.
type Standing struct {
	Active  int64
	Failing int64 // of these: the next change could not be delivered
	Paused  int64 // by the server itself
	Behind  int64 // how many changes follow the position of the active one that is furthest behind
}

// Reader reads webhooks.
type Reader interface {
	// Webhooks returns the company's webhooks in the order of their ids.
	Webhooks(ctx context.Context, companyID int64) ([]Webhook, error)

	// Webhook returns one of them, or KindNotFound.
	Webhook(ctx context.Context, companyID, id int64) (Webhook, error)

	// Deliveries returns the deliveries of a webhook that are kept, the latest first,
	// at most limit.
	Deliveries(ctx context.Context, companyID, id int64, limit int) ([]Delivery, error)

	// DueWebhooks returns webhooks of any company that have changes to look at, may be
	// tried at a time, and are delivered by nobody then, those whose last turn is the
	// longest ago first, at most limit.
	DueWebhooks(ctx context.Context, now time.Time, limit int) ([]Ref, error)

	// WebhookStanding returns how all webhooks are.
	WebhookStanding(ctx context.Context) (Standing, error)

	// Changes and LastChange are those of account.Reader, Properties too.
	Changes(ctx context.Context, companyID, after int64, limit int) ([]account.HistoryEntry, error)
	LastChange(ctx context.Context, companyID int64) (int64, error)
	Properties(ctx context.Context, companyID int64) ([]schema.Property, error)
}

// Tx writes webhooks.
type Tx interface {
	Reader
	write.Tx
	audit.Tx

	// WebhooksForUpdate is Webhooks, while no other transaction adds one to the company,
	// changes or removes one, and WebhookForUpdate is Webhook. The progress of a webhook
	// may go on.
	WebhooksForUpdate(ctx context.Context, companyID int64) ([]Webhook, error)
	WebhookForUpdate(ctx context.Context, companyID, id int64) (Webhook, error)

	// InsertWebhook adds a webhook, and sets its id.
	InsertWebhook(ctx context.Context, w *Webhook) error

	// UpdateWebhook writes all of a webhook but its position and what is ahead of it,
	// and ends its lease.
	UpdateWebhook(ctx context.Context, w Webhook) error

	// MoveWebhook writes the progress of a webhook, and ends its lease.
	MoveWebhook(ctx context.Context, w Webhook) error

	// DeleteWebhook removes a webhook with its deliveries.
	DeleteWebhook(ctx context.Context, companyID, id int64) error

	// ClaimWebhook gives a lease to its holder, and returns the webhook. KindNotFound
	// if it is paused, is to wait, or another holder has it, at a time.
	ClaimWebhook(ctx context.Context, ref Ref, lease Lease, now time.Time) (Webhook, error)

	// SaveProgress writes the progress of a webhook that a holder has, whether it is
	// paused, and who has it next. KindNotFound if the holder has it no more.
	SaveProgress(ctx context.Context, w Webhook, holder string, next Lease) error

	// AddDeliveries adds deliveries in the place of the oldest ones, and sets their
	// numbers. KindNotFound if there is no such webhook.
	AddDeliveries(ctx context.Context, ref Ref, deliveries []Delivery) error
}
