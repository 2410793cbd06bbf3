package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/store"
)

// importTests are the tests of imports.
var importTests = tests{
	"Import": testImport,
}

func testImport(t *testing.T, f *fixture) {
	first := intake.Import{
		CompanyID: f.company.ID, Digest: intake.Digest{1, 2, 255}, Rejects: "/tmp/Zoë's rows.csv", RejectsSize: 1 << 40,
		Counts: intake.ImportCounts{Created: 1, Updated: 2, Unchanged: 3, Rejected: 4},
	}
	twin := intake.Import{CompanyID: f.other.ID, Digest: first.Digest}
	other := intake.Import{CompanyID: f.company.ID, Digest: intake.Digest{2}}
	want := func(i intake.Import, there bool) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Import(ctx, i.CompanyID, i.Digest)
			if !there {
				wantKind(t, err, fault.KindNotFound)
				return nil
			}
			equal(t, got, i)
			return err
		})
	}
	want(first, false)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(tx.SaveImport(ctx, first), tx.SaveImport(ctx, twin), tx.SaveImport(ctx, other))
	})
	want(first, true)
	first.Counts.Updated, first.RejectsSize, first.Rejects = 7, 0, "b"
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.SaveImport(ctx, first) })
	want(first, true)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return tx.DeleteImport(ctx, first.CompanyID, first.Digest)
	})
	want(first, false)
	want(twin, true)
	want(other, true)
	err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.DeleteImport(ctx, first.CompanyID, first.Digest)
	})
	wantKind(t, err, fault.KindNotFound)
}
