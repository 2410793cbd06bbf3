package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/urfave/cli/v3"
)

func mcpCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "mcp", Usage: "let an agent work with the accounts, over the Model Context Protocol", Action: t.serveMCP,
		Description: "It is for the settings of an agent's program, which talks to it on standard input and output, and runs accounts-mcp with the\n" +
			"server and the key of the profile. What an agent writes it has been shown before; with a key that only reads, it writes nothing.",
	}
}

// agentProgram serves the protocol. It is a module of its own, so that this program stays
// light.
const agentProgram = "accounts-mcp"

func (t *terminal) serveMCP(ctx context.Context, cmd *cli.Command) error {
	target, err := targetOf(cmd)
	if err != nil {
		return err
	}
	if target.URL == "" || target.Key == "" {
		return errNoServer
	}
	program, err := findProgram(agentProgram)
	if err != nil {
		return err
	}
	serving := exec.CommandContext(ctx, program)
	serving.Cancel = func() error { return serving.Process.Signal(os.Interrupt) }
	serving.Env = append(os.Environ(), "ACCOUNTS_URL="+target.URL, "ACCOUNTS_KEY="+target.Key)
	serving.Stdin, serving.Stdout, serving.Stderr = t.in, t.out, t.err
	return serving.Run()
}

// findProgram returns the path of a program beside this one, or where commands are looked
// for, with the ending that programs have on Windows.
func findProgram(name string) (string, error) {
	if self, err := os.Executable(); err == nil {
		beside, err := exec.LookPath(filepath.Join(filepath.Dir(self), name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return beside, err
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", usagef("%s is not there: put it beside accounts; \"make %s\" in a clone of github.com/accountsd/accountsd builds bin/%s", name, name, name)
	}
	return path, nil
}
