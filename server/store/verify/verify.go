// Package verify finds what cannot be in a database: damage, references to nothing,
// counts that do not fit, hashes of the history that do not follow, and accounts that
// are not what their history ends in. It reads one state of the database, beside all
// who write, and keeps no more of it in memory than some hundred accounts.
package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// Database is one that is verified.
type Database interface {
	// Tables returns the tables of records.
	Tables(ctx context.Context) ([]copying.Table, error)

	// Look runs reads that together see one state.
	Look(ctx context.Context, read func(db.Session) error) error

	// Counters returns the last ids that were given out, by table.
	Counters(ctx context.Context, s db.Session) (map[string]int64, error)

	// Inspect finds what is wrong with the database beneath the records: with its
	// files, and with references between rows.
	Inspect(ctx context.Context, s db.Session, found func(Fault)) error
}

// follower is a database that may follow another installation.
type follower interface {
	Follows(ctx context.Context) (bool, error)
}

// Fault is something that cannot be.
type Fault struct {
	CompanyID int64  // 0: it is of no company
	AccountID int64  // 0: it is of no account
	Sequence  int64  // of an entry of history; 0: it is of none
	Problem   string // what is wrong
	Remedy    string // what to do about it
}

// String is the fault on one line.
func (f Fault) String() string {
	var where []string
	for _, part := range []struct {
		name string
		id   int64
	}{{"company", f.CompanyID}, {"account", f.AccountID}, {"sequence", f.Sequence}} {
		if part.id != 0 {
			where = append(where, fmt.Sprintf("%s %d", part.name, part.id))
		}
	}
	text := f.Problem
	if where != nil {
		text = strings.Join(where, ", ") + ": " + text
	}
	return strings.ReplaceAll(text+"; "+f.Remedy, "\n", " ")
}

// What to do about most faults.
const (
	// Restore is for what was altered without leave, or lost.
	Restore = "compare with a backup that verify accepts, and restore it unless you know who did this"
	rewrite = "write the value again by PATCH with another one and back, or restore a backup that verify accepts"
)

// Step is a part of a run.
type Step string

// The steps, in their order.
const (
	Storage Step = "checking the storage"
	Chain   Step = "checking the hashes"
	Replay  Step = "replaying the history"
	People  Step = "checking the contacts"
)

// Options are what a run tells.
type Options struct {
	Found    func(Fault)                        // each as it is found
	Progress func(step Step, done, total int64) // how many records of a step are done
}

// Result is what was looked at.
type Result struct {
	Companies []records.Head
	Accounts  int64
	Contacts  int64
	Entries   int64 // of history
	Faults    int64
	Took      time.Duration
}

// Run verifies a database. The error is of what keeps it from being read at all; what
// is wrong with what is read is told as a fault.
func Run(ctx context.Context, d Database, options Options) (Result, error) {
	r := newRun(options)
	began := time.Now()
	tables, err := d.Tables(ctx)
	if err = r.judge(ctx, "the schema", err); err != nil {
		return r.result, err
	}
	if f, ok := d.(follower); ok {
		if r.follows, err = f.Follows(ctx); err != nil {
			return r.result, err
		}
	}
	err = d.Look(ctx, func(s db.Session) error {
		r.reader = records.Reader{Session: s}
		r.Progress(Storage, 0, 0)
		if err := r.judge(ctx, "the storage", d.Inspect(ctx, s, r.found)); err != nil {
			return err
		}
		counters, err := d.Counters(ctx, s)
		if err = r.judge(ctx, "the counters", err); err != nil {
			return err
		}
		return r.all(ctx, tables, counters)
	})
	r.result.Took = time.Since(began)
	return r.result, err
}

// Hashes checks nothing but the hashes of the history that a session sees.
func Hashes(ctx context.Context, s db.Session, options Options) (Result, error) {
	r := newRun(options)
	r.reader = records.Reader{Session: s}
	if err := r.open(ctx); err != nil {
		return r.result, err
	}
	for _, company := range r.result.Companies {
		if err := r.checkChain(ctx, company); err != nil {
			return r.result, err
		}
	}
	return r.result, nil
}

// run is one call of Run.
type run struct {
	Options
	reader  records.Reader
	follows bool
	result  Result
	total   int64 // entries that there are
	done    int64 // records of a step
}

func newRun(options Options) *run {
	r := &run{Options: options}
	if r.Progress == nil {
		r.Progress = func(Step, int64, int64) {}
	}
	return r
}

func (r *run) found(f Fault) {
	r.result.Faults++
	r.Found(f)
}

// shown is how many records come between two calls of Progress.
const shown = 1000

// advance counts a record of a step.
func (r *run) advance(step Step) {
	if r.done++; r.done%shown == 0 {
		r.Progress(step, min(r.done, r.total), r.total)
	}
}

// judge makes a fault of the error of a read, so that the others go on. A run that
// was given up, or a database that cannot be reached, is an error still.
func (r *run) judge(ctx context.Context, thing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case fault.KindOf(err) != fault.KindInternal:
		return err
	}
	r.found(Fault{Problem: fmt.Sprintf("%s cannot be read: %v", thing, err), Remedy: Restore})
	return nil
}

// all checks the records.
func (r *run) all(ctx context.Context, tables []copying.Table, counters map[string]int64) error {
	if err := r.judge(ctx, "the companies", r.open(ctx)); err != nil {
		return err
	}
	for _, part := range []struct {
		thing string
		check func() error
	}{
		{"the ids", func() error { return r.checkCounters(ctx, tables, counters) }},
		{"the links", func() error { return r.checkLinks(ctx) }},
		{"whose records are whose", func() error { return r.checkOwners(ctx) }},
	} {
		if err := r.judge(ctx, part.thing, part.check()); err != nil {
			return err
		}
	}
	steps := []func(context.Context, records.Head) error{r.checkChain, r.checkReplay, r.checkContacts}
	for i, check := range steps {
		r.done = 0
		for _, company := range r.result.Companies {
			thing := fmt.Sprintf("the %s of company %d", [...]string{"history", "accounts", "contacts"}[i], company.CompanyID)
			if err := r.judge(ctx, thing, check(ctx, company)); err != nil {
				return err
			}
		}
	}
	return nil
}

var countEntries = db.Statement{Thing: "history", Text: `SELECT count(*) FROM changes`}

// open reads which companies there are.
func (r *run) open(ctx context.Context) (err error) {
	if r.result.Companies, err = r.reader.Heads(ctx); err != nil {
		return err
	}
	r.total, err = r.reader.Session.Number(ctx, countEntries)
	return err
}
