package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/schema"
)

// So many rows are read at a time or, if they are large, bytes.
const (
	chunkRows  = 500
	chunkBytes = 4 << 20
)

// Other writers come in turn with an import. It leaves the machine to them, and to
// requests, for a moment after each share of work, which may be longer than this by
// one transaction.
const (
	share = 75 * time.Millisecond
	pause = 5 * time.Millisecond
)

// A store that is busy is tried again, since what is to be done is known.
const (
	attempts   = 5
	retryPause = time.Second
)

// Options says how a file is imported. What is empty is chosen by the file: see
// Import.
type Options struct {
	Format          Format
	Dialect         Dialect
	Cells           Cells
	Map             []string // COLUMN=MEMBER, COLUMN+COLUMN=MEMBER or COLUMN= for each column of CSV that is named otherwise
	MatchBy         account.MatchBy
	Strategy        intake.Strategy
	AllowNewOptions bool
	Region          string // that the service reads phone numbers by
	Rejected        string // path of the file of rejected rows
	Restart         bool   // start over if an earlier import of the file was interrupted

	// Progress is called with the rows that are done and all there are.
	Progress func(done, total int64)
}

// Result says what an import did.
type Result struct {
	Counts  intake.ImportCounts // with those of the runs before
	Resumed int64               // rows that were done before
	Rejects string              // path of the file of rejected rows; empty if none were
	First   []Rejection         // the first ones of this run
}

// Rejection says why a row was rejected.
type Rejection struct {
	Line    int
	Reasons []string
}

// maxFirst is how many rejections a result lists.
const maxFirst = 10

// Import imports a file of accounts for the actor. It reads the file twice, so
// it must be a seekable one. By default the rows are matched by id and update the
// accounts if the file has ids, and else those whose title is new are added.
//
// The whole file is refused, and nothing written, if it cannot be read to its
// end, or names a member that is not known. An import that is interrupted, even
// by a kill, continues after the last row that was stored when it is called
// again for the same contents with the same options.
func Import(ctx context.Context, service *intake.Importer, actor identity.Actor, properties []schema.Property, file *os.File, name string, opts Options) (Result, error) {
	found, err := surveyFile(file, &opts, properties, service.Parse)
	if err != nil {
		return Result{}, fmt.Errorf("read %s: %w", name, err)
	}
	if err := opts.complete(name, found.names, properties); err != nil {
		return Result{}, err
	}
	rows, err := reopen(file, &opts, properties, service.Parse)
	if err != nil {
		return Result{}, fmt.Errorf("read %s: %w", name, err)
	}
	i := &importer{
		service: service, actor: actor, opts: opts, name: name, rows: rows, total: found.rows,
		rejects: rejects{path: opts.Rejected, format: opts.Format, layout: rows.layout()},
	}
	if err := i.begin(ctx, found.sum); err != nil {
		return Result{}, err
	}
	resumed := i.at.Counts.Rows()
	err = i.run(ctx)
	result := Result{Counts: i.at.Counts, Resumed: resumed, First: i.first}
	if i.at.RejectsSize > 0 {
		result.Rejects = opts.Rejected
	}
	return result, err
}

func reopen(file *os.File, o *Options, properties []schema.Property, parse parser) (rowReader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return newRowReader(file, o, properties, parse)
}

// matchMembers lists what accounts can be matched by.
var matchMembers = []account.MatchBy{
	account.MatchID, account.MatchNumber, account.MatchTitle, account.MatchEmail, account.MatchPhone, account.MatchAddress, account.MatchNone,
}

// strategies lists what can be done with an account that matches.
var strategies = []intake.Strategy{
	intake.StrategySkip, intake.StrategyReplace, intake.StrategyEnrich, intake.StrategyUpdate, intake.StrategyAdd, intake.StrategyRemove,
}

