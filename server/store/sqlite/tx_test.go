package sqlite_test

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// A part that cannot be undone must not look like one that merely failed.
func TestIsolateCannotUndo(t *testing.T) {
	t.Parallel()
	store := open(t, newPath(t), sqlite.Limits{})
	company := addCompany(t, store, "Sunrise")
	errs := batch(t, store, insert(company, title(0)), func(ctx context.Context, tx account.Tx) error {
		return tx.Isolate(ctx, func(ctx context.Context) error {
			if err := insert(company, title(1))(ctx, tx); err != nil {
				return err
			}
			if err := sqlite.Exec(ctx, tx, "RELEASE part"); err != nil {
				return err
			}
			return account.NotFound("account")
		})
	})
	if errs[0] != nil || !has(t, store, company, title(0)) {
		t.Errorf("the neighbour: %v", errs[0])
	}
	wantKind(t, errs[1], account.KindInternal)
	if has(t, store, company, title(1)) {
		t.Error("the part has stayed")
	}
}
