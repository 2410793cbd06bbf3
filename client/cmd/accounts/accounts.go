package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

// The columns of tables of several records.
var (
	accountColumns = []string{"id", "number", "title", "accountType", "primaryEmail", "primaryPhone", "isActive", "updatedAt"}
	changeColumns  = []string{"sequence", "at", "kind", "version", "actor", "reason", "cause", "fields"}
)

// taggedAccount prints the tag too, which --if-match asks for.
type taggedAccount struct {
	client.Account
	ETag string `json:"etag,omitempty"`
}

func accountCommands(t *terminal) []*cli.Command {
	dryRun := &cli.BoolFlag{Name: "dry-run", Usage: "check and show what would be written, and write nothing"}
	newOptions := &cli.BoolFlag{Name: "allow-new-options", Usage: "add unknown labels to their dropdowns"}
	ifMatch := &cli.StringFlag{Name: "if-match", Usage: "write only if the account still has the tag `ETAG`"}
	return []*cli.Command{
		{
			Name: "get", Usage: "show accounts", ArgsUsage: "ID...", Action: connected(t.getAccounts),
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "by", Usage: "show the account that has a value of a unique property, as `KEYNAME=VALUE`", Validator: check(readKey)},
				&cli.BoolFlag{Name: "contacts", Usage: "show the linked contacts too"},
				&cli.BoolFlag{Name: "archived", Usage: "find archived ones too"},
				&cli.StringFlag{Name: "at", Usage: "as they were at `MOMENT`: a date, a date-time of RFC 3339, or a version", Validator: check(readMoment)},
			},
		},
		{
			Name: "list", Usage: "list accounts, the most recently changed first", ArgsUsage: "[WORDS]", Action: connected(t.listAccounts),
			Flags: append(append(listFlags(), filterFlags()...), &cli.StringFlag{Name: "at", Usage: "as they were at `TIME`, by their ids", Validator: check(readTime)}),
		},
		{
			Name: "search", Usage: "list accounts by their members", ArgsUsage: "MEMBER OPERATOR VALUE [and|or MEMBER OPERATOR VALUE]", Action: connected(t.searchAccounts),
			Description: "Operators: eq neq gt gte lt lte contains exists, and in nin between, which take a list: Tile,Metal",
			Flags:       listFlags(),
		},
		{
			Name: "create", Usage: "create an account, or find the one it would duplicate", ArgsUsage: "ASSIGNMENT...", Action: connected(t.createAccount),
			Flags: []cli.Flag{dryRun, newOptions,
				&cli.StringFlag{Name: "match-by", Usage: "look for the existing account by `MEMBER`: title, primaryEmail, primaryPhone, address, custom.KEYNAME of a unique property, or none"},
				&cli.StringFlag{Name: "on-match", Usage: "what to do with the existing account: skip, replace, enrich or update"},
			},
			ShellComplete: completeMembers[client.AccountCreate],
		},
		{
			Name: "update", Usage: "change members of an account", ArgsUsage: "ID ASSIGNMENT...", Action: connected(t.updateAccount),
			Description: assignmentHelp + "\n\n" + mergeHelp,
			Flags:       []cli.Flag{dryRun, newOptions, ifMatch, mergeFlag()}, ShellComplete: completeMembers[client.AccountPatch],
		},
		updateWhereCommand(t, newOptions),
		batchCommand(t, dryRun, newOptions),
		{Name: "archive", Usage: "archive accounts", ArgsUsage: "ID...", Action: t.setActive(false)},
		{Name: "restore", Usage: "restore archived accounts", ArgsUsage: "ID...", Action: t.setActive(true)},
		{
			Name: "delete", Usage: "remove accounts", ArgsUsage: "ID...", Action: t.deletes("account", deleteAccount),
			Flags: []cli.Flag{ifMatch, yesFlag()},
		},
		undeleteCommand(t, dryRun),
		revertCommand(t, dryRun, ifMatch),
		mergeCommand(t, dryRun, ifMatch),
		{
			Name: "history", Usage: "show what happened to an account, the latest change first", ArgsUsage: "ID", Action: connected(t.history),
			Flags: []cli.Flag{limitFlag(),
				&cli.BoolFlag{Name: "merged", Usage: "and to the accounts that were merged into it"},
			},
		},
	}
}

