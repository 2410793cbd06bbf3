package account_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// snapshot is a deep copy, to see whether something was written to.
func snapshot(t *rapid.T, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Members that a patch does not hold stay as they are.
func TestApplyLeavesUntouchedMembers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, p := drawAccount(t), drawPatch(t)
		after := account.Apply(before, p, environment(true)).Account
		for _, member := range []struct {
			name          string
			absent        bool
			before, after any
		}{
			{"title", p.Title.IsAbsent(), before.Title, after.Title},
			{"description", p.Description.IsAbsent(), before.Description, after.Description},
			{"address", p.Address.IsAbsent(), before.Address, after.Address},
			{"isActive", p.Active.IsAbsent(), before.Active, after.Active},
			{"primaryEmail", p.PrimaryEmail.IsAbsent(), before.PrimaryEmail, after.PrimaryEmail},
			{"primaryPhone", p.PrimaryPhone.IsAbsent(), before.PrimaryPhone, after.PrimaryPhone},
			{"number", p.Number.IsAbsent(), before.Number, after.Number},
			{"accountType", p.Type.IsAbsent() && p.TypeAlias.IsAbsent(), before.Type, after.Type},
			{"value", p.Value.IsAbsent(), before.Value, after.Value},
			{"size", p.Size.IsAbsent(), before.Size, after.Size},
			{"contacts", p.Contacts.IsAbsent(), before.Contacts, after.Contacts},
			{"the server's own", true, []any{before.ID, before.CompanyID, before.Version, before.CreatedAt, before.UpdatedAt}, []any{after.ID, after.CompanyID, after.Version, after.CreatedAt, after.UpdatedAt}},
		} {
			if member.absent && !reflect.DeepEqual(member.before, member.after) {
				t.Fatalf("%s went from %v to %v", member.name, member.before, member.after)
			}
		}
		for key, value := range before.Custom {
			if _, sent := p.Custom.Value[key]; !sent && !reflect.DeepEqual(after.Custom[key], value) {
				t.Fatalf("custom.%s went from %v to %v", key, value, after.Custom[key])
			}
		}
	})
}

// A fetched account that is sent back whole changes nothing.
func TestApplyOfTheAccountItselfChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawAccount(t)
		env := environment(false)
		env.Schema = withOptionsOf(before) // Those that earlier patches added are options now.
		outcome := account.Apply(before, asPatch(before), env)
		if len(outcome.Errors)+len(outcome.Changes)+len(outcome.NewOptions) > 0 || !reflect.DeepEqual(outcome.Account, before) {
			t.Fatalf("%+v", outcome)
		}
	})
}

// withOptionsOf is the schema with every label that the account holds.
func withOptionsOf(a account.Account) schema.Schema {
	extended := schema.Schema{}
	for key, p := range properties {
		p.Options = slices.Clone(p.Options)
		values, ok := a.Custom[key].([]any)
		if !ok {
			values = []any{a.Custom[key]}
		}
		for _, value := range values {
			if label, ok := value.(string); ok && p.Type == schema.Dropdown && !slices.Contains(p.Options, label) {
				p.Options = append(p.Options, label)
			}
		}
		extended[key] = p
	}
	return extended
}

// Applying a patch twice is applying it once.
func TestApplyTwiceIsApplyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPatch(t)
		once := account.Apply(drawAccount(t), p, environment(true))
		twice := account.Apply(once.Account, p, environment(true))
		if len(once.Errors) == 0 && (len(twice.Errors)+len(twice.Changes) > 0 || !reflect.DeepEqual(twice.Account, once.Account)) {
			t.Fatalf("once %+v\ntwice %+v", once, twice)
		}
	})
}

