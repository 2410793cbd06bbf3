package copying

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/store/db"
)

// verify reads both databases again, as they are now. The target must have what was
// read of the source; if the source has not, it was written to meanwhile.
func (r *run) verify(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	var source, target []Checksum
	var done int64
	r.progress(Verify, 0, r.total)
	group.Go(func() error {
		return r.from.Look(ctx, func(s db.Session) (err error) {
			source, err = r.sums(func(p pair, yield func(Row) error) error { return r.rows(ctx, s, p, yield) }, nil)
			return err
		})
	})
	group.Go(func() error {
		return r.to.Look(ctx, func(s db.Session) (err error) {
			target, err = r.sums(func(p pair, yield func(Row) error) error { return p.to.read(ctx, s, yield) }, &done)
			return err
		})
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return r.compare(source, target)
}

// shownRows are how many rows come between two calls of a Progress, which takes
// longer than to read one.
const shownRows = 1000

// sums returns the checksums of all tables.
func (r *run) sums(read func(p pair, yield func(Row) error) error, done *int64) (sums []Checksum, err error) {
	var buffer []byte
	for _, p := range r.tables {
		var sum Checksum
		err := read(p, func(row Row) error {
			buffer = sum.add(row, buffer)
			if done == nil {
				return nil
			}
			if *done++; *done%shownRows == 0 {
				r.progress(Verify, min(*done, r.total), r.total)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

// compare compares what the databases have with what was copied.
func (r *run) compare(source, target []Checksum) error {
	var wrong []string
	for i, copied := range r.result.Tables {
		if source[i] != copied.Checksum {
			r.result.Changed = append(r.result.Changed, copied.Name)
		}
		switch {
		case target[i].Rows != copied.Rows:
			wrong = append(wrong, fmt.Sprintf("%s has %s in the target and %d in the source", copied.Name, plural.Of(target[i].Rows, "row", "rows"), copied.Rows))
		case target[i] != copied.Checksum:
			wrong = append(wrong, copied.Name+" has other values in the target than in the source")
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("the copy is wrong, and cannot be used: %s; begin anew with --restart, and let nobody else write to the target", strings.Join(wrong, "; "))
}
