package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// reportPage is how many users are loaded at a time.
const reportPage = 100

// reportWriters write reports by format.
var reportWriters = map[string]func(io.Writer, []alias.Report) error{
	"table": writeReportTable,
	"csv":   writeReportCSV,
	"json":  writeReportJSON,
}

func aliasReportCommand() *cli.Command {
	return &cli.Command{
		Name:  "report",
		Usage: "list who calls /clients, how often, with what, and where they stand",
		Flags: []cli.Flag{
			dbFlag(), companyFlag(),
			&cli.StringFlag{Name: "format", Usage: "table, csv or json", Value: "table", Validator: oneOf("table", "csv", "json"), Sources: fromEnv("FORMAT")},
			&cli.StringFlag{Name: "state", Usage: "only users who are using, notified or migrated", Validator: oneOf("using", "notified", "migrated")},
		},
		Action: inCompany(reportAlias),
	}
}

func oneOf(words ...string) func(string) error {
	return func(word string) error {
		if !slices.Contains(words, word) {
			return fmt.Errorf("must be one of %s; got %s", strings.Join(words, ", "), fault.Quote(word))
		}
		return nil
	}
}

func reportAlias(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	service := server.NewServices(store, server.ServiceConfig{}).Alias
	reports := []alias.Report{}
	q := alias.Query{State: alias.State(cmd.String("state")), Limit: reportPage}
	for {
		page, err := service.Migrations(ctx, identity.Actor{CompanyID: company.ID}, q)
		if err != nil {
			return err
		}
		reports = append(reports, page...)
		if len(page) < reportPage {
			return reportWriters[cmd.String("format")](cmd.Root().Writer, reports)
		}
		q.After = page[len(page)-1].User.ID
	}
}

func writeReportTable(w io.Writer, reports []alias.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "USER\tSTATE\tSUNSET\tMAIL\tTODAY\t7 DAYS\t30 DAYS\tREFUSED\tLAST CALL\tQUIET\tKEYS\tPROGRAMS\tREAD LENIENTLY")
	for _, r := range reports {
		quiet := "-"
		if r.Quiet >= 0 {
			quiet = fmt.Sprintf("%d d", r.Quiet)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", printable(r.User.Email), r.State, cmp.Or(formatTime(r.Sunset), "-"),
			cmp.Or(shortMail(r.Mail), "-"), r.Calls.Today, r.Calls.Week, r.Calls.Month, r.Calls.Refused, cmp.Or(formatTime(r.Last), "-"), quiet,
			cmp.Or(listKeys(r), "-"), cmp.Or(listAgents(r), "-"), cmp.Or(listLeniencies(r), "-"))
	}
	return table.Flush()
}

func writeReportCSV(w io.Writer, reports []alias.Report) error {
	rows := [][]string{{
		"user_id", "email", "state", "sunset", "notified_at", "migrated_at", "today", "last_7_days", "last_30_days",
		"refused_last_30_days", "first_call_at", "last_call_at", "days_quiet", "keys", "user_agents", "read_leniently", "mail",
	}}
	for _, r := range reports {
		quiet := ""
		if r.Quiet >= 0 {
			quiet = strconv.Itoa(r.Quiet)
		}
		rows = append(rows, []string{
			fmt.Sprint(r.User.ID), r.User.Email, string(r.State), formatTime(r.Sunset), formatTime(r.NotifiedAt), formatTime(r.MigratedAt),
			fmt.Sprint(r.Calls.Today), fmt.Sprint(r.Calls.Week), fmt.Sprint(r.Calls.Month), fmt.Sprint(r.Calls.Refused),
			formatTime(r.First), formatTime(r.Last), quiet, listKeys(r), listAgents(r), listLeniencies(r), shortMail(r.Mail),
		})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// shortMail is what became of the mail of a notice, and why.
func shortMail(m *alias.Mail) string {
	switch {
	case m == nil:
		return ""
	case m.State == alias.MailNotSent:
		return "not sent"
	case m.Failure != "":
		return fmt.Sprintf("%s: %s", m.State, m.Failure)
	}
	return string(m.State)
}

// writeReportJSON writes what GET /alias-migrations answers.
func writeReportJSON(w io.Writer, reports []alias.Report) error {
	list := make(api.AliasMigrationList, len(reports))
	for i, r := range reports {
		list[i] = server.ToAPIAliasMigration(r)
	}
	return writeJSON(w, list)
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// noName stands for the name of a key or a program that has none, as in the notice.
const noName = "(no name)"

// listKeys begins with a number, so that no spreadsheet takes a name that a user
// chose for a formula.
func listKeys(r alias.Report) string {
	parts := make([]string, len(r.Keys))
	for i, k := range r.Keys {
		parts[i] = fmt.Sprintf("%d with %s (%s)", k.Calls, cmp.Or(printable(k.Name), noName), printable(k.Prefix))
	}
	return strings.Join(parts, "; ")
}

func listAgents(r alias.Report) string {
	parts := make([]string, len(r.Agents))
	for i, a := range r.Agents {
		parts[i] = fmt.Sprintf("%d by %s", a.Calls, cmp.Or(printable(a.Name), noName))
	}
	return strings.Join(parts, "; ")
}

// listLeniencies says what will be refused under the successor.
func listLeniencies(r alias.Report) string {
	parts := make([]string, len(r.Leniencies))
	for i, l := range r.Leniencies {
		keys := make([]string, len(l.Keys))
		for j, k := range l.Keys {
			keys[j] = cmp.Or(printable(k.Name), printable(k.Prefix))
		}
		parts[i] = fmt.Sprintf("%s %s, by %s", l.Name, plural.Of(l.Calls, "time", "times"), strings.Join(keys, ", "))
	}
	return strings.Join(parts, "; ")
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// printable keeps a name from controlling the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
