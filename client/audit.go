package client

import (
	"context"
	"iter"

	"github.com/accountsd/accountsd/gen/api"
)

// Audit calls the operation on the log of who did what with keys, users, properties
// and files of accounts. It takes a key with the scope admin.
type Audit struct{ c *Client }

// AuditFilter picks entries; its zero value picks all.
type AuditFilter struct {
	After  string      // the Sequence of the last entry that is known
	Action AuditAction // "": every one
}

// List iterates over the entries in the order in which they took effect, the earliest
// first, until the last one so far. An error is the last item.
func (s *Audit) List(ctx context.Context, f AuditFilter) iter.Seq2[AuditEntry, error] {
	params := &api.ListAuditParams{After: optional(f.After), Action: optional(f.Action), PageSize: new(maxPageSize)}
	return list(s.c.raw.ListAudit, params, func(page *api.AuditLog) []AuditEntry { return page.Entries }).all(ctx)
}
