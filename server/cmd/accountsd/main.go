// Command accountsd serves the accounts API, and prepares its database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client/cmd/manual"
	"github.com/accountsd/accountsd/server/normal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	if err := explain(ctx, newCommand(os.Stdin, os.Stdout, os.Stderr).Run(ctx, os.Args)); err != nil {
		if err.Error() != "" {
			fmt.Fprintln(os.Stderr, "accountsd:", err)
		}
		os.Exit(exitCode(err))
	}
}

// endings are the signals that end a command, which then leaves nothing half done. The
// end of a terminal is one, unless nohup has it ignored.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func exitCode(err error) int {
	if status, ok := errors.AsType[cli.ExitCoder](err); ok {
		return status.ExitCode()
	}
	return 1
}

// newCommand returns the command line. Every flag can also be set by a variable
// ACCOUNTSD_ and its name.
func newCommand(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	return strict(&cli.Command{
		Name:                            "accountsd",
		Usage:                           "the system of record for customer accounts",
		Version:                         readVersion().String(),
		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: manual.ShowCompletion,
		Reader:                          stdin,
		Writer:                          stdout,
		ErrWriter:                       stderr,
		ExitErrHandler:                  func(context.Context, *cli.Command, error) {}, // main says it
		Commands: []*cli.Command{
			serveCommand(),
			initCommand(),
			importCommand(),
			exportCommand(),
			migrateCommand(),
			companyCommand(),
			userCommand(),
			keyCommand(),
			propertyCommand(),
			copyCommand(),
			backupCommand(),
			restoreCommand(),
			verifyCommand(),
			followCommand(),
			promoteCommand(),
			aliasCommand(),
			doctorCommand(),
			versionCommand(),
			manual.Command(8),
		},
	})
}

// fromEnv names the variable that sets a flag.
func fromEnv(name string) cli.ValueSourceChain { return cli.EnvVars("ACCOUNTSD_" + name) }

func regionFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name:      "phone-region",
		Usage:     "read phone numbers without a country code as numbers of `REGION` (ISO 3166)",
		Value:     "US",
		Validator: normal.CheckRegion,
		Sources:   fromEnv("PHONE_REGION"),
	}
}

func emailFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "email", Usage: "the user's e-mail `ADDRESS`", Required: true, Sources: fromEnv("EMAIL")}
}

func companyFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "company", Usage: "the company's `NAME`", Required: true, Sources: fromEnv("COMPANY")}
}

// showKey writes a new key, and only that, to standard output.
func showKey(cmd *cli.Command, token string) error {
	fmt.Fprintln(cmd.Root().ErrWriter, "This is the key. It is shown once: keep it.")
	_, err := fmt.Fprintln(cmd.Root().Writer, token)
	return err
}
