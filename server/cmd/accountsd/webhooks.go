package main

import (
	"log/slog"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/webhook"
)

func webhookNetworksFlag() *cli.StringSliceFlag {
	return &cli.StringSliceFlag{
		Config: trimmed,
		Name:   "webhook-allow-private", Usage: "let webhooks reach `NETWORK`, as 10.1.0.0/16, which is not public, also by http; can be repeated",
		DefaultText: "public addresses only", Validator: checkNetworks, Sources: fromEnv("WEBHOOK_ALLOW_PRIVATE"),
	}
}

func configureWebhooks(cmd *cli.Command) (server.WebhookConfig, error) {
	allowed, err := readNetworks(cmd.StringSlice("webhook-allow-private"))
	return server.WebhookConfig{Network: webhook.Network{Allowed: allowed}, Agent: "accountsd/" + readVersion().module}, err
}

// webhookWatcher logs what happens to webhooks, and counts it. The log has nothing of what
// is sent, and no URL: these may hold secrets of the receiver's.
type webhookWatcher struct {
	logger  *slog.Logger
	metrics observe.Webhooks // nil: nobody counts
}

// Delivered counts a request. Those that fail are told by the API, and are many while a
// receiver is away.
func (w webhookWatcher) Delivered(d webhook.Delivery) {
	if w.metrics != nil {
		w.metrics.Delivered(string(d.Failure), d.Took)
	}
}

// Paused logs what somebody has to look at.
func (w webhookWatcher) Paused(h webhook.Webhook) {
	w.logger.Warn("a webhook is paused, since its receiver takes nothing", "companyId", h.CompanyID, "webhookId", h.ID, "reason", h.PauseReason, "failingSince", h.FailingSince)
	if w.metrics != nil {
		w.metrics.Paused()
	}
}

// Failed logs that a store did not answer.
func (w webhookWatcher) Failed(ref webhook.Ref, err error) {
	if ref == (webhook.Ref{}) {
		w.logger.Error("looking for webhooks to deliver failed; trying again", "error", err)
		return
	}
	w.logger.Error("a webhook was not delivered; trying again", "companyId", ref.CompanyID, "webhookId", ref.ID, "error", err)
}
