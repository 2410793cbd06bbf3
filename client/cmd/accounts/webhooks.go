package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var (
	webhookColumns  = []string{"id", "url", "state", "pauseReason", "position", "behind", "failures", "failingSince", "nextAttemptAt"}
	deliveryColumns = []string{"number", "at", "sequence", "accountId", "status", "failure", "durationMs", "answer"}
)

// issuedWebhook is a webhook with what requests are signed with.
type issuedWebhook struct {
	Secret string `json:"secret"`
	client.Webhook
}

func webhooksCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "webhooks", Usage: "have changes sent to a URL",
		Description: "Requests are signed as Standard Webhooks 1.0 says, with a secret that is shown once. It takes a key with the\nscope admin.",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the webhooks, and how far each has come", Action: connected(t.listWebhooks)},
			{Name: "get", Usage: "show a webhook", ArgsUsage: "ID", Action: one(t, onWebhook((*client.Webhooks).Get))},
			{
				Name: "create", Usage: "send changes to a URL; the secret is shown once", ArgsUsage: "url=URL ASSIGNMENT...",
				Action: one(t, createWebhook), ShellComplete: completeMembers[client.WebhookCreate],
			},
			{Name: "update", Usage: "change members of a webhook", ArgsUsage: "ID ASSIGNMENT...", Action: one(t, updateWebhook), ShellComplete: completeMembers[client.WebhookPatch]},
			{Name: "pause", Usage: "send nothing until it is resumed", ArgsUsage: "ID", Action: one(t, onWebhook(setWebhookState(client.WebhookPaused)))},
			{Name: "resume", Usage: "go on at once with what was not delivered", ArgsUsage: "ID", Action: one(t, onWebhook(setWebhookState(client.WebhookActive)))},
			{Name: "delete", Usage: "end webhooks for good", ArgsUsage: "ID...", Action: t.deletes("webhook", deleteWebhook), Flags: []cli.Flag{yesFlag()}},
			{
				Name: "rotate-secret", Usage: "make another secret, which is shown once", ArgsUsage: "ID", Action: one(t, rotateSecret),
				Flags: []cli.Flag{&cli.IntFlag{Name: "keep-former", Usage: "sign with the former one too for `HOURS`", Value: 24}},
			},
			{
				Name: "replay", Usage: "go on after another change, and send all that follow it", ArgsUsage: "ID SEQUENCE", Action: one(t, replayWebhook),
			},
			{Name: "test", Usage: "send one request now, and show what came of it", ArgsUsage: "ID", Action: one(t, onWebhook((*client.Webhooks).Test))},
			{Name: "deliveries", Usage: "show the last requests, the latest first", ArgsUsage: "ID", Action: connected(t.listDeliveries), Flags: []cli.Flag{limitFlag()}},
		},
	}
}

func (t *terminal) listWebhooks(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	webhooks, err := c.Webhooks.List(ctx)
	if err != nil {
		return err
	}
	return printRecords(t, cmd, webhookColumns, each(webhooks))
}

// onWebhook makes a call of one that takes the id of a webhook.
func onWebhook[T any](call func(*client.Webhooks, context.Context, int64) (*T, error)) func(context.Context, *cli.Command, *client.Client) (*T, error) {
	return func(ctx context.Context, cmd *cli.Command, c *client.Client) (*T, error) {
		id, err := oneID(cmd)
		if err != nil {
			return nil, err
		}
		return call(c.Webhooks, ctx, id)
	}
}

func setWebhookState(state client.WebhookState) func(*client.Webhooks, context.Context, int64) (*client.Webhook, error) {
	return func(webhooks *client.Webhooks, ctx context.Context, id int64) (*client.Webhook, error) {
		return webhooks.Update(ctx, id, client.WebhookPatch{State: &state})
	}
}

func createWebhook(ctx context.Context, cmd *cli.Command, c *client.Client) (*issuedWebhook, error) {
	body, err := assignments[client.WebhookCreate](cmd.Args().Slice(), nil)
	if err != nil {
		return nil, err
	}
	return issued(c.Webhooks.Create(ctx, body))
}

func issued(webhook *client.IssuedWebhook, err error) (*issuedWebhook, error) {
	if err != nil {
		return nil, err
	}
	return &issuedWebhook{webhook.Secret, webhook.Webhook}, nil
}

func updateWebhook(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Webhook, error) {
	id, err := firstID(cmd)
	if err != nil {
		return nil, err
	}
	patch, err := assignments[client.WebhookPatch](cmd.Args().Tail(), nil)
	if err != nil {
		return nil, err
	}
	return c.Webhooks.Update(ctx, id, patch)
}

func deleteWebhook(ctx context.Context, _ *cli.Command, c *client.Client, id int64) error {
	return c.Webhooks.Delete(ctx, id)
}

func rotateSecret(ctx context.Context, cmd *cli.Command, c *client.Client) (*issuedWebhook, error) {
	id, err := oneID(cmd)
	if err != nil {
		return nil, err
	}
	return issued(c.Webhooks.RotateSecret(ctx, id, client.WebhookRotation{KeepFormerHours: new(cmd.Int("keep-former"))}))
}

func replayWebhook(ctx context.Context, cmd *cli.Command, c *client.Client) (*client.Webhook, error) {
	id, err := firstID(cmd)
	if err != nil {
		return nil, err
	}
	if cmd.NArg() != 2 {
		return nil, usagef("give an id, and the sequence to go on after; 0 is before the first change")
	}
	return c.Webhooks.Replay(ctx, id, cmd.Args().Get(1))
}

func (t *terminal) listDeliveries(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	id, err := oneID(cmd)
	if err != nil {
		return err
	}
	deliveries, err := c.Webhooks.Deliveries(ctx, id)
	if err != nil {
		return fmt.Errorf("webhook %d: %w", id, err)
	}
	return printRecords(t, cmd, deliveryColumns, limited(cmd, each(deliveries)))
}
