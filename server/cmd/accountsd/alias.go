package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/account"
)

func aliasCommand() *cli.Command {
	return &cli.Command{
		Name:  "alias",
		Usage: "move users off /clients, the former name of /accounts",
		Commands: []*cli.Command{
			aliasReportCommand(),
			{
				Name:  "notify",
				Usage: "tell a user that /clients will end, by e-mail if there is a mail server",
				Flags: append([]cli.Flag{
					dbFlag(), asFlag(), userFlag(),
					&cli.StringFlag{Name: "message", Usage: "the message, as `TEXT`", Required: true},
					&cli.StringFlag{Name: "sunset", Usage: "the `TIME` when /clients will end for the user: a date or an RFC 3339 date-time"},
				}, mailFlags()...),
				Action: notifyUser,
			},
			{
				Name:  "migrate",
				Usage: "close /clients for a user, who must have been notified",
				Flags: []cli.Flag{
					dbFlag(), asFlag(), userFlag(), quietDaysFlag(),
					&cli.BoolFlag{Name: "force", Usage: "even if the user was not notified, or still has time and calls"},
				},
				Action: aliasAction(func(ctx context.Context, cmd *cli.Command, s *account.Service, admin account.Actor, userID int64) (account.AliasReport, error) {
					return s.MigrateAliasUser(ctx, admin, userID, cmd.Bool("force"))
				}),
			},
			{
				Name:  "rollback",
				Usage: "take back the last step: a rehearsal, the migration or the notice",
				Flags: []cli.Flag{dbFlag(), asFlag(), userFlag()},
				Action: aliasAction(func(ctx context.Context, _ *cli.Command, s *account.Service, admin account.Actor, userID int64) (account.AliasReport, error) {
					return s.RollBackAliasUser(ctx, admin, userID)
				}),
			},
			{
				Name:  "rehearse",
				Usage: "close /clients for a while, after which it works again by itself",
				Flags: []cli.Flag{
					dbFlag(), asFlag(), userFlag(),
					&cli.Int64Flag{Name: "key", Usage: "only with the user's key with this `ID`"},
					&cli.StringFlag{Name: "from", Usage: "begin at this `TIME`, not at once"},
					&cli.StringFlag{Name: "until", Usage: "end at this `TIME`"},
					&cli.DurationFlag{Name: "for", Usage: "end after this `DURATION`, as in 1h30m", Validator: positive[time.Duration]},
				},
				Action: aliasAction(rehearse),
			},
		},
	}
}

func asFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "as", Usage: "the e-mail `ADDRESS` of the admin who does this, for the record", Required: true, Sources: fromEnv("AS")}
}

func userFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "user", Usage: "the user's e-mail `ADDRESS`", Required: true}
}

type aliasStep func(ctx context.Context, cmd *cli.Command, s *account.Service, admin account.Actor, userID int64) (account.AliasReport, error)

// aliasAction carries out one step of a user's migration, and says where the
// user then stands.
func aliasAction(step aliasStep) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) (err error) {
		store, err := openStore(ctx, cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		config := account.Config{QuietDays: cmd.Int("alias-quiet-days")}
		report, err := takeAliasStep(ctx, cmd, store, config, step)
		if err != nil {
			return err
		}
		return printStanding(cmd, report)
	}
}

func takeAliasStep(ctx context.Context, cmd *cli.Command, store account.Store, config account.Config, step aliasStep) (account.AliasReport, error) {
	admin, err := adminActor(ctx, store, cmd.String("as"))
	if err != nil {
		return account.AliasReport{}, err
	}
	user, err := store.User(ctx, cmd.String("user"))
	if err != nil {
		return account.AliasReport{}, fmt.Errorf("--user: %w", err)
	}
	return step(ctx, cmd, account.NewService(store, config), admin, user.ID)
}

