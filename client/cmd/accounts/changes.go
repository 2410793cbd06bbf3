package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var feedColumns = []string{"sequence", "at", "kind", "accountId", "actor", "reason", "cause", "fields"}

func changesCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "changes", Usage: "show what happened to all accounts, the earliest change first", Action: connected(t.changes),
		Description: "The sequence of a change is the position to go on from. With --position, each run begins where the former one ended;\n" +
			"one that was killed may show its last changes again.",
		Flags: []cli.Flag{limitFlag(),
			&cli.StringFlag{Name: "after", Usage: "begin after the change with `SEQUENCE`"},
			&cli.StringFlag{Name: "position", Usage: "begin after the sequence in `FILE`, if there is one, and keep the last one there"},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "wait for more until interrupted"},
			&cli.DurationFlag{Name: "interval", Hidden: true, Usage: "of no use any more: the server tells when there is something"},
		},
	}
}

// feed is changes that are printed as they are read.
type feed struct {
	after, path string // the position, and the file that keeps it
	left        int    // how many more to print; 0 for all
	follow      bool
	write       func(any) error
	flush       func() error
}

func (t *terminal) changes(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	p := t.printer(cmd, feedColumns)
	f := &feed{after: cmd.String("after"), path: cmd.String("position"), left: cmd.Int("limit"), follow: cmd.Bool("follow")}
	if f.follow && p.format == formatJSON {
		return usagef("--follow prints a table, ndjson or csv")
	}
	if err := f.open(); err != nil {
		return err
	}
	f.write, f.flush = p.writer()
	if f.follow && p.format == formatTable {
		f.write, f.flush = p.rowWriter()
	}
	// A server that is not there is told of at first; later on it is waited for.
	done, err := f.read(ctx, c.Accounts.Changes(ctx, f.after))
	if f.follow && !done && err == nil {
		err = f.followOn(ctx, c)
	}
	return err
}

// followOn prints the changes that come, each at once, since it may be the last one for long.
func (f *feed) followOn(ctx context.Context, c *client.Client) error {
	for change, err := range c.Accounts.Follow(ctx, f.after) {
		done, err := f.read(ctx, func(yield func(client.Change, error) bool) { yield(change, err) })
		if done || err != nil {
			return err
		}
	}
	return nil
}

// open reads the position from its file.
func (f *feed) open() error {
	if f.path == "" {
		return nil
	}
	if f.after != "" {
		return usagef("give --after or --position, not both")
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f.after = strings.TrimSpace(string(text))
	return err
}

// read prints changes. done tells that no more are wanted.
func (f *feed) read(ctx context.Context, changes iter.Seq2[client.Change, error]) (done bool, err error) {
	before := f.after
	done, err = f.print(changes)
	if f.follow && ctx.Err() != nil {
		err = nil // It was interrupted, which is how following ends.
	}
	if err != nil && f.after == before {
		return done, err
	}
	// The position is kept only once all before it is printed.
	if flushed := f.flush(); flushed != nil {
		return done, flushed
	}
	return done, errors.Join(err, f.save())
}

func (f *feed) print(changes iter.Seq2[client.Change, error]) (done bool, err error) {
	for change, err := range changes {
		if err == nil {
			err = f.write(change)
		}
		if err != nil {
			return false, err
		}
		f.after = change.Sequence
		if f.left--; f.left == 0 {
			return true, nil
		}
	}
	return false, nil
}

func (f *feed) save() error {
	if f.path == "" || f.after == "" {
		return nil
	}
	if err := os.WriteFile(f.path+".part", []byte(f.after+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(f.path+".part", f.path)
}

// rowWriter prints a table whose rows do not wait for each other: a column is
// as wide as what was in it so far.
func (p *printer) rowWriter() (write func(any) error, flush func() error) {
	widths := make([]int, len(p.columns))
	headed := false
	return func(value any) error {
		cells, err := p.cells(value)
		if err != nil {
			return err
		}
		for i := range cells {
			if cells[i] = plain(cells[i]); i < len(cells)-1 {
				cells[i] = shorten(cells[i])
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
		if !headed {
			headed = true
			header := make([]string, len(cells))
			for i, column := range p.columns {
				header[i] = strings.ToUpper(column)
				widths[i] = max(widths[i], utf8.RuneCountInString(column))
			}
			fmt.Fprintln(p.t.out, p.t.bold(aligned(header, widths)))
		}
		_, err = fmt.Fprintln(p.t.out, aligned(cells, widths))
		return err
	}, func() error { return nil }
}

// aligned is a row of a table.
func aligned(cells []string, widths []int) string {
	var row strings.Builder
	last := len(cells) - 1
	for i, cell := range cells[:last] {
		fmt.Fprintf(&row, "%-*s  ", widths[i], cell)
	}
	return row.String() + cells[last]
}
