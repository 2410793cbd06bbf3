package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

// maxBatch is how many updates the server takes at once.
const maxBatch = 500

// maxLine is how long a line of a file may be; a request may not be longer.
const maxLine = 1 << 20

func batchCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "batch", Usage: "update the accounts that the lines of a file name", ArgsUsage: "FILE", Action: connected(t.batch),
		Description: `A line is an update, as in {"id":1,"set":{"title":"Sunrise","custom":{"roof_type":null}},"ifMatch":"\"1-1\""}; - reads
standard input. All lines are read before the first is sent. Each 500 are carried out together, or none of them; with
--atomic all lines are, of which there may then be 500.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "atomic", Usage: "carry out all lines or none"},
			mergeFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "check and show what would be written, and write nothing"},
			&cli.BoolFlag{Name: "allow-new-options", Usage: "add unknown labels to their dropdowns"},
		},
	}
}

// line is an update, and where it stands in its file.
type line struct {
	number int
	update client.BatchUpdate
}

func (t *terminal) batch(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() != 1 {
		return usagef("give one file, or - for standard input")
	}
	lines, err := t.readLines(cmd.Args().First())
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return usagef("%s holds no update", cmd.Args().First())
	}
	if cmd.Bool("atomic") && len(lines) > maxBatch {
		return usagef("--atomic takes at most %d updates; there are %d", maxBatch, len(lines))
	}
	options := slices.Concat(
		when[client.BatchOption](cmd.Bool("merge"), client.Merge()),
		when[client.BatchOption](cmd.Bool("allow-new-options"), client.AllowNewOptions()),
		when[client.BatchOption](cmd.Bool("dry-run"), client.DryRun()))
	if err := printList(t.printer(cmd, accountColumns), sendLines(ctx, c, lines, options)); err != nil {
		return err
	}
	if cmd.Bool("dry-run") {
		fmt.Fprintln(t.err, "Nothing was written.")
	}
	return nil
}

// sendLines returns the accounts that the lines come to.
func sendLines(ctx context.Context, c *client.Client, lines []line, options []client.BatchOption) iter.Seq2[client.Account, error] {
	return func(yield func(client.Account, error) bool) {
		sent := 0
		for chunk := range slices.Chunk(lines, maxBatch) {
			updates := make([]client.BatchUpdate, len(chunk))
			for i, line := range chunk {
				updates[i] = line.update
			}
			accounts, err := c.Accounts.Batch(ctx, updates, options...)
			if err != nil {
				yield(client.Account{}, refused(err, chunk, sent))
				return
			}
			sent += len(chunk)
			for _, account := range accounts {
				if !yield(account, nil) {
					return
				}
			}
		}
	}
}

var updatePointer = regexp.MustCompile(`^/updates/(\d+)(/|$)`)

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
		return fmt.Errorf("after %d updates that were answered: %w", sent, err)
	}
	return err
}

// ofLine names the line whose update a pointer leads into, before what is said of it.
func ofLine(chunk []line, pointer string) string {
	found := updatePointer.FindStringSubmatch(pointer)
	if found == nil {
		return ""
	}
	n, err := strconv.Atoi(found[1])
	if err != nil || n >= len(chunk) {
		return ""
	}
	return fmt.Sprintf("line %d: ", chunk[n].number)
}

// readLines reads the updates of a file; - is standard input.
func (t *terminal) readLines(path string) ([]line, error) {
	in := t.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	var lines []line
	for number := 1; scanner.Scan(); number++ {
		text := bytes.TrimSpace(scanner.Bytes())
		if len(text) == 0 {
			continue
		}
		update, err := readUpdate(text)
		if err != nil {
			return nil, usagef("%s: line %d: %w", path, number, err)
		}
		lines = append(lines, line{number, update})
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func readUpdate(text []byte) (update client.BatchUpdate, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&update); err != nil {
		return update, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return update, errors.New("there is more after the update")
	}
	if update.ID < 1 {
		return update, errors.New("id must be that of an account")
	}
	return update, nil
}