// adminActor is the user who acts on the command line, without a key.
func adminActor(ctx context.Context, store account.Store, email string) (account.Actor, error) {
	admin, err := store.User(ctx, email)
	if err != nil {
		return account.Actor{}, fmt.Errorf("--as: %w", err)
	}
	if !admin.Admin {
		return account.Actor{}, fmt.Errorf("--as: %s is not an admin", admin.Email)
	}
	return account.Actor{CompanyID: admin.CompanyID, Scope: account.ScopeAdmin, User: admin.Ref()}, nil
}

// notifyUser also tries to send the mail, since there may be no server running.
// If there is one, it keeps trying.
func notifyUser(ctx context.Context, cmd *cli.Command) (err error) {
	notice := account.AliasNotice{Message: cmd.String("message")}
	if cmd.IsSet("sunset") {
		sunset, err := parseTime("sunset", cmd.String("sunset"))
		if err != nil {
			return err
		}
		notice.Sunset = account.Set(sunset)
	}
	var config account.Config
	sender, err := configureMail(cmd, &config)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	report, err := takeAliasStep(ctx, cmd, store, config, func(ctx context.Context, _ *cli.Command, s *account.Service, admin account.Actor, userID int64) (account.AliasReport, error) {
		return s.NotifyAliasUser(ctx, admin, userID, notice)
	})
	if err != nil {
		return err
	}
	if sender != nil {
		if err := (&account.Outbox{Store: store, Mailer: sender}).Deliver(ctx); err != nil {
			return err
		}
		if report.Steps, err = store.AliasSteps(ctx, report.CompanyID, report.User.ID, 1); err != nil {
			return err
		}
	}
	return printStanding(cmd, report)
}

func rehearse(ctx context.Context, cmd *cli.Command, s *account.Service, admin account.Actor, userID int64) (account.AliasReport, error) {
	if cmd.IsSet("until") == cmd.IsSet("for") {
		return account.AliasReport{}, errors.New("set the end of the rehearsal by --until or by --for")
	}
	r := account.Rehearsal{KeyID: cmd.Int64("key"), From: time.Now()}
	var err error
	if cmd.IsSet("from") {
		if r.From, err = parseTime("from", cmd.String("from")); err != nil {
			return account.AliasReport{}, err
		}
	}
	r.Until = r.From.Add(cmd.Duration("for"))
	if cmd.IsSet("until") {
		if r.Until, err = parseTime("until", cmd.String("until")); err != nil {
			return account.AliasReport{}, err
		}
	}
	return s.RehearseAlias(ctx, admin, userID, r)
}

// parseTime reads a date, which begins in UTC, or a time.
func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s must look like 2027-03-01 or 2027-03-01T12:00:00Z; got %s", flag, account.Quote(text))
}

// printStanding says where the user stands, and what became of the mail.
func printStanding(cmd *cli.Command, r account.AliasReport) error {
	line := fmt.Sprintf("%s is %s", r.User.Email, r.State)
	if !r.Sunset.IsZero() {
		line += ", sunset " + r.Sunset.Format(time.RFC3339)
	}
	for _, rehearsal := range r.Rehearsals {
		line += fmt.Sprintf(", rehearsal from %s until %s", rehearsal.From.Format(time.RFC3339), rehearsal.Until.Format(time.RFC3339))
		if rehearsal.KeyID != 0 {
			line += fmt.Sprintf(" with key %d", rehearsal.KeyID)
		}
	}
	if len(r.Steps) > 0 && r.Steps[0].Mail != nil {
		line += ", mail " + describeMail(*r.Steps[0].Mail)
	}
	_, err := fmt.Fprintln(cmd.Root().Writer, line)
	return err
}

func describeMail(m account.Mail) string {
	switch {
	case m.State == account.MailNotSent:
		return "not sent: there is no mail server"
	case m.Failure != "":
		return fmt.Sprintf("%s: %s", m.State, m.Failure)
	}
	return string(m.State)
}
