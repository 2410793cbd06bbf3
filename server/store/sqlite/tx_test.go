package sqlite_test

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// A part that cannot be undone must not look like one that merely failed.
func TestIsolateCannotUndo(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	errs := batch(t, s, insert(company, title(0)), func(ctx context.Context, tx store.Tx) error {
		return tx.Isolate(ctx, func(ctx context.Context) error {
			if err := insert(company, title(1))(ctx, tx); err != nil {
				return err
			}
			if err := sqlite.Exec(ctx, tx, "RELEASE part"); err != nil {
				return err
			}
			return fault.NotFound("account")
		})
	})
	if errs[0] != nil || !has(t, s, company, title(0)) {
		t.Errorf("the neighbour: %v", errs[0])
	}
	wantKind(t, errs[1], fault.KindInternal)
	if has(t, s, company, title(1)) {
		t.Error("the part has stayed")
	}
}
