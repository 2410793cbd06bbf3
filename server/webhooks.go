package server

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/webhook"
)

// ListWebhooks answers GET /webhooks.
func (s *Server) ListWebhooks(ctx context.Context, _ apiserver.ListWebhooksRequestObject) (apiserver.ListWebhooksResponseObject, error) {
	webhooks, err := s.Webhooks.List(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	body := api.WebhookList{Webhooks: convertAll(webhooks, ToAPIWebhook)}
	return apiserver.ListWebhooks200JSONResponse{WebhookListJSONResponse: apiserver.WebhookListJSONResponse{Body: body}}, nil
}

// CreateWebhook answers POST /webhooks.
func (s *Server) CreateWebhook(ctx context.Context, _ apiserver.CreateWebhookRequestObject) (apiserver.CreateWebhookResponseObject, error) {
	w, err := s.Webhooks.Create(ctx, actorOf(ctx), sentBody[webhook.New](ctx))
	if err != nil {
		return nil, err
	}
	location := fmt.Sprintf("%s%s/webhooks/%d", prefixOf(ctx), basePath, w.ID)
	return apiserver.CreateWebhook201JSONResponse{CreatedWebhookJSONResponse: apiserver.CreatedWebhookJSONResponse{
		Body: toAPIIssuedWebhook(w), Headers: apiserver.CreatedWebhookResponseHeaders{Location: &location},
	}}, nil
}

// GetWebhook answers GET /webhooks/{webhookId}.
func (s *Server) GetWebhook(ctx context.Context, req apiserver.GetWebhookRequestObject) (apiserver.GetWebhookResponseObject, error) {
	w, err := s.Webhooks.Get(ctx, actorOf(ctx), req.WebhookID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetWebhook200JSONResponse{WebhookJSONResponse: webhookAnswer(w)}, nil
}

// UpdateWebhook answers PATCH /webhooks/{webhookId}.
func (s *Server) UpdateWebhook(ctx context.Context, req apiserver.UpdateWebhookRequestObject) (apiserver.UpdateWebhookResponseObject, error) {
	w, err := s.Webhooks.Update(ctx, actorOf(ctx), req.WebhookID, sentBody[webhook.Patch](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.UpdateWebhook200JSONResponse{WebhookJSONResponse: webhookAnswer(w)}, nil
}

// DeleteWebhook answers DELETE /webhooks/{webhookId}.
func (s *Server) DeleteWebhook(ctx context.Context, req apiserver.DeleteWebhookRequestObject) (apiserver.DeleteWebhookResponseObject, error) {
	if err := s.Webhooks.Delete(ctx, actorOf(ctx), req.WebhookID); err != nil {
		return nil, err
	}
	return apiserver.DeleteWebhook204Response{}, nil
}

// RotateWebhookSecret answers POST /webhooks/{webhookId}/rotate-secret.
func (s *Server) RotateWebhookSecret(ctx context.Context, req apiserver.RotateWebhookSecretRequestObject) (apiserver.RotateWebhookSecretResponseObject, error) {
	w, err := s.Webhooks.RotateSecret(ctx, actorOf(ctx), req.WebhookID, sentBody[webhook.Rotation](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.RotateWebhookSecret200JSONResponse{IssuedWebhookJSONResponse: apiserver.IssuedWebhookJSONResponse{Body: toAPIIssuedWebhook(w)}}, nil
}

// ReplayWebhook answers POST /webhooks/{webhookId}/replay.
func (s *Server) ReplayWebhook(ctx context.Context, req apiserver.ReplayWebhookRequestObject) (apiserver.ReplayWebhookResponseObject, error) {
	w, err := s.Webhooks.Replay(ctx, actorOf(ctx), req.WebhookID, sentBody[webhook.Replay](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.ReplayWebhook200JSONResponse{WebhookJSONResponse: webhookAnswer(w)}, nil
}

// TestWebhook answers POST /webhooks/{webhookId}/test.
func (s *Server) TestWebhook(ctx context.Context, req apiserver.TestWebhookRequestObject) (apiserver.TestWebhookResponseObject, error) {
	d, err := s.Webhooks.Test(ctx, actorOf(ctx), req.WebhookID)
	if err != nil {
		return nil, err
	}
	return apiserver.TestWebhook200JSONResponse{WebhookDeliveryJSONResponse: apiserver.WebhookDeliveryJSONResponse{Body: toAPIDelivery(d)}}, nil
}

// ListWebhookDeliveries answers GET /webhooks/{webhookId}/deliveries.
func (s *Server) ListWebhookDeliveries(ctx context.Context, req apiserver.ListWebhookDeliveriesRequestObject) (apiserver.ListWebhookDeliveriesResponseObject, error) {
	deliveries, err := s.Webhooks.Deliveries(ctx, actorOf(ctx), req.WebhookID, pageSize(req.Params.PageSize))
	if err != nil {
		return nil, err
	}
	body := api.WebhookDeliveryList{Deliveries: convertAll(deliveries, toAPIDelivery)}
	return apiserver.ListWebhookDeliveries200JSONResponse{WebhookDeliveryListJSONResponse: apiserver.WebhookDeliveryListJSONResponse{Body: body}}, nil
}

func (s *Server) refuseWebhook(r request, n webhook.New) error {
	_, err := s.Webhooks.Create(r, r.actor, n)
	return err
}

func (s *Server) refuseWebhookUpdate(r request, p webhook.Patch) error {
	_, err := s.Webhooks.Update(r, r.actor, r.id("webhookId"), p)
	return err
}

func (s *Server) refuseRotation(r request, rotation webhook.Rotation) error {
	_, err := s.Webhooks.RotateSecret(r, r.actor, r.id("webhookId"), rotation)
	return err
}

func (s *Server) refuseReplay(r request, replay webhook.Replay) error {
	_, err := s.Webhooks.Replay(r, r.actor, r.id("webhookId"), replay)
	return err
}

func webhookAnswer(w webhook.Webhook) apiserver.WebhookJSONResponse {
	return apiserver.WebhookJSONResponse{Body: ToAPIWebhook(w)}
}

func toAPIIssuedWebhook(w webhook.Webhook) api.IssuedWebhook {
	return api.IssuedWebhook{Webhook: ToAPIWebhook(w), Secret: w.Secret}
}

// ToAPIWebhook converts a webhook, without its secret.
func ToAPIWebhook(w webhook.Webhook) api.Webhook {
	return api.Webhook{
		ID:                w.ID,
		CreatedAt:         timestamp.Of(w.CreatedAt),
		UpdatedAt:         timestamp.Of(w.UpdatedAt),
		URL:               w.URL,
		Description:       orNull(w.Description),
		Kinds:             convertAll(w.Kinds, func(k account.ChangeKind) api.ChangeKind { return api.ChangeKind(k) }),
		Members:           w.Members,
		State:             api.WebhookState(w.State()),
		PauseReason:       orNull(api.WebhookPauseReason(w.PauseReason)),
		PausedAt:          timeOrNull(w.PausedAt),
		Position:          formatSequence(w.Position),
		Behind:            w.Behind,
		Failures:          w.Failures,
		FailingSince:      timeOrNull(w.FailingSince),
		NextAttemptAt:     timeOrNull(w.NextAttempt),
		FormerSecretUntil: timeOrNull(w.FormerUntil),
	}
}

func toAPIDelivery(d webhook.Delivery) api.WebhookDelivery {
	converted := api.WebhookDelivery{
		Number:     d.Number,
		MessageID:  d.MessageID,
		AccountID:  orNull(d.AccountID),
		IsTest:     d.Sequence == 0,
		At:         timestamp.Of(d.At),
		DurationMs: d.Took.Milliseconds(),
		Status:     orNull(d.Status),
		Failure:    orNull(api.WebhookFailure(d.Failure)),
		Answer:     orNull(d.Text),
		Sequence:   nullable.NewNullNullable[string](),
	}
	if d.Sequence != 0 {
		converted.Sequence.Set(formatSequence(d.Sequence))
	}
	return converted
}

// kindTest is what the kind of a test is, which no change has.
const kindTest = "test"

// EncodeChange writes a change as the feed does, or one for a test if it is nil.
func EncodeChange(e *account.HistoryEntry, at time.Time) ([]byte, error) {
	if e == nil {
		e = &account.HistoryEntry{Kind: kindTest, At: at}
	}
	return json.Marshal(ToAPIChange(*e))
}
