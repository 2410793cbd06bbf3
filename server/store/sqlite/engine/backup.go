package engine

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// pagesAtOnce are copied between two looks at the context.
const pagesAtOnce = 1024

// CopyTo copies the pages of the file that the connection reads into that of another
// connection, in place of what is there. The connection should be in a transaction:
// else the copy begins anew whenever another process has written.
func (c *Conn) CopyTo(ctx context.Context, target *Conn, progress func(done, total int64)) error {
	backup, err := sqlite.NewBackup(target.conn, "", c.conn, "")
	if err != nil {
		return failed(err)
	}
	defer func() { _ = backup.Close() }() // It says nothing.
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = backup.Step(pagesAtOnce); err != nil {
			return failed(err)
		}
		total := int64(backup.PageCount())
		progress(total-int64(backup.Remaining()), total)
	}
	return nil
}
