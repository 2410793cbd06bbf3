package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/follow"
)

// compareWith compares the content of a database with that of an installation.
func compareWith(ctx context.Context, cmd *cli.Command, url string) (err error) {
	name := cmd.String("db")
	c, err := sourceClient(cmd, url)
	if err != nil {
		return err
	}
	if !isPostgres(name) {
		if err := checkVersion(ctx, name); err != nil {
			return err
		}
	}
	s, err := openFollower(ctx, name, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	here, there, err := follow.Compare(ctx, s, url, c)
	if err != nil {
		return err
	}
	return printContents(cmd, name, url, here, there)
}

// shownDifferences are how many records of a kind are named.
const shownDifferences = 10

func printContents(cmd *cli.Command, name, url string, here, there []follow.Content) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tHERE\tSOURCE\tHASH")
	differ := make(map[string][]string)
	for i, content := range here {
		names := content.Differences(there[i])
		hash := content.Hash()
		if len(names) > 0 {
			hash, differ[content.Kind] = "differs", names
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", content.Kind, content.Count(), there[i].Count(), hash)
	}
	err := table.Flush()
	for _, content := range here {
		if names := differ[content.Kind]; names != nil {
			fmt.Fprintf(cmd.Root().Writer, "%s: %s\n", content.Kind, firstOf(names))
		}
	}
	if len(differ) == 0 {
		fmt.Fprintf(cmd.Root().ErrWriter, "%s is what %s has\n", nameOf(name), url)
		return err
	}
	total := 0
	for _, names := range differ {
		total += len(names)
	}
	return errors.Join(err, fmt.Errorf("%s is not what %s has: differing records: %d", nameOf(name), url, total))
}

func firstOf(names []string) string {
	text := strings.Join(names[:min(shownDifferences, len(names))], ", ")
	if more := len(names) - shownDifferences; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
