// Withpostgres runs a command with a PostgreSQL that is there for it only:
//
//	withpostgres [-require] COMMAND [ARGUMENT…]
//
// Its URL is in the variable ACCOUNTSD_TEST_POSTGRES. It keeps its data in the
// folder for temporary files (TMPDIR), and is as fast as can be, without care for
// what a crash would do to them. If the variable is set already, or PostgreSQL is
// not installed, the command is run without; -require, or
// ACCOUNTSD_REQUIRE_POSTGRES=1, makes it fail in the latter case.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

func main() {
	require := flag.Bool("require", pgtest.Required(), "fail if PostgreSQL is not installed")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: withpostgres [-require] COMMAND [ARGUMENT…]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	status, err := run(*require, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
	}
	os.Exit(status)
}

// run runs the command, and returns its exit status. With an error of its own
// that is 1.
func run(require bool, command []string) (status int, err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if os.Getenv(pgtest.Variable) != "" {
		return runCommand(command, os.Environ(), signals)
	}
	cluster, err := start(signals)
	if _, missing := errors.AsType[*pgtest.MissingError](err); missing && !require {
		fmt.Fprintf(os.Stderr, "withpostgres: going on without: %v\n", err)
		return runCommand(command, os.Environ(), signals)
	}
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := cluster.Stop(); stopErr != nil {
			status, err = 1, errors.Join(err, stopErr)
		}
	}()
	return runCommand(command, append(os.Environ(), pgtest.Variable+"="+cluster.URL("postgres")), signals)
}

// start starts the cluster. A signal ends that.
func start(signals chan os.Signal) (*pgtest.Cluster, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case received := <-signals:
			cancel()
			signals <- received // for the command, if it comes to that
		case <-ctx.Done():
		}
	}()
	return pgtest.Start(ctx, pgtest.Options{})
}

// runCommand runs a command to its end and passes signals on to it.
func runCommand(command, env []string, signals <-chan os.Signal) (status int, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case received := <-signals:
				_ = cmd.Process.Signal(received) // It may be over by now.
			case <-done:
				return
			}
		}
	}()
	return statusOf(cmd.Wait())
}

// statusOf is the exit status of a command that has ended; that of one ended by
// a signal is what a shell makes of it.
func statusOf(err error) (int, error) {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0, err
	}
	if ended, ok := exit.Sys().(syscall.WaitStatus); ok && ended.Signaled() {
		return 128 + int(ended.Signal()), nil
	}
	return exit.ExitCode(), nil
}
