package transfer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/transfer"
)

// texts are texts that a format might take for something else.
var texts = rapid.OneOf(
	rapid.StringN(0, 12, -1),
	rapid.SampledFrom([]string{
		"", " ", "\"", "\"\"", "\"\"\"", "\"\"\"\"", "[]", "[1]", `["a"]`, ` ["a"]`, "[", "[x]", "null", "true", "1.10", "a\r\nb", "a\rb", "\n", "\r\n", "\r",
		"a\r\r\nb", "\"\r\n\"", "a,b;c", `\.`, "=1+1", "\ufeffx", " padded ", "\t", "<b>&\u2028</b>", "errors", "{}", "# x",
	}),
	rapid.SampledFrom(formulas),
).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) })

var numbers = rapid.SampledFrom([]json.Number{"0", "-0", "1.10", "12345678901234567890.123", "1e2", "1E+400", "100000000000000000000"})

// customItem draws a value of a property.
func customItem(t *rapid.T, p schema.Property) any {
	switch p.Type {
	case schema.Numeric:
		return numbers.Draw(t, "number")
	case schema.Boolean:
		return rapid.Bool().Draw(t, "boolean")
	case schema.Date:
		return rapid.SampledFrom([]string{"2026-11-24", "2026-11-24T10:00:00+05:30"}).Draw(t, "date")
	case schema.Dropdown:
		return rapid.SampledFrom(p.Options).Draw(t, "option")
	}
	return texts.Draw(t, "text")
}

func drawCustom(t *rapid.T, properties []schema.Property) map[string]any {
	custom := map[string]any{}
	for _, p := range properties {
		if rapid.Bool().Draw(t, p.Key) {
			continue
		}
		custom[p.Key] = customItem(t, p)
		if p.Multiple {
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "items") {
				list = append(list, customItem(t, p))
			}
			custom[p.Key] = list
		}
	}
	return custom
}

func maybe[T any](t *rapid.T, name string, g *rapid.Generator[T]) patch.Field[T] {
	if rapid.Bool().Draw(t, name+" is there") {
		return patch.Set(g.Draw(t, name))
	}
	return patch.Field[T]{}
}

// drawNew draws an account to make, which may be wrong.
func drawNew(t *rapid.T, f *fixture, contacts []int64) account.Patch {
	lines := rapid.SliceOfN(texts.Filter(func(s string) bool { return strings.TrimSpace(s) != "" }), 1, 3)
	return account.Patch{
		Title:        patch.Set("T" + texts.Draw(t, "title")),
		Description:  maybe(t, "description", texts),
		Address:      patch.Set(lines.Draw(t, "address")),
		Active:       maybe(t, "active", rapid.Bool()),
		PrimaryEmail: maybe(t, "email", rapid.SampledFrom([]string{"Ada@Example.com", `"a,b"@example.com`})),
		PrimaryPhone: maybe(t, "phone", rapid.SampledFrom([]string{"(415) 555-0142", "415-555-0142 x7", "call 5", "[5]", "+49 30 901820", "+14155550101"})),
		Type:         maybe(t, "type", rapid.SampledFrom(account.Types)),
		Value:        maybe(t, "value", rapid.OneOf(rapid.Float64Range(-account.MaxAmount, account.MaxAmount), rapid.SampledFrom([]float64{0, 1e15, 0.1, 1e-300}))),
		Size:         maybe(t, "size", rapid.SampledFrom([]float64{0, 1234567, -1.5})),
		Custom:       patch.Set(drawCustom(t, f.properties)),
		Contacts:     maybe(t, "contacts", rapid.SliceOfNDistinct(rapid.SampledFrom(contacts), 0, 3, rapid.ID[int64])),
	}
}

// An exported file that is imported again changes nothing, in either format,
// and makes the same accounts where there are none, but for what the server
// assigns.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		made++
		f.addCompany(t, fmt.Sprintf("Company %d", made))
		contacts := f.addContacts(t, 3)
		for range rapid.IntRange(1, 5).Draw(t, "accounts") {
			_, err := f.Intake.Create(context.Background(), f.actor, intake.CreateRequest{Patch: drawNew(t, f, contacts), MatchBy: account.MatchNone})
			if err != nil && fault.KindOf(err) != fault.KindInvalid {
				t.Fatal(err)
			}
		}
		for _, format := range []transfer.Format{transfer.CSV, transfer.NDJSON} {
			before, changes := f.accounts(t), f.changes(t)
			text := f.export(t, format)
			result := f.importText(t, "round."+string(format), text, transfer.Options{MatchBy: account.MatchID})
			if result.Counts.Unchanged != int64(len(before)) || result.Counts.Rows() != int64(len(before)) || f.changes(t) != changes {
				t.Fatalf("%s: %+v %+v\n%s", format, result.Counts, result.First, text)
			}
			if after := f.accounts(t); !reflect.DeepEqual(after, before) {
				t.Fatalf("%s: got %+v, want %+v\n%s", format, after, before, text)
			}
			f.wantSame(t, before, text, format)
		}
	})
}

// wantSame imports a file as new accounts, which must be like those of before.
func (f *fixture) wantSame(t *rapid.T, before []account.Account, text string, format transfer.Format) {
	result := f.importText(t, "again."+string(format), text, transfer.Options{MatchBy: account.MatchNumber, Strategy: intake.StrategyReplace})
	if result.Counts.Unchanged != int64(len(before)) {
		t.Fatalf("%s: replaced: %+v %+v", format, result.Counts, result.First)
	}
	if len(before) == 0 {
		return
	}
	// Emptied of all that can be cleared, they become again what they were.
	empty := "number,title,address\n"
	for _, a := range before {
		empty += fmt.Sprintf("%d,cleared,cleared\n", a.Number)
	}
	result = f.importText(t, "empty.csv", empty, transfer.Options{MatchBy: account.MatchNumber, Strategy: intake.StrategyReplace})
	if result.Counts.Updated != int64(len(before)) {
		t.Fatalf("%s: cleared: %+v %+v", format, result.Counts, result.First)
	}
	result = f.importText(t, "restored."+string(format), text, transfer.Options{})
	if result.Counts.Updated != int64(len(before)) {
		t.Fatalf("%s: restored: %+v %+v", format, result.Counts, result.First)
	}
	after := f.accounts(t)
	for i := range after { // Only the write itself may show.
		after[i].Version, after[i].UpdatedAt, after[i].UpdatedBy = before[i].Version, before[i].UpdatedAt, before[i].UpdatedBy
	}
	if !reflect.DeepEqual(after, before) {
		t.Fatalf("%s: got %+v, want %+v\n%s", format, after, before, text)
	}
}
