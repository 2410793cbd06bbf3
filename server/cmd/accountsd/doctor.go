package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
)

const doctorHelp = `It takes the flags and variables of serve, and looks at what a server with these would use: the database and its file or its
settings, the disk, the clock, the mail server, the addresses and who can reach them, and the users. It changes nothing, and
may run beside the server, as the user that the server runs as. Each line is ok, a note, or wrong and says what to do; if
anything is wrong, the exit status is 1.`

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "tell what is wrong with a set-up, and what to do about it",
		Description: doctorHelp,
		Flags:       serveFlags(),
		Action:      diagnose,
	}
}

// level is how bad a finding is.
type level string

const (
	levelOK    level = "ok"
	levelNote  level = "note"
	levelWrong level = "wrong"
)

// finding is one line of what the doctor says.
type finding struct {
	level level
	topic string
	text  string
}

// diagnosis is what was found so far.
type diagnosis struct {
	findings  []finding
	now       time.Time
	keep      bool // the schema is to be left as it is
	copies    bool // a copy is kept before it is brought up
	encrypted bool // the server speaks TLS
}

func (d *diagnosis) add(l level, topic, format string, args ...any) {
	d.findings = append(d.findings, finding{l, topic, fmt.Sprintf(format, args...)})
}

func (d *diagnosis) ok(topic, format string, args ...any)   { d.add(levelOK, topic, format, args...) }
func (d *diagnosis) note(topic, format string, args ...any) { d.add(levelNote, topic, format, args...) }
func (d *diagnosis) wrong(topic, format string, args ...any) {
	d.add(levelWrong, topic, format, args...)
}

// wrongs is how many findings are of what is wrong.
func (d *diagnosis) wrongs() int {
	return len(slices.DeleteFunc(slices.Clone(d.findings), func(f finding) bool { return f.level != levelWrong }))
}

// isWell adds a finding that all is well with a topic, unless there is another one.
func (d *diagnosis) isWell(topic, format string, args ...any) {
	if !slices.ContainsFunc(d.findings, func(f finding) bool { return f.topic == topic && f.level == levelWrong }) {
		d.ok(topic, format, args...)
	}
}

func diagnose(ctx context.Context, cmd *cli.Command) error {
	db := cmd.String("db")
	d := &diagnosis{now: time.Now(), keep: !cmd.Bool("migrate"), copies: cmd.Bool("keep-copy") && !isPostgres(db)}
	d.lookAtClock()
	if isPostgres(db) {
		d.lookAtPostgres(ctx, db, cmd.Int("db-connections"))
	} else {
		d.lookAtSQLite(ctx, db)
	}
	d.lookAtDoor(ctx, cmd)
	d.lookAtMail(ctx, cmd)
	d.lookAtNetworks(cmd)
	d.lookAtTraces()
	if err := d.print(cmd.Root().Writer); err != nil {
		return err
	}
	if d.wrongs() > 0 {
		return cli.Exit("", 1)
	}
	return nil
}

func (d *diagnosis) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range d.findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.level, f.topic, f.text)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	said := "Nothing is wrong."
	if n := d.wrongs(); n > 0 {
		said = plural.Of(n, "thing is", "things are") + " wrong."
	}
	_, err := fmt.Fprintln(w, said)
	return err
}

// made is when this program cannot have run before: a clock that shows less is wrong.
var made = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func (d *diagnosis) lookAtClock() {
	if d.now.Before(made) {
		d.wrong("clock", "this machine believes that it is %s; set its clock, and have it kept right (timedatectl set-ntp true)", formatTime(d.now))
	}
}

// clockSlack is how far clocks may be apart.
const clockSlack = 5 * time.Second

// lookAtWrites compares the clock with the last write, which cannot be to come.
func (d *diagnosis) lookAtWrites(last time.Time) {
	if ahead := last.Sub(d.now); ahead > clockSlack {
		d.wrong("clock", "the last write of an account is of %s, which is %s from now: the clock was ahead, or is behind; set it, and have it kept right (timedatectl set-ntp true)",
			formatTime(last), ahead.Round(time.Second))
	}
	d.isWell("clock", "it is %s", formatTime(d.now))
}