// Any error leaves everything as it was; and Apply never writes to what it is
// given.
func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, p := drawAccount(t), drawPatch(t)
		env := environment(rapid.Bool().Draw(t, "allow new options"))
		was := snapshot(t, []any{before, p, env})
		outcome := account.Apply(before, p, env)
		if is := snapshot(t, []any{before, p, env}); is != was {
			t.Fatalf("the arguments were %s\nand are %s", was, is)
		}
		if len(outcome.Errors) == 0 {
			return
		}
		if len(outcome.Changes)+len(outcome.NewOptions) > 0 || !reflect.DeepEqual(outcome.Account, before) {
			t.Fatalf("with errors: %+v", outcome)
		}
		for _, e := range outcome.Errors {
			if e.In != fault.InBody || !strings.HasPrefix(e.Message, fault.Label(e.Path)+" ") {
				t.Fatalf("%+v", e)
			}
		}
	})
}

// The changes are exactly the differences between before and after.
func TestApplyNamesExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawAccount(t)
		outcome := account.Apply(before, drawPatch(t), environment(true))
		reverted := outcome.Account
		for member, change := range outcome.Changes {
			if reflect.DeepEqual(change.Before, change.After) {
				t.Fatalf("%s did not change: %v", member, change)
			}
		}
		if (len(outcome.Changes) == 0) != reflect.DeepEqual(reverted, before) {
			t.Fatalf("changes %v from %+v to %+v", outcome.Changes, before, reverted)
		}
	})
}

// Null clears exactly what may be cleared, and is an error elsewhere.
func TestApplyOfNull(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawAccount(t)
		cleared := account.Apply(before, account.Patch{
			Description: patch.Null[string](), PrimaryEmail: patch.Null[string](), PrimaryPhone: patch.Null[string](),
			Type: patch.Null[account.Type](), Value: patch.Null[float64](), Size: patch.Null[float64](), Contacts: patch.Null[[]int64](),
		}, environment(false))
		a := cleared.Account
		if len(cleared.Errors) > 0 || a.Description != nil || a.PrimaryEmail != nil || a.PrimaryPhone != nil || a.Type != nil ||
			a.Value != nil || a.Size != nil || len(a.Contacts) > 0 {
			t.Fatalf("%+v", cleared)
		}
		refused := account.Apply(before, account.Patch{
			Title: patch.Null[string](), Address: patch.Null[[]string](), Active: patch.Null[bool](),
			Number: patch.Null[int64](), Custom: patch.Null[map[string]any](),
		}, environment(false))
		if len(refused.Errors) != 5 {
			t.Fatalf("%+v", refused.Errors)
		}
		for key := range before.Custom {
			one := account.Apply(before, account.Patch{Custom: patch.Set(map[string]any{key: nil})}, environment(false))
			if _, there := one.Account.Custom[key]; there || len(one.Account.Custom) != len(before.Custom)-1 {
				t.Fatalf("custom.%s: %+v", key, one)
			}
		}
	})
}

// The options that a patch adds fold neither alike nor like those there are.
func TestApplyAddsNoOptionTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outcome := account.Apply(drawAccount(t), drawPatch(t), environment(true))
		seen := map[string]bool{}
		for key, p := range properties {
			for _, label := range p.Options {
				seen[key+normal.Fold(label)] = true
			}
		}
		for _, option := range outcome.NewOptions {
			if fold := option.Key + normal.Fold(option.Label); seen[fold] {
				t.Fatalf("%+v in %+v", option, outcome.NewOptions)
			} else {
				seen[fold] = true
			}
		}
	})
}

