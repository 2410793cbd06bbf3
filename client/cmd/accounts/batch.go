package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/plural"
)

// maxBatch is how many lines the server takes at once.
const maxBatch = 500

func batchCommand(t *terminal, dryRun, newOptions cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "batch", Usage: "update or create the accounts that the lines of a file name", ArgsUsage: "FILE", Action: connected(t.batch),
		Description: `A line is an update, as in {"id":1,"set":{"title":"Sunrise","custom":{"roof_type":null}},"ifMatch":"\"1-1\""}, and the
accounts are printed. Or it creates an account, updates or upserts one, and a receipt is printed for each line:
  {"create":{"title":"Harbor Cafe","address":["5 Pier Road"]}}
  {"match":"custom.external_id","update":{"custom":{"external_id":"A-1"},"add":{"value":500}}}
  {"match":"custom.external_id","upsert":{"title":"Sunrise","address":["x"],"custom":{"external_id":"A-1"}}}
An update names the account by id or match, an upsert by match; "strategy" says what an upsert does with an account that is
there. - reads standard input. All lines are read before the first is sent.

Each 500 are carried out together, or none of them; with --atomic all lines are, of which there may then be 500. With --each
each is carried out for itself: those that fail are told, the others are done, and the exit code is that of the first that
failed. Only 500 of which more than 100 things are wrong as they are written are refused together.`,
		Flags: []cli.Flag{dryRun, newOptions, mergeFlag(),
			&cli.BoolFlag{Name: "atomic", Usage: "carry out all lines or none"},
			&cli.BoolFlag{Name: "each", Usage: "carry out each line for itself, and print a receipt for it"}},
	}
}

func (t *terminal) batch(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	lines, err := t.linesOf(ctx, cmd)
	if err != nil {
		return err
	}
	plain := allPlain(lines) && !cmd.Bool("each")
	if cmd.Bool("merge") && !plain {
		return usagef("--merge goes with lines of set, and without --each")
	}
	options := slices.Concat(
		when[client.BatchOption](cmd.Bool("merge"), client.Merge()),
		when(cmd.Bool("each"), client.Each()),
		when[client.BatchOption](cmd.Bool("allow-new-options"), client.AllowNewOptions()),
		when[client.BatchOption](cmd.Bool("dry-run"), client.DryRun()))
	if plain {
		err = printList(t.printer(cmd, accountColumns), sendLines(lines, func(chunk []line) ([]client.Account, error) {
			return c.Accounts.Batch(ctx, updatesOf(chunk), options...)
		}))
	} else {
		err = t.printReceipts(cmd, sendLines(lines, func(chunk []line) ([]receipt, error) {
			receipts, err := c.Accounts.BatchItems(ctx, itemsOf(chunk), options...)
			return numbered(receipts, chunk), err
		}))
	}
	t.tellDryRun(cmd) // also of lines that would fail
	return err
}

// linesOf reads the file that the command line names.
func (t *terminal) linesOf(ctx context.Context, cmd *cli.Command) ([]line, error) {
	if cmd.NArg() != 1 {
		return nil, usagef("give one file, or - for standard input")
	}
	lines, err := awaited(ctx, func() ([]line, error) { return t.readLines(cmd.Args().First()) })
	switch {
	case err != nil:
		return nil, err
	case len(lines) == 0:
		return nil, usagef("%s holds no line to carry out", cmd.Args().First())
	case cmd.Bool("atomic") && cmd.Bool("each"):
		return nil, usagef("give --atomic or --each, not both")
	case cmd.Bool("atomic") && len(lines) > maxBatch:
		return nil, usagef("--atomic takes at most %d lines; there are %d", maxBatch, len(lines))
	}
	return lines, nil
}

// sendLines returns what the lines come to.
func sendLines[T any](lines []line, send func([]line) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		sent := 0
		for chunk := range slices.Chunk(lines, maxBatch) {
			answers, err := send(chunk)
			if err != nil {
				var none T
				yield(none, refused(err, chunk, sent))
				return
			}
			sent += len(chunk)
			for _, answer := range answers {
				if !yield(answer, nil) {
					return
				}
			}
		}
	}
}

var linePointer = regexp.MustCompile(`^/(?:updates|items)/(\d+)(/|$)`)

// refused tells which lines are wrong, and how many before them are done.
func refused(err error, chunk []line, sent int) error {
	if e, ok := errors.AsType[*client.Error](err); ok {
		for i, field := range e.Fields {
			if field.Pointer != nil {
				e.Fields[i].Message = ofLine(chunk, *field.Pointer) + field.Message
			}
		}
		for i, c := range e.Conflicts {
			e.Conflicts[i].Member = ofLine(chunk, c.Pointer) + c.Member
		}
	}
	if sent > 0 {
		return fmt.Errorf("after %s with an answer: %w", plural.Of(sent, "line", "lines"), err)
	}
	return err
}

// ofLine names the line that a pointer leads into, before what is said of it.
func ofLine(chunk []line, pointer string) string {
	found := linePointer.FindStringSubmatch(pointer)
	if found == nil {
		return ""
	}
	n, err := strconv.Atoi(found[1])
	if err != nil || n >= len(chunk) {
		return ""
	}
	return lineName(chunk[n].number)
}

// lineName is a line before what is said of it.
func lineName(number int) string { return fmt.Sprintf("line %d: ", number) }
