package feed

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store"
)

// Told is a store whose writes wake those who wait for them.
func Told(s store.Store, f *Feed) store.Store { return told{s, f} }

type told struct {
	store.Store
	feed *Feed
}

// Commit writes a set: see account.Committer.
func (t told) Commit(ctx context.Context, set *account.WriteSet) error {
	err := t.Store.Commit(ctx, set)
	if err == nil {
		t.feed.Wake(set.CompanyID)
	}
	return err
}

// Write runs a transaction: see write.Transactor.
func (t told) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	var changed map[int64]bool // by company
	err := t.Store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		changed = make(map[int64]bool) // It may run again.
		return fn(ctx, noting{tx, changed})
	})
	if err != nil {
		return err
	}
	for company := range changed {
		t.feed.Wake(company)
	}
	return nil
}

// noting is a transaction that notes whose feed it adds to.
type noting struct {
	store.Tx
	changed map[int64]bool
}

// AddHistory appends an entry: see account.Tx.
func (n noting) AddHistory(ctx context.Context, e *account.HistoryEntry) error {
	n.changed[e.CompanyID] = true
	return n.Tx.AddHistory(ctx, e)
}