// assignmentHelp says what an update can assign.
const assignmentHelp = `title=Sunrise sets a member, and null clears it; several assignments make a list. value+=500 adds to a number, and
custom.tags+=Gold to a list; custom.tags-=Gold removes from one, and primaryPhone?=4155550142 sets what has no value
(in quotes, where the shell takes ? for a pattern). name:=JSON takes a value as it is.`

// mergeHelp says who stands in the way of an update.
const mergeHelp = `With --if-match, who has changed the account meanwhile stands in the way, and a table shows what both have changed. With
--merge as well, only who has changed the same member does; custom members count singly, and so do the items of lists.`

// mergeFlag asks that only who has changed the same members stands in the way.
func mergeFlag() cli.Flag {
	return &cli.BoolFlag{Name: "merge", Usage: "write also if others have changed the account, but none of the members given"}
}

// filterFlags select accounts.
func filterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "title", Usage: "with `TEXT` in the title"},
		&cli.StringFlag{Name: "address", Usage: "with `TEXT` in the address"},
		&cli.StringFlag{Name: "email", Usage: "with `TEXT` in the e-mail address"},
		&cli.StringFlag{Name: "phone", Usage: "with `TEXT` in the phone number, however that is written"},
		&cli.StringFlag{Name: "contact", Usage: "with `TEXT` in the name of the first contact"},
		&cli.StringFlag{Name: "updated-after", Usage: "changed after `TIME`: a date, or a date-time of RFC 3339", Validator: check(readTime)},
		&cli.StringFlag{Name: "updated-before", Usage: "changed before `TIME`", Validator: check(readTime)},
	}
}

func listFlags() []cli.Flag {
	return []cli.Flag{limitFlag(),
		&cli.BoolFlag{Name: "archived", Usage: "list archived ones too"},
		&cli.BoolFlag{Name: "contacts", Usage: "with their contacts"},
		&cli.StringFlag{Name: "order", Usage: "asc or desc, by the time of the last change", Validator: checkOrder},
	}
}

func checkOrder(order string) error {
	if order != "asc" && order != "desc" {
		return fmt.Errorf("must be asc or desc; got %q", order)
	}
	return nil
}

func limitFlag() cli.Flag {
	return &cli.IntFlag{Name: "limit", Usage: "stop after `N` records; 0 for all", Validator: func(n int) error {
		if n < 0 {
			return fmt.Errorf("must be 0 or more; got %d", n)
		}
		return nil
	}}
}

func yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask for confirmation"}
}

// check makes a check of a flag of what reads its text.
func check[T any](read func(string) (T, error)) func(string) error {
	return func(text string) error {
		_, err := read(text)
		return err
	}
}

// readTime reads a date, which begins in UTC, or a time as the server does.
func readTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	var t client.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, fmt.Errorf("must look like 2026-11-24 or 2026-11-24T10:00:00Z; got %q", text)
	}
	return t.Time, nil
}

// readMoment reads a time or a version.
func readMoment(text string) (client.GetOption, error) {
	if version, err := strconv.ParseInt(text, 10, 64); err == nil && version > 0 {
		return client.AtVersion(version), nil
	}
	t, err := readTime(text)
	if err != nil {
		return nil, fmt.Errorf("must be a version such as 7, or look like 2026-11-24 or 2026-11-24T10:00:00Z; got %q", text)
	}
	return client.At(t), nil
}

// timeFlag is what a flag that readTime has checked says; zero if it was not
// given.
func timeFlag(cmd *cli.Command, name string) time.Time {
	t, _ := readTime(cmd.String(name))
	return t
}

// when is an option of a call that is given on a condition.
func when[O any](given bool, option O) []O {
	if !given {
		return nil
	}
	return []O{option}
}

// pageSize is how many records to ask for at a time: not more than --limit shows.
func pageSize(cmd *cli.Command) int { return min(cmd.Int("limit"), 100) }

// limited ends a list after as many records as --limit says; 0 is all.
func limited[T any](cmd *cli.Command, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	n := cmd.Int("limit")
	return func(yield func(T, error) bool) {
		seen := 0
		for value, err := range list {
			if seen++; !yield(value, err) || seen == n {
				return
			}
		}
	}
}

