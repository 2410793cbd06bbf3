package records

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/webhook"
)

var (
	webhooks = db.NewTable(func(w *webhook.Webhook) []any {
		return []any{
			"id", (*db.ID)(&w.ID), "company_id", &w.CompanyID, "url", &w.URL, "description", &w.Description,
			"kinds", (*db.List[account.ChangeKind])(&w.Kinds), "members", (*db.List[string])(&w.Members),
			"secret", &w.Secret, "former_secret", &w.FormerSecret, "former_until", (*db.OptionalTime)(&w.FormerUntil),
			"pause_reason", (*string)(&w.PauseReason), "paused_at", (*db.OptionalTime)(&w.PausedAt),
			"position", &w.Position, "ahead", (*db.List[int64])(&w.Ahead), "failures", &w.Failures,
			"failing_since", (*db.OptionalTime)(&w.FailingSince), "next_attempt", (*db.OptionalTime)(&w.NextAttempt),
			"created_at", (*db.Time)(&w.CreatedAt), "updated_at", (*db.Time)(&w.UpdatedAt),
		}
	})
	webhookSettings = webhooks.Without("id", "company_id", "created_at", "position", "ahead")
	webhookProgress = webhooks.Without("id", "company_id", "url", "description", "kinds", "members", "secret", "former_secret", "former_until", "created_at", "updated_at")

	selectWebhooks = db.Statement{Thing: "webhooks", Text: `SELECT ` + webhooks.List("") + ` FROM webhooks WHERE company_id = ? ORDER BY id`}
	selectWebhook  = db.Statement{Thing: "webhook", Text: `SELECT ` + webhooks.List("") + ` FROM webhooks WHERE company_id = ? AND id = ?`}
	insertWebhook  = db.Statement{Thing: "webhook", Text: webhooks.Insert("webhooks")}
	deleteWebhook  = db.Statement{Thing: "webhook", Text: `DELETE FROM webhooks WHERE company_id = ? AND id = ?`}
	updateWebhook  = db.Statement{Thing: "webhook", Text: webhookSettings.Update("webhooks") + `, lease_holder = '' WHERE company_id = ? AND id = ?`}
	moveWebhook    = db.Statement{Thing: "webhook", Text: webhookProgress.Update("webhooks") + `, lease_holder = '' WHERE company_id = ? AND id = ?`}

	// A lease is free to take when nobody has it, or its holder has not come back.
	isFree      = ` AND paused_at IS NULL AND (next_attempt IS NULL OR next_attempt <= ?) AND (lease_holder = '' OR lease_until <= ?) `
	dueWebhooks = db.Statement{Thing: "webhooks", Text: `SELECT company_id, id FROM webhooks
WHERE position < (SELECT last_sequence FROM companies c WHERE c.id = company_id)` + isFree + `ORDER BY lease_until, id LIMIT ?`}
	claimWebhook = db.Statement{Thing: "webhook", Text: `UPDATE webhooks SET lease_holder = ?, lease_until = ?
WHERE company_id = ? AND id = ?` + isFree}
	saveProgress = db.Statement{Thing: "webhook", Text: webhookProgress.Update("webhooks") + `, lease_holder = ?, lease_until = ?
WHERE company_id = ? AND id = ? AND lease_holder = ?`}
	webhookStanding = db.Statement{Thing: "webhooks", Text: `SELECT
	count(CASE WHEN w.paused_at IS NULL THEN 1 END), count(CASE WHEN w.paused_at IS NULL AND w.failures > 0 THEN 1 END),
	count(CASE WHEN w.pause_reason IN ('failing', 'gone') THEN 1 END),
	coalesce(max(CASE WHEN w.paused_at IS NULL THEN c.last_sequence - w.position END), 0)
FROM webhooks w JOIN companies c ON c.id = w.company_id`}
)

// Webhooks returns the company's webhooks.
func (r Reader) Webhooks(ctx context.Context, companyID int64) ([]webhook.Webhook, error) {
	return db.Collect(ctx, r.Session, selectWebhooks, []any{companyID}, webhooks.Scan)
}

// Webhook returns a webhook of the company.
func (r Reader) Webhook(ctx context.Context, companyID, id int64) (webhook.Webhook, error) {
	return db.First(ctx, r.Session, selectWebhook, []any{companyID, id}, webhooks.Scan)
}

// DueWebhooks returns webhooks that may be delivered.
func (r Reader) DueWebhooks(ctx context.Context, now time.Time, limit int) ([]webhook.Ref, error) {
	return db.Collect(ctx, r.Session, dueWebhooks, []any{db.Time(now), db.Time(now), limit}, func(row *db.Row) (ref webhook.Ref, err error) {
		err = row.Scan(&ref.CompanyID, &ref.ID)
		return ref, err
	})
}

// WebhookStanding returns how all webhooks are.
func (r Reader) WebhookStanding(ctx context.Context) (s webhook.Standing, err error) {
	err = r.Session.Get(ctx, webhookStanding, nil, &s.Active, &s.Failing, &s.Paused, &s.Behind)
	return s, err
}

// WebhooksForUpdate is Webhooks of a company whose webhooks nobody else changes.
func (t *Tx) WebhooksForUpdate(ctx context.Context, companyID int64) ([]webhook.Webhook, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return nil, err
	}
	return t.Webhooks(ctx, companyID)
}

// WebhookForUpdate is Webhook of a company whose webhooks nobody else changes.
func (t *Tx) WebhookForUpdate(ctx context.Context, companyID, id int64) (webhook.Webhook, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return webhook.Webhook{}, err
	}
	return t.Webhook(ctx, companyID, id)
}

// InsertWebhook adds a webhook, and sets its id.
func (t *Tx) InsertWebhook(ctx context.Context, w *webhook.Webhook) error {
	return t.Session.Insert(ctx, insertWebhook, &w.ID, webhooks.At(w)...)
}

// UpdateWebhook writes a webhook, but not where it is, and ends its lease.
func (t *Tx) UpdateWebhook(ctx context.Context, w webhook.Webhook) error {
	return t.Session.ChangeOne(ctx, updateWebhook, webhookSettings.At(&w, w.CompanyID, w.ID)...)
}

// MoveWebhook writes the progress of a webhook, and ends its lease.
func (t *Tx) MoveWebhook(ctx context.Context, w webhook.Webhook) error {
	return t.Session.ChangeOne(ctx, moveWebhook, webhookProgress.At(&w, w.CompanyID, w.ID)...)
}

// DeleteWebhook removes a webhook with its deliveries.
func (t *Tx) DeleteWebhook(ctx context.Context, companyID, id int64) error {
	return t.Session.ChangeOne(ctx, deleteWebhook, companyID, id)
}

// ClaimWebhook gives a lease, and returns the webhook.
func (t *Tx) ClaimWebhook(ctx context.Context, ref webhook.Ref, lease webhook.Lease, now time.Time) (webhook.Webhook, error) {
	err := t.Session.ChangeOne(ctx, claimWebhook, lease.Holder, db.Time(lease.Until), ref.CompanyID, ref.ID, db.Time(now), db.Time(now))
	if err != nil {
		return webhook.Webhook{}, err
	}
	return t.Webhook(ctx, ref.CompanyID, ref.ID)
}

// SaveProgress writes the progress of a webhook that a holder has.
func (t *Tx) SaveProgress(ctx context.Context, w webhook.Webhook, holder string, next webhook.Lease) error {
	return t.Session.ChangeOne(ctx, saveProgress, webhookProgress.At(&w, next.Holder, db.Time(next.Until), w.CompanyID, w.ID, holder)...)
}
