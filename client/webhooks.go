package client

import (
	"context"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Webhooks calls the operations on webhooks, which send changes to a URL. It takes a key
// with the scope admin. What receives them is package webhook, beside this one.
type Webhooks struct{ c *Client }

// List returns the company's webhooks, and how far each has come.
func (s *Webhooks) List(ctx context.Context) ([]Webhook, error) {
	found, err := answer[api.WebhookList](s.c.raw.ListWebhooks(ctx, nil))
	if err != nil {
		return nil, err
	}
	return found.Webhooks, nil
}

// Get returns a webhook. ErrNotFound if there is none.
func (s *Webhooks) Get(ctx context.Context, id int64) (*Webhook, error) {
	return answer[Webhook](s.c.raw.GetWebhook(ctx, id, nil, checkIDs("webhook", id)))
}

// Create makes a webhook. Its secret is in this answer only; the call is not sent again
// after a lost answer, which would leave a second one. ErrConflict if the company has as
// many as it may.
func (s *Webhooks) Create(ctx context.Context, webhook WebhookCreate) (*IssuedWebhook, error) {
	resp, err := s.c.raw.CreateWebhook(ctx, nil, webhook)
	return answer[IssuedWebhook](resp, err, http.StatusCreated)
}

// Update changes a webhook, pauses it, or has it go on at once with what it has not
// delivered.
func (s *Webhooks) Update(ctx context.Context, id int64, patch WebhookPatch) (*Webhook, error) {
	return answer[Webhook](s.c.raw.UpdateWebhook(ctx, id, nil, patch, checkIDs("webhook", id)))
}

// Delete ends a webhook for good.
func (s *Webhooks) Delete(ctx context.Context, id int64) error {
	return noContent(s.c.raw.DeleteWebhook(ctx, id, nil, checkIDs("webhook", id)))
}

// RotateSecret makes another secret, which is in this answer only. The former one signs as
// well for as long as the rotation says.
func (s *Webhooks) RotateSecret(ctx context.Context, id int64, rotation WebhookRotation) (*IssuedWebhook, error) {
	return answer[IssuedWebhook](s.c.raw.RotateWebhookSecret(ctx, id, nil, rotation, checkIDs("webhook", id)))
}

// Replay has a webhook go on after another change: all that follow it are sent, again or
// for the first time. "0" is before the first one.
func (s *Webhooks) Replay(ctx context.Context, id int64, after string) (*Webhook, error) {
	return answer[Webhook](s.c.raw.ReplayWebhook(ctx, id, nil, api.WebhookReplay{After: after}, checkIDs("webhook", id)))
}

// Test sends one request to the URL now, and returns what came of it.
func (s *Webhooks) Test(ctx context.Context, id int64) (*WebhookDelivery, error) {
	return answer[WebhookDelivery](s.c.raw.TestWebhook(ctx, id, nil, checkIDs("webhook", id)))
}

// Deliveries returns the last requests of a webhook, at most a hundred, the latest first.
func (s *Webhooks) Deliveries(ctx context.Context, id int64) ([]WebhookDelivery, error) {
	params := &api.ListWebhookDeliveriesParams{PageSize: new(maxPageSize)}
	found, err := answer[api.WebhookDeliveryList](s.c.raw.ListWebhookDeliveries(ctx, id, params, checkIDs("webhook", id)))
	if err != nil {
		return nil, err
	}
	return found.Deliveries, nil
}
