// Package manual has what people read of a command line, in one way for all programs: the
// manual page, which is written from the commands themselves, so that it says what --help
// says, the command help, and the one for completions.
package manual

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"
)

// Command returns a command that prints the page of the program that it is part
// of, for a section of the manual.
func Command(section int) *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page, for example for man -l -",
		Action: func(_ context.Context, cmd *cli.Command) error {
			_, err := io.WriteString(cmd.Root().Writer, page(cmd.Root(), section))
			return err
		},
	}
}

// page is the page in the macros of man(7), which each system's man reads. It has
// no date: the same source yields the same page.
func page(root *cli.Command, section int) string {
	b := new(strings.Builder)
	fmt.Fprintf(b, ".TH %s %d \"\" %s\n", strings.ToUpper(root.Name), section, root.Name)
	fmt.Fprintf(b, ".SH NAME\n%s \\- %s\n", root.Name, text(root.Usage))
	fmt.Fprintf(b, ".SH SYNOPSIS\n.B %s\n[options] command [options] [arguments]\n", root.Name)
	if root.Description != "" {
		b.WriteString(".SH DESCRIPTION\n" + asItLies(root.Description))
	}
	b.WriteString(".SH OPTIONS\n")
	writeFlags(b, root)
	b.WriteString(".SH COMMANDS\n")
	writeCommands(b, root, root.Name)
	return b.String()
}

func writeCommands(b *strings.Builder, parent *cli.Command, path string) {
	for _, cmd := range parent.VisibleCommands() {
		name := path + " " + cmd.Name
		fmt.Fprintf(b, ".SS %s\n%s\n", text(strings.TrimSpace(name+" "+cmd.ArgsUsage)), text(cmd.Usage))
		if cmd.Description != "" {
			b.WriteString(".PP\n" + asItLies(cmd.Description))
		}
		writeFlags(b, cmd)
		writeCommands(b, cmd, name)
	}
}

func writeFlags(b *strings.Builder, cmd *cli.Command) {
	for _, flag := range cmd.VisibleFlags() {
		if len(cmd.Lineage()) > 1 && flag.Names()[0] == "help" {
			continue // Every command has it; that of the program is enough.
		}
		names, usage, _ := strings.Cut(flag.String(), "\t")
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", text(strings.TrimSpace(names)), text(usage))
	}
}

// asItLies keeps the lines of a text.
func asItLies(lines string) string { return ".nf\n" + text(lines) + "\n.fi\n" }

var special = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `^`, `\(ha`, `~`, `\(ti`, "`", `\(ga`, `'`, `\(aq`)

// A line that begins so would be read as a macro.
var macro = regexp.MustCompile(`(?m)^\.`)

// text is a text without what roff reads as its own.
func text(s string) string { return macro.ReplaceAllString(special.Replace(s), `\&.`) }
