package store

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

// Told is a store that tells of each write that was carried out.
type Told struct {
	Store
	Tell func() // is waited for
}

// Write runs a transaction: see write.Transactor.
func (t Told) Write(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	return t.after(t.Store.Write(ctx, fn))
}

// Commit writes what was decided before: see account.Committer.
func (t Told) Commit(ctx context.Context, set *account.WriteSet) error {
	return t.after(t.Store.Commit(ctx, set))
}

func (t Told) after(err error) error {
	if err == nil {
		t.Tell()
	}
	return err
}
