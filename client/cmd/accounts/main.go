// Command accounts reads and writes the records of an accountsd server.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/client/cmd/manual"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	t := newTerminal(os.Stdin, os.Stdout, os.Stderr)
	err := explain(newCommand(t).Run(ctx, os.Args))
	if err != nil {
		t.complain(err)
	}
	os.Exit(exitCode(ctx, err))
}

const description = `The server and the key come from a profile (accounts profile set), or from
ACCOUNTS_URL and ACCOUNTS_KEY, which take precedence.

Members are written as assignments:
  title="Sunrise Solar"        a value
  primaryEmail=null            null, which clears
  custom.roof_type=Tile        a custom member, by its keyName
  address=A address=B          a list
  'title:="null"'              anything, as JSON
  value+=500                   an amount to add, or an item to a list
  custom.tags-=Gold            an item to take out of a list
  'primaryPhone?=4155550142'   a value for a member that has none

Exit codes: 0 done, 1 another error, 2 usage error, 3 refused as invalid, 4 no
valid key or not allowed, 5 not found, 6 conflict, 7 changed in the meantime, 8 too
many requests, 9 server unavailable, 130 interrupted.`

func newCommand(t *terminal) *cli.Command {
	root := rootCommand(t)
	manual.AddHelp(root, unknownCommand)
	tellUsage(root)
	for _, cmd := range root.Commands {
		tellCommands(cmd)
	}
	return root
}

func rootCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name:                            "accounts",
		Usage:                           "read and write customer accounts",
		Description:                     description,
		Version:                         version(),
		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: manual.ShowCompletion,
		Reader:                          t.in,
		Writer:                          t.out,
		ErrWriter:                       t.err,
		ExitErrHandler:                  func(context.Context, *cli.Command, error) {}, // main says it
		// A comma is part of a value.
		DisableSliceFlagSeparator: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "profile", Usage: "use the profile `NAME`", Sources: cli.EnvVars("ACCOUNTS_PROFILE")},
			&cli.StringFlag{Name: "url", Usage: "call the server at `URL`", Sources: cli.EnvVars("ACCOUNTS_URL")},
			&cli.StringFlag{Name: "config", Usage: "keep the profiles in `FILE`", Sources: cli.EnvVars("ACCOUNTS_CONFIG")},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "table", Usage: "print as `FORMAT`: table, json, ndjson or csv", Sources: cli.EnvVars("ACCOUNTS_OUTPUT"), Validator: checkFormat},
			&cli.StringFlag{Name: "columns", Usage: "print these members, separated by commas, in tables and CSV"},
			&cli.StringFlag{Name: "reason", Usage: "say `WHY` this is written, for the history", Sources: cli.EnvVars("ACCOUNTS_REASON")},
			&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "give up on a call after `DURATION`"},
		},
		Commands: append(accountCommands(t), changesCommand(t), duplicatesCommand(t), propertiesCommand(t), contactsCommand(t), usersCommand(t), keysCommand(t), webhooksCommand(t), auditCommand(t), typesCommand(t), profileCommand(t), mcpCommand(t), manual.Command(1)),
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return unknownCommand(cmd, name)
			}
			return cli.ShowAppHelp(cmd)
		},
	}
}

// version is the module's, as the Go tool noted it in the binary.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// tellUsage makes a wrong flag of any command a line, and not the end of a page
// of help.
func tellUsage(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, _ *cli.Command, err error, _ bool) error { return usageError{err} }
	for _, sub := range cmd.Commands {
		tellUsage(sub)
	}
}

// tellCommands makes a command that only has others below it show its help, or say that
// it has no such one.
func tellCommands(cmd *cli.Command) {
	if len(cmd.Commands) == 0 || cmd.Action != nil {
		return
	}
	cmd.Action = func(_ context.Context, cmd *cli.Command) error {
		if name := cmd.Args().First(); name != "" {
			return unknownCommand(cmd, name)
		}
		return cli.ShowSubcommandHelp(cmd)
	}
}

func unknownCommand(cmd *cli.Command, word string) error {
	return usagef("there is no command %q; see %s --help", word, cmd.FullName())
}

// explain makes a usage error of one of the package's that is no help to anybody.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if topic, ok := manual.UnknownTopic(err); ok {
		return usagef("there is no command %q; see accounts --help", topic)
	}
	return err
}

// usageError is a command line that cannot be right.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode tells the class of an error.
func exitCode(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		return 130
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	for kind, code := range map[error]int{
		client.ErrInvalid:      3,
		client.ErrGone:         3,
		client.ErrUnauthorized: 4,
		client.ErrForbidden:    4,
		client.ErrNotFound:     5,
		client.ErrConflict:     6,
		client.ErrPrecondition: 7,
		client.ErrRateLimited:  8,
		client.ErrUnavailable:  9,
	} {
		if errors.Is(err, kind) {
			return code
		}
	}
	return 1
}

// complain says what went wrong, each offence on a line of its own.
func (t *terminal) complain(err error) {
	lines := []string{err.Error()}
	e, known := errors.AsType[*client.Error](err)
	if known && e.Message != "" {
		// What this program has put before the client's error is kept.
		about := strings.TrimSuffix(err.Error(), e.Error())
		lines = []string{about + e.Message}
		for i, field := range e.Fields {
			lines = append(lines[:i], about+field.Message)
		}
	}
	for _, line := range lines {
		fmt.Fprintln(t.err, t.red("accounts:"), plain(line))
	}
	if known && len(e.Conflicts) > 0 {
		t.showConflicts(e.Conflicts)
	}
	if known && e.RequestID != "" && e.Status >= http.StatusInternalServerError {
		fmt.Fprintln(t.err, "The server log says more about request", plain(e.RequestID)+".")
	}
}

var errNoServer = usagef("no server is named: run accounts profile set, or set ACCOUNTS_URL and ACCOUNTS_KEY")

// connected makes an action of what is done with a client of the server that
// the command line names.
func connected(do func(context.Context, *cli.Command, *client.Client) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		target, err := targetOf(cmd)
		if err != nil {
			return err
		}
		if target.URL == "" {
			return errNoServer
		}
		c, err := client.New(target.URL, client.WithAPIKey(target.Key), client.WithTimeout(cmd.Duration("timeout")),
			client.WithUserAgent("accounts-cli"), client.WithReason(cmd.String("reason")))
		if err != nil {
			return usageError{err}
		}
		return do(ctx, cmd, c)
	}
}

// one makes an action of a call, and prints the record that it comes to.
func one[T any](t *terminal, call func(context.Context, *cli.Command, *client.Client) (*T, error)) cli.ActionFunc {
	return connected(func(ctx context.Context, cmd *cli.Command, c *client.Client) error {
		record, err := call(ctx, cmd, c)
		if err != nil {
			return err
		}
		return printOne(t.printer(cmd, columnsOf[T]()), record)
	})
}
