package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
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
		wantKind(t, err, fault.KindNotFound)
	}
	all, err := f.store.Companies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, all, []identity.Company{f.company, f.other})
	again := identity.Company{Name: "SUNRISE SERVICES", CreatedAt: start}
	err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertCompany(ctx, &again) })
	wantKind(t, err, fault.KindConflict)
}