// complete chooses what was not said, and refuses what cannot be meant.
func (o *Options) complete(name string, names map[string]bool, properties []schema.Property) error {
	if o.MatchBy == "" {
		o.MatchBy = account.MatchTitle
		if names[string(account.MatchID)] {
			o.MatchBy = account.MatchID
		}
	}
	if o.Strategy == "" {
		o.Strategy = intake.StrategySkip
		if o.MatchBy == account.MatchID {
			o.Strategy = intake.StrategyUpdate
		}
	}
	switch {
	case !o.knowsMatch(properties):
		return refuse("--match-by must be one of %s%s; got %s", fault.Join(matchMembers), uniqueMembers(properties), fault.Quote(string(o.MatchBy)))
	case !slices.Contains(strategies, o.Strategy):
		return refuse("--strategy must be one of %s; got %s", fault.Join(strategies), fault.Quote(string(o.Strategy)))
	case o.MatchBy != account.MatchNone && len(names) > 0 && !names[string(o.MatchBy)]:
		return refuse("%s has no %s to match by; choose another --match-by", name, o.MatchBy)
	}
	if o.Rejected == "" {
		o.Rejected = rejectsPath(name, o.Format)
	}
	path, err := filepath.Abs(o.Rejected)
	o.Rejected = path
	return err
}

// knowsMatch tells whether accounts can be matched as the options say.
func (o *Options) knowsMatch(properties []schema.Property) bool {
	key, ok := o.MatchBy.Key()
	if !ok {
		return slices.Contains(matchMembers, o.MatchBy)
	}
	return slices.ContainsFunc(properties, func(p schema.Property) bool { return p.Key == key && p.Unique })
}

// uniqueMembers lists the unique properties that accounts can be matched by.
func uniqueMembers(properties []schema.Property) string {
	var list strings.Builder
	for _, p := range properties {
		if p.Unique {
			list.WriteString(", " + string(account.MatchUnique(p.Key)))
		}
	}
	return list.String()
}

// importer is one run of Import.
type importer struct {
	service *intake.Importer
	actor   identity.Actor
	opts    Options
	name    string
	rows    rowReader
	total   int64
	rejects rejects
	at      intake.Import // how far it has come
	waiting []waitingRow  // read, and not done
	held    time.Duration // since the last pause
	latest  []Rejection   // of the last transaction, if it was committed
	first   []Rejection
}

type waitingRow struct {
	row
	intake.ImportRow
}

// begin finds out where to continue, and goes there.
func (i *importer) begin(ctx context.Context, sum [sha256.Size]byte) error {
	start := intake.Import{CompanyID: i.actor.CompanyID, Digest: i.opts.digest(sum), Rejects: i.opts.Rejected}
	if i.opts.Restart {
		if err := i.service.Forget(ctx, start); err != nil {
			return err
		}
	}
	var err error
	if i.at, err = i.service.Begin(ctx, start, i.rejects.checkFree); err != nil {
		return err
	}
	if i.at.Rejects != start.Rejects {
		return refuse("an earlier run of this import has not ended; if it was interrupted, continue with --rejected %s, or start over with --restart", i.at.Rejects)
	}
	for range i.at.Counts.Rows() {
		if _, err := i.rows.next(); err != nil {
			return i.changed(err)
		}
	}
	return nil
}

// digest tells one import from another: by the contents of the file and all
// that decides what becomes of a row.
func (o *Options) digest(sum [sha256.Size]byte) intake.Digest {
	return sha256.Sum256(fmt.Appendf(nil, "%x %q %q %q %t %q %q %q %q", sum, o.Format, o.MatchBy, o.Strategy, o.AllowNewOptions, o.Region, o.Dialect, o.Cells, o.Map))
}

// changed is the error of a file that is not as it was a moment ago.
func (i *importer) changed(err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("the file has changed in the meantime")
	}
	return fmt.Errorf("read %s: %w", i.name, err)
}

// run imports what is left, and reads on meanwhile. Even a file without rows
// takes a transaction, which ends the import.
func (i *importer) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	ahead := make(chan portion)
	var reading sync.WaitGroup
	reading.Go(func() { i.readOn(ctx, i.total-i.at.Counts.Rows(), ahead) })
	defer reading.Wait() // It reads the caller's file.
	defer stop()
	for {
		i.opts.progress(i.at.Counts.Rows(), i.total)
		if read := i.at.Counts.Rows() + int64(len(i.waiting)); len(i.waiting) < chunkRows && read < i.total {
			if err := i.receive(ctx, ahead); err != nil {
				return err
			}
		}
		last := i.at.Counts.Rows()+int64(len(i.waiting)) == i.total
		if err := i.chunk(ctx, last); err != nil {
			return i.interrupted(err)
		}
		if i.at.Counts.Rows() == i.total {
			i.opts.progress(i.total, i.total)
			return nil
		}
	}
}