// What a custom value becomes, or why it is refused.
func TestApplyCustomValues(t *testing.T) {
	t.Parallel()
	list := func(items ...any) []any { return items }
	for _, c := range []struct {
		key         string
		value, want any
		wrong       string
	}{
		{key: "TEXT_false", value: "as is ", want: "as is "},
		{key: "TEXT_false", value: list("one"), want: "one"},
		{key: "TEXT_false", value: list(), wrong: "takes one value; got a list of 0"},
		{key: "TEXT_false", value: list("a", "b"), wrong: "takes one value; got a list of 2"},
		{key: "TEXT_false", value: true, wrong: "must be a string; got true"},
		{key: "TEXT_false", value: strings.Repeat("x", 10_001), wrong: "must be at most 10000 characters; got 10001"},
		{key: "TEXT_true", value: "bare", want: list("bare")},
		{key: "TEXT_true", value: list("b", "a", "b"), want: list("b", "a")},
		{key: "TEXT_true", value: list(), want: nil},
		{key: "NUMERIC_false", value: json.Number("1.10"), want: json.Number("1.10")},
		{key: "NUMERIC_false", value: json.Number("-0.5E+1000"), want: json.Number("-0.5E+1000")},
		{key: "NUMERIC_false", value: json.Number("1e1001"), wrong: "must have an exponent from -1000 to 1000; got 1001"},
		{key: "NUMERIC_false", value: json.Number("1E-1001"), wrong: "must have an exponent from -1000 to 1000; got -1001"},
		{key: "NUMERIC_false", value: json.Number("1e99999999999999999999"), wrong: "must have an exponent from -1000 to 1000; got 99999999999999999999"},
		{key: "NUMERIC_false", value: json.Number("1e"), wrong: `must be a number; got "1e"`},
		{key: "NUMERIC_false", value: json.Number(strings.Repeat("9", 101)), wrong: "must be a number of at most 100 characters; got 101"},
		{key: "NUMERIC_false", value: json.Number("01"), wrong: `must be a number; got "01"`},
		{key: "NUMERIC_false", value: "5", wrong: `must be a number; got "5"`},
		{key: "BOOLEAN_false", value: false, want: false},
		{key: "BOOLEAN_false", value: "true", wrong: `must be true or false; got "true"`},
		{key: "DATE_false", value: "2026-11-24", want: "2026-11-24"},
		{key: "DATE_false", value: "2026-11-24T10:00:00+05:30", want: "2026-11-24T04:30:00.000Z"},
		{key: "DATE_false", value: "2026-02-30", wrong: `must be a date such as 2026-11-24 or an RFC 3339 date-time; got "2026-02-30"`},
		{key: "DROPDOWN_false", value: " gOLD", want: "Gold"},
		{key: "DROPDOWN_false", value: "STRASSE", want: "Straße"},
		{key: "DROPDOWN_false", value: "Silver", wrong: `must be one of Gold, Straße, İstanbul, Café; got "Silver"`},
		{key: "DROPDOWN_false", value: "Golf", wrong: `must be one of Gold, Straße, İstanbul, Café; got "Golf"; did you mean "Gold"?`},
		{key: "DROPDOWN_false", value: " ", wrong: "must not be blank"},
		{key: "DROPDOWN_true", value: list("GOLD", "gold"), want: list("Gold")},
		{key: "DROPDOWN_falsy", value: "x", wrong: `is not a property of this company; did you mean "DROPDOWN_false"?`},
	} {
		t.Run(fmt.Sprint(c.key, c.value), func(t *testing.T) {
			t.Parallel()
			outcome := account.Apply(account.Account{}, account.Patch{Custom: patch.Set(map[string]any{c.key: c.value})}, environment(false))
			if c.wrong != "" {
				if len(outcome.Errors) != 1 || outcome.Errors[0].Message != "custom."+c.key+" "+c.wrong {
					t.Errorf("errors %v, want %q", outcome.Errors, c.wrong)
				}
				return
			}
			if got := outcome.Account.Custom[c.key]; !reflect.DeepEqual(got, c.want) || len(outcome.Errors) > 0 {
				t.Errorf("%v %v, want %v", got, outcome.Errors, c.want)
			}
		})
	}
}

func TestApplyLimitsOptions(t *testing.T) {
	t.Parallel()
	full := schema.Property{Key: "full", Type: schema.Dropdown}
	for i := range schema.MaxOptions {
		full.Options = append(full.Options, fmt.Sprint("Option ", i))
	}
	env := account.Env{Schema: schema.Schema{"full": full}, AllowNewOptions: true}
	outcome := account.Apply(account.Account{}, account.Patch{Custom: patch.Set(map[string]any{"full": "one more"})}, env)
	if len(outcome.Errors) != 1 || len(outcome.NewOptions) != 0 {
		t.Errorf("%+v", outcome)
	}
}
