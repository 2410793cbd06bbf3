package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

func testCompany(t *testing.T, f *fixture) {
	for _, name := range []string{"Sunrise Services", "SUNRISE services", " sunrise Services "} {
		got, err := f.store.Company(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, f.company)
	}
	for _, name := range []string{"Sunrise", "", "Sunrise%"} {
		_, err := f.store.Company(t.Context(), name)
		wantKind(t, err, account.KindNotFound)
	}
	again := account.Company{Name: "SUNRISE SERVICES", CreatedAt: start}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.InsertCompany(ctx, &again) })
	wantKind(t, err, account.KindConflict)
}