func (o *Options) progress(done, total int64) {
	if o.Progress != nil {
		o.Progress(done, total)
	}
}

// interrupted is the error of an import that ends before its last row, if what it has
// done stays, and the rest can be done later.
func (i *importer) interrupted(err error) error {
	why, known := "interrupted", errors.Is(err, context.Canceled)
	if unavailable, ok := errors.AsType[*fault.Error](err); ok && unavailable.Kind == fault.KindUnavailable {
		why, known = unavailable.Message+": stopped", true
	}
	if !known {
		return err
	}
	return Interruption{fmt.Sprintf("%s after %d of %s; the same command continues from there", why, i.at.Counts.Rows(), plural.Of(i.total, "row", "rows")), err}
}

// Interruption is an error of Import that says where it goes on. Its cause says nothing
// more to whoever called it.
type Interruption struct {
	text  string
	cause error
}

func (i Interruption) Error() string { return i.text }

// Unwrap returns the cause.
func (i Interruption) Unwrap() error { return i.cause }

// portion is what was read of a file at a time.
type portion struct {
	rows []waitingRow
	err  error
}

// receive adds what was read to the rows that wait.
func (i *importer) receive(ctx context.Context, from <-chan portion) error {
	select {
	case next := <-from:
		i.waiting = append(i.waiting, next.rows...)
		return next.err
	case <-ctx.Done():
		return i.interrupted(ctx.Err())
	}
}

// readOn reads rows, and sends them in portions. It is one ahead of those that
// are imported, so that the file takes no more memory than two.
func (i *importer) readOn(ctx context.Context, left int64, to chan<- portion) {
	for left > 0 {
		next := i.portion(left)
		select {
		case to <- next:
		case <-ctx.Done():
			return
		}
		if left -= int64(len(next.rows)); next.err != nil {
			return
		}
	}
}

// portion reads rows for a transaction, of those that are left.
func (i *importer) portion(left int64) (next portion) {
	for size := 0; len(next.rows) < int(min(chunkRows, left)) && size < chunkBytes; {
		r, err := i.rows.next()
		if err != nil {
			return portion{err: i.changed(err)}
		}
		read := i.rows.read(r)
		if i.opts.MatchBy == account.MatchID && read.Patch.Found.Has(string(account.MatchID)) {
			read.Unusable = true
		}
		size += r.size()
		next.rows = append(next.rows, waitingRow{row: r, ImportRow: read})
	}
	return next
}

// chunk imports the first of the rows that wait.
func (i *importer) chunk(ctx context.Context, last bool) error {
	req := intake.ImportRequest{
		Import: i.at, Last: last,
		MatchBy: i.opts.MatchBy, Strategy: i.opts.Strategy, AllowNewOptions: i.opts.AllowNewOptions,
		Reject: i.reject,
	}
	for _, r := range i.waiting {
		req.Rows = append(req.Rows, r.ImportRow)
	}
	var after intake.Import
	var err error
	for attempt := range attempts {
		if err = sleep(ctx, i.wait(attempt)); err != nil {
			return err
		}
		start := time.Now()
		i.latest = nil
		after, err = i.service.Rows(ctx, i.actor, req)
		i.held += time.Since(start)
		if err == nil || fault.KindOf(err) != fault.KindUnavailable {
			break
		}
	}
	if err != nil {
		return err
	}
	i.first = append(i.first, i.latest[:min(len(i.latest), maxFirst-len(i.first))]...)
	i.waiting = i.waiting[after.Counts.Rows()-i.at.Counts.Rows():]
	i.at = after
	return nil
}

// wait is how long to leave the store to others before the next transaction.
func (i *importer) wait(attempt int) time.Duration {
	switch {
	case attempt > 0:
		return retryPause
	case i.held < share:
		return 0
	}
	i.held = 0
	return pause
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (i *importer) reject(size int64, rejected []intake.RejectedRow) (int64, error) {
	rows := make([]row, len(i.waiting))
	for n, r := range i.waiting {
		rows[n] = r.row
	}
	i.latest = nil // The store may have asked for the same again.
	for _, r := range rejected {
		i.latest = append(i.latest, Rejection{Line: rows[r.Index].line, Reasons: r.Reasons})
	}
	return i.rejects.write(size, rows, rejected)
}