// showAccount prints one account with all that it has.
func (t *terminal) showAccount(cmd *cli.Command, a *client.Account) error {
	columns := columnsOf[taggedAccount](slices.Sorted(maps.Keys(a.Custom))...)
	return printOne(t.printer(cmd, columns), taggedAccount{*a, a.ETag})
}

// listOf prints accounts. CSV has a column for each property, and is what
// "accountsd import" reads.
func (t *terminal) listOf(ctx context.Context, cmd *cli.Command, c *client.Client, list iter.Seq2[client.Account, error]) error {
	columns := accountColumns
	if cmd.String("output") == string(formatCSV) && cmd.String("columns") == "" {
		properties, err := c.Properties.List(ctx)
		if err != nil {
			return err
		}
		keyNames := make([]string, len(properties))
		for i, property := range properties {
			keyNames[i] = property.KeyName
		}
		columns = plainColumnsOf[client.Account](keyNames...)
		if cmd.Bool("contacts") {
			columns = append(columns, "contacts")
		}
	}
	return printList(t.printer(cmd, columns), limited(cmd, list))
}

func (t *terminal) listAccounts(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() > 1 {
		return usagef("give the words as one argument")
	}
	filter := filterOf(cmd)
	filter.Words = cmd.Args().First()
	filter.IncludeContacts = cmd.Bool("contacts")
	filter.Order = client.Order(cmd.String("order"))
	filter.PageSize = pageSize(cmd)
	return t.listOf(ctx, cmd, c, c.Accounts.List(ctx, filter))
}

// filterOf is what filterFlags and --archived select.
func filterOf(cmd *cli.Command) client.AccountFilter {
	return client.AccountFilter{
		Title:           cmd.String("title"),
		Address:         cmd.String("address"),
		PrimaryName:     cmd.String("contact"),
		PrimaryEmail:    cmd.String("email"),
		PrimaryPhone:    cmd.String("phone"),
		At:              timeFlag(cmd, "at"),
		UpdatedAfter:    timeFlag(cmd, "updated-after"),
		UpdatedBefore:   timeFlag(cmd, "updated-before"),
		IncludeArchived: cmd.Bool("archived"),
	}
}

func (t *terminal) searchAccounts(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	search, err := searchOf(cmd.Args().Slice())
	if err != nil {
		return err
	}
	search.Filter = client.SearchFilter{
		IncludeArchived: cmd.Bool("archived"),
		IncludeContacts: cmd.Bool("contacts"),
		Order:           client.Order(cmd.String("order")),
		PageSize:        pageSize(cmd),
	}
	return t.listOf(ctx, cmd, c, c.Accounts.Search(ctx, search))
}

// searchOf is the search of one or two tests.
func searchOf(args []string) (client.AccountSearch, error) {
	if len(args) != 3 && len(args) != 7 {
		return client.AccountSearch{}, usagef("give a member, an operator and a value; after \"and\" or \"or\", give three more")
	}
	search := client.AccountSearch{Where: conditionOf(args)}
	if len(args) == 7 {
		second := conditionOf(args[4:])
		switch args[3] {
		case "and":
			search.And = &second
		case "or":
			search.Or = &second
		default:
			return search, usagef("two tests are joined by \"and\" or by \"or\"; got %q", args[3])
		}
	}
	return search, nil
}

func conditionOf(args []string) client.Condition {
	return client.Condition{Member: args[0], Operator: client.SearchOperator(args[1]), Value: args[2]}
}

func (t *terminal) history(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	id, err := oneID(cmd)
	if err != nil {
		return err
	}
	if cmd.Bool("merged") {
		return printList(t.printer(cmd, feedColumns), limited(cmd, c.Accounts.MergedHistory(ctx, id)))
	}
	return printList(t.printer(cmd, changeColumns), limited(cmd, c.Accounts.History(ctx, id)))
}

// completeMembers offers the members that a T can assign, or flags where one has
// begun.
func completeMembers[T any](ctx context.Context, cmd *cli.Command) {
	words := cmd.Args().Slice()
	if len(words) > 0 && strings.HasPrefix(words[len(words)-1], "-") {
		cli.DefaultCompleteWithFlags(ctx, cmd)
		return
	}
	for _, name := range assignableNames(reflect.TypeFor[T]()) {
		fmt.Fprintln(cmd.Root().Writer, name+"=")
	}
}
