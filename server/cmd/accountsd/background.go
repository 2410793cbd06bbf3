package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/mail"
	"github.com/accountsd/accountsd/server/store"
)

// mailFlags are the settings without which no mail is sent. The URL holds a
// password, so it is best set by its variable.
func mailFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "smtp-url", Usage: "send e-mail through the server at `URL`, as in " + mail.URLForm + "; best set by the variable", Sources: fromEnv("SMTP_URL")},
		&cli.StringFlag{Name: "public-url", Usage: "the `URL` under which users reach this server, for e-mail and for the links in answers", Validator: checkPublicURL, Sources: fromEnv("PUBLIC_URL")},
	}
}

// checkPublicURL takes a path alone as well, which is all that the links in answers need.
func checkPublicURL(text string) error {
	if text == "" || strings.HasPrefix(text, "/") {
		return nil
	}
	return checkURL(text)
}

func quietDaysFlag() *cli.IntFlag {
	return &cli.IntFlag{
		Name: "alias-quiet-days", Usage: "a user who has not called /clients for `N` days may be migrated before the sunset",
		Value: alias.DefaultQuietDays, Validator: positive[int], Sources: fromEnv("ALIAS_QUIET_DAYS"),
	}
}

// configureMail sets the config up for notices by e-mail, and returns what sends
// them; nil if there is no mail server.
func configureMail(cmd *cli.Command, config *alias.Config) (alias.Mailer, error) {
	if cmd.String("smtp-url") == "" {
		return nil, nil
	}
	sender, err := mail.NewSender(cmd.String("smtp-url"))
	if err != nil {
		return nil, err
	}
	composer, err := mail.NewComposer(cmd.String("public-url"))
	if err != nil {
		return nil, err
	}
	config.Composer = composer
	return sender, nil
}

// startBackground writes the counts of the alias and when keys were used, and sends
// mails, until stop is called: that returns when all counts are written.
func startBackground(store store.Store, services server.Services, counter *alias.Counter, sender alias.Mailer, logger *slog.Logger) (stop func()) {
	stopNoting := background(func(ctx context.Context) {
		services.Keys.RunUses(ctx, func(err error) { logger.Error("the last uses of keys were not written", "error", err) })
	})
	stopAlias := background(func(ctx context.Context) {
		counter.Run(ctx, server.AliasStore(store), func(err error) { logger.Error("counts of the alias were not written", "error", err) })
	})
	if sender == nil {
		return func() {
			stopAlias()
			stopNoting()
		}
	}
	outbox := &alias.Outbox{Store: server.AliasStore(store), Mailer: sender, Clock: services.Clock, Report: reportMail(logger)}
	stopSending := background(outbox.Run)
	return func() {
		stopSending()
		stopAlias()
		stopNoting()
	}
}

// reportMail logs failures. What a mail server answers can hold addresses, and
// stays out of the log.
func reportMail(logger *slog.Logger) func(error, int64) {
	return func(err error, mailID int64) {
		known, ok := errors.AsType[*alias.MailError](err)
		if !ok {
			logger.Error("mails were not sent", "error", err)
			return
		}
		attributes := []any{"mailId", mailID, "failure", known.Failure}
		switch known.Failure {
		case alias.MailConnection, alias.MailTimeout, alias.MailTLS:
			attributes = append(attributes, "error", known.Err)
		}
		logger.Warn("a mail was not sent", attributes...)
	}
}

// background runs fn until the function that it returns is called, which waits
// for fn to end.
func background(fn func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { fn(ctx) })
	return func() {
		cancel()
		group.Wait()
	}
}
