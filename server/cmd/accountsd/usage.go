package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client/cmd/manual"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/transfer"
)

// What a command says that a signal has ended.
var (
	errInterrupted = errors.New("interrupted")
	errNoFile      = errors.New("interrupted; no file was made")
)

// statusUsage is the exit status of a call that is not understood.
const statusUsage = 2

// strict makes a command and those below it say in one line what they do not
// understand, and where the help is.
func strict(root *cli.Command) *cli.Command {
	root.ArgValidator = checkArguments
	manual.AddHelp(root, unknownCommand)
	// The visitor never fails.
	_ = root.Walk(func(cmd *cli.Command) error {
		cmd.OnUsageError = explainUsage
		return nil
	})
	return root
}

func usageError(cmd *cli.Command, format string, args ...any) error {
	text, see := fmt.Sprintf(format, args...), "; see "
	if strings.HasSuffix(text, "?") {
		see = " See "
	}
	return cli.Exit(text+see+cmd.FullName()+" --help", statusUsage)
}

// checkArguments refuses the words behind a command that takes none, and the name
// of a command that there is not.
func checkArguments(_ context.Context, cmd *cli.Command) error {
	word := cmd.Args().First()
	switch {
	case !cmd.Args().Present() || cmd.ArgsUsage != "" || cmd.Command(word) != nil:
		return nil
	case len(cmd.VisibleCommands()) == 0:
		return usageError(cmd, "%s takes no arguments; got %s", cmd.FullName(), fault.Quote(word))
	}
	return unknownCommand(cmd, word)
}

// unknownCommand names a word that is no command of a group, and what may have been meant.
func unknownCommand(cmd *cli.Command, word string) error {
	var known []string
	for _, sub := range cmd.VisibleCommands() {
		known = append(known, sub.Name)
	}
	return usageError(cmd, "%s is not a command of %s%s", fault.Quote(word), cmd.FullName(), fault.DidYouMean(word, known))
}

// explain says what is wrong with the variables, and that there is no help on a
// command that there is not: explainUsage is not asked about those. Of a command that a
// signal has ended it says just that, unless there is more to say.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, said := errors.AsType[transfer.Interruption](err); !said && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	if found := wrongVariable.FindStringSubmatch(err.Error()); found != nil {
		return cli.Exit(found[2]+" "+wrongValue(found[1], found[3]), statusUsage)
	}
	if topic, ok := manual.UnknownTopic(err); ok {
		return cli.Exit(fault.Quote(topic)+" is not a command; see accountsd --help", statusUsage)
	}
	return err
}

// How the package tells of wrong values: by texts only.
var (
	wrongVariable = regexp.MustCompile(`(?s)^could not parse (".*") as \S+ value from environment variable "(\w+)" for flag [\w-]+: (.*)$`)
	wrongFlag     = regexp.MustCompile(`(?s)^invalid value (".*") for flag -+([\w-]+): (.*)$`)
)

// wrongValue is what must be in place of a quoted value. Checks of our own say
// it themselves.
func wrongValue(quoted, cause string) string {
	must := ""
	switch {
	case strings.HasPrefix(cause, "strconv.ParseInt:"):
		must = "an integer"
	case strings.HasPrefix(cause, "time:"):
		must = "a duration such as 30s or 1h30m"
	case cause == "parse error":
		must = "true or false"
	default:
		return cause
	}
	value, err := strconv.Unquote(quoted)
	if err != nil {
		value = quoted
	}
	return "must be " + must + "; got " + fault.Quote(value)
}

// explainUsage says what is wrong with the flags. The package tells unknown ones
// apart by the text only.
func explainUsage(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	if found := wrongFlag.FindStringSubmatch(err.Error()); found != nil {
		return usageError(cmd, "--%s %s", found[2], wrongValue(found[1], found[3]))
	}
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		text := err.Error()
		return usageError(cmd, "%s", strings.ToLower(text[:1])+text[1:])
	}
	name = "--" + strings.TrimLeft(name, "-")
	known := []string{"--help"}
	for _, flag := range cmd.Flags {
		for _, n := range flag.Names() {
			known = append(known, "--"+n)
		}
	}
	return usageError(cmd, "%s is not a flag of %s%s", name, cmd.FullName(), fault.DidYouMean(name, known))
}
