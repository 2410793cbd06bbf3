package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
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
				Flags: append(stepFlags(
					&cli.StringFlag{Name: "message", Usage: "the message, as `TEXT`", Required: true},
					&cli.StringFlag{Name: "sunset", Usage: "the `TIME` when /clients will end for the user: a date or an RFC 3339 date-time", Validator: checkTime},
				), mailFlags()...),
				Action: aliasAction(notify),
			},
			{
				Name:  "migrate",
				Usage: "close /clients for a user, who must have been notified",
				Flags: stepFlags(quietDaysFlag(),
					&cli.BoolFlag{Name: "force", Usage: "even if the user was not notified, has not got the mail, or still has time and calls"}),
				Action: aliasAction(func(ctx context.Context, cmd *cli.Command, s *alias.Service, admin identity.Actor, userID int64) (alias.Report, error) {
					return s.Migrate(ctx, admin, userID, cmd.Bool("force"))
				}),
			},
			{
				Name:  "rollback",
				Usage: "take back the last step: a rehearsal, the migration or the notice",
				Flags: stepFlags(),
				Action: aliasAction(func(ctx context.Context, _ *cli.Command, s *alias.Service, admin identity.Actor, userID int64) (alias.Report, error) {
					return s.RollBack(ctx, admin, userID)
				}),
			},
			{
				Name:  "rehearse",
				Usage: "close /clients for a while, after which it works again by itself",
				Flags: stepFlags(
					&cli.Int64Flag{Name: "key", Usage: "only with the user's key with this `ID`", DefaultText: "with any"},
					&cli.StringFlag{Name: "from", Usage: "begin at this `TIME`, not at once", Validator: checkTime},
					&cli.StringFlag{Name: "until", Usage: "end at this `TIME`", Validator: checkTime},
					&cli.DurationFlag{Name: "for", Usage: "end after this `DURATION`, as in 1h30m; give this or --until", DefaultText: "none", Validator: positive[time.Duration]}),
				Before: checkRehearsal,
				Action: aliasAction(rehearse),
			},
		},
	}
}

// stepFlags are the flags of a step of a user's migration.
func stepFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		dbFlag(), whichCompanyFlag(),
		&cli.StringFlag{Name: "as", Usage: "the e-mail `ADDRESS` of the admin who does this, for the record", Required: true, Sources: fromEnv("AS")},
		&cli.StringFlag{Name: "user", Usage: "the user's e-mail `ADDRESS`", Required: true},
	}, more...)
}

type aliasStep func(ctx context.Context, cmd *cli.Command, s *alias.Service, admin identity.Actor, userID int64) (alias.Report, error)

// aliasAction carries out one step of a user's migration, and says where the
// user then stands. It also tries to send the mail of the step, since there may be
// no server running. If there is one, it keeps trying.
func aliasAction(step aliasStep) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		config := alias.Config{QuietDays: cmd.Int("alias-quiet-days")}
		sender, err := configureMail(cmd, &config)
		if err != nil {
			return err
		}
		return inStore(func(ctx context.Context, cmd *cli.Command, store store.Store) error {
			return finishAliasStep(ctx, cmd, store, config, sender, step)
		})(ctx, cmd)
	}
}

func finishAliasStep(ctx context.Context, cmd *cli.Command, opened store.Store, config alias.Config, sender alias.Mailer, step aliasStep) error {
	report, err := takeAliasStep(ctx, cmd, opened, config, step)
	if err != nil {
		return err
	}
	if sender != nil {
		if err := (&alias.Outbox{Store: server.AliasStore(opened), Mailer: sender, Clock: store.ClockOf(opened)}).Try(ctx, report.Mail.ID); err != nil {
			return err
		}
		if report.Steps, err = opened.AliasSteps(ctx, report.CompanyID, report.User.ID, 1); err != nil {
			return err
		}
	}
	return printStanding(cmd, report)
}

func takeAliasStep(ctx context.Context, cmd *cli.Command, store store.Store, config alias.Config, step aliasStep) (alias.Report, error) {
	admin, err := adminActor(ctx, cmd, store)
	if err != nil {
		return alias.Report{}, fmt.Errorf("--as: %w", err)
	}
	users, err := store.Users(ctx, admin.CompanyID, identity.UserFilter{Email: cmd.String("user")}, 0, 1)
	if err != nil {
		return alias.Report{}, err
	}
	if len(users) == 0 {
		return alias.Report{}, fmt.Errorf("--user: %w", fault.NotFound("user"))
	}
	return step(ctx, cmd, server.NewServices(store, server.ServiceConfig{Alias: config}).Alias, admin, users[0].ID)
}

// adminActor is the user who acts on the command line, without a key.
func adminActor(ctx context.Context, cmd *cli.Command, store store.Store) (identity.Actor, error) {
	admin, err := actingUser(ctx, cmd, store, cmd.String("as"))
	if err != nil {
		return identity.Actor{}, err
	}
	if !admin.Admin {
		return identity.Actor{}, fmt.Errorf("%s is not an admin", admin.Email)
	}
	return identity.Actor{CompanyID: admin.CompanyID, Scope: identity.ScopeAdmin, User: admin.Ref()}, nil
}

func notify(ctx context.Context, cmd *cli.Command, s *alias.Service, admin identity.Actor, userID int64) (alias.Report, error) {
	notice := alias.Notice{Message: cmd.String("message")}
	if cmd.IsSet("sunset") {
		notice.Sunset = patch.Set(timeFlag(cmd, "sunset", time.Time{}))
	}
	return s.Notify(ctx, admin, userID, notice)
}

func checkRehearsal(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if cmd.IsSet("until") == cmd.IsSet("for") {
		return ctx, usageError(cmd, "set the end of the rehearsal by --until or by --for")
	}
	return ctx, nil
}

func rehearse(ctx context.Context, cmd *cli.Command, s *alias.Service, admin identity.Actor, userID int64) (alias.Report, error) {
	from := timeFlag(cmd, "from", time.Now())
	until := timeFlag(cmd, "until", from.Add(cmd.Duration("for")))
	rehearsal := alias.Rehearsal{KeyID: cmd.Int64("key"), From: from, Until: until}
	return s.Rehearse(ctx, admin, userID, alias.NewRehearsal{Rehearsal: rehearsal})
}

// timeFlag reads a flag that checkTime has checked. It returns fallback if the flag
// is not set.
func timeFlag(cmd *cli.Command, flag string, fallback time.Time) time.Time {
	if t, err := parseTime(cmd.String(flag)); err == nil {
		return t
	}
	return fallback
}

func checkTime(text string) error {
	_, err := parseTime(text)
	return err
}

// parseTime reads a date, which begins in UTC, or a time.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	if t, err := timestamp.Parse(text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("must look like 2027-03-01 or 2027-03-01T12:00:00Z; got %s", fault.Quote(text))
}

// printStanding says where the user stands, and what became of the mail.
func printStanding(cmd *cli.Command, r alias.Report) error {
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

func describeMail(m alias.Mail) string {
	if m.State == alias.MailNotSent {
		return "not sent: there is no mail server"
	}
	return shortMail(&m)
}
