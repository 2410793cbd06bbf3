package intake_test

import (
	"reflect"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/write"
)

// A new account gets the default values of properties that it does not set.
func TestCreateFillsInDefaults(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	for _, p := range []schema.Property{
		{Name: "Stage", Type: schema.Dropdown, Options: []string{"Lead", "Won"}, Default: []any{"Lead"}},
		{Name: "Tags", Type: schema.Text, Multiple: true, Default: []any{"new", "web"}},
	} {
		if _, err := s.Properties.Create(t.Context(), s.Actor, property.New{Property: p}, write.Mode[schema.Property]{}); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Intake.Create(t.Context(), s.Actor, intake.CreateRequest{Patch: account.Patch{
		Title: patch.Set("x"), Address: patch.Set([]string{"y"}), Custom: patch.Set(map[string]any{"stage": "won"}),
	}})
	want := account.Custom{"stage": "Won", "tags": []any{"new", "web"}}
	if err != nil || !reflect.DeepEqual(result.Account.Custom, want) {
		t.Errorf("%v %v, want %v", result.Account.Custom, err, want)
	}
}
