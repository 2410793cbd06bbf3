package copying

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/accountsd/accountsd/server/store/db"
)

// The limits of a batch, which is what one transaction adds. Two of them are in
// memory: one is read while the other one is written.
const (
	batchRows = 10_000
	batchSize = 4 << 20 // bytes
)

// batch is rows of a table that follow each other.
type batch struct {
	rows  []Row
	size  int
	after Checksum // of all up to the last
}

// add adds a row, with values of the kinds that a table has.
func (b *batch) add(row Row, table Table) {
	for i := range row {
		row[i].Kind = table.Columns[i].Kind
		b.size += row[i].size()
	}
	b.rows = append(b.rows, row)
}

func (b *batch) isFull() bool { return len(b.rows) >= batchRows || b.size >= batchSize }

// copyTable copies the rows of a table that were not copied before, and returns the
// checksum of all.
func (r *run) copyTable(ctx context.Context, s db.Session, p pair) (Checksum, error) {
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan batch)
	reader := &reader{run: r, tables: p, known: r.notes[p.to.Name], batches: batches}
	group.Go(func() error {
		defer close(batches)
		return reader.read(ctx, s)
	})
	group.Go(func() error {
		for b := range batches {
			if err := r.write(ctx, p.to, b); err != nil {
				return err
			}
		}
		return nil
	})
	err := group.Wait()
	return reader.next.after, err
}

// reader makes batches of the rows of a table.
type reader struct {
	*run
	tables  pair
	known   Checksum // of the rows that were copied before
	next    batch
	buffer  []byte
	batches chan<- batch
}

func (r *reader) read(ctx context.Context, s db.Session) error {
	err := r.rows(ctx, s, r.tables, func(row Row) error { return r.add(ctx, row) })
	if err != nil {
		return err
	}
	if r.next.after.Rows < r.known.Rows {
		return errChanged
	}
	return r.flush(ctx)
}

// add adds a row to the batch. Those that were copied before must still be the same,
// so that the target gets one state of the source.
func (r *reader) add(ctx context.Context, row Row) error {
	r.noteID(row)
	r.buffer = r.next.after.add(row, r.buffer)
	if r.next.after.Rows <= r.known.Rows {
		if r.next.after.Rows == r.known.Rows && r.next.after != r.known {
			return errChanged
		}
		return nil
	}
	r.next.add(row, r.tables.to)
	if !r.next.isFull() {
		return nil
	}
	return r.flush(ctx)
}

// noteID notes the greatest id.
func (r *reader) noteID(row Row) {
	if len(r.tables.from.Key) == 0 {
		return
	}
	for i, c := range r.tables.from.Columns {
		if c.Name == "id" {
			r.ids[r.tables.from.Name] = max(r.ids[r.tables.from.Name], row[i].number)
		}
	}
}

func (r *reader) flush(ctx context.Context) error {
	if len(r.next.rows) == 0 {
		return nil
	}
	select {
	case r.batches <- r.next:
		r.next = batch{after: r.next.after, rows: make([]Row, 0, len(r.next.rows))}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write adds the rows of a batch.
func (r *run) write(ctx context.Context, table Table, b batch) error {
	err := r.to.Write(ctx, func(ctx context.Context, s db.Session) error {
		if err := r.notes.advance(ctx, s, table.Name, b.after.Rows-int64(len(b.rows)), b.after); err != nil {
			return err
		}
		if len(table.Key) == 0 {
			if err := s.Exec(ctx, table.empty()); err != nil {
				return err
			}
		}
		return r.to.Load(ctx, s, table, b.rows)
	})
	if err == nil {
		r.done += int64(len(b.rows))
		r.progress(Rows, min(r.done, r.total), r.total)
	}
	return err
}
