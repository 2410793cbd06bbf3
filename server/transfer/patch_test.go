package transfer_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/transfer"
	"github.com/accountsd/accountsd/server/write"
)

// anything is JSON that few members take.
var anything = rapid.SampledFrom([]string{
	`null`, `true`, `5`, `5.0`, `1e3`, `1.50`, `-1`, `0.0`, `1e400`, `1e-400`, `9223372036854775808`, `"x"`, `""`, `" "`, `"5"`, `[]`, `["a"]`, `[1.0]`, `[null]`, `{}`,
	`{"id":1.0}`, `[{"id":1.5}]`, `"2026-11-24T10:00:00Z"`, `"COMMERCIAL"`, `"Gold"`, `"gold"`, `"Golf"`, `"ada@example.com"`, `["a","a",true]`, `[[]]`,
})

// right has values that the members take; CONTACT is the id of a contact.
var right = map[string][]string{
	"title": {`"Harbor"`, `" Pier "`}, "description": {`null`, `"d"`, `""`}, "address": {`["a"]`, `["a","b & c"]`}, "isActive": {`true`, `false`},
	"primaryEmail": {`"Ada@Example.com"`, `null`}, "primaryPhone": {`"(415) 555-0142"`, `"none 5"`, `null`}, "number": {`7.0`, `80`, `9e2`},
	"accountType": {`"COMMERCIAL"`, `null`}, "type": {`"COMMERCIAL"`, `null`}, "value": {`1.50`, `0`, `-1e3`, `null`}, "size": {`5.0`, `null`},
	"contacts": {`[]`, `null`, `[CONTACT.0]`, `[{"id":CONTACT,"name":"echo"},CONTACT]`}, "createdAt": {`"2026-11-24T10:00:00Z"`}, "updatedAt": {`"2026-11-24T10:00:00.5+01:00"`},
	"createdBy": {`null`, `{"id":1,"name":"x"}`}, "updatedBy": {`null`, `{}`},
	"custom.text_false": {`"x"`, `null`, `["one"]`}, "custom.text_true": {`["b","a"]`, `"bare"`, `[]`}, "custom.numeric_false": {`1.10`, `null`}, "custom.numeric_true": {`[1,1.0]`},
	"custom.boolean_false": {`true`}, "custom.boolean_true": {`[false]`}, "custom.date_false": {`"2026-11-24"`}, "custom.date_true": {`["2026-11-24T10:00:00+05:30"]`},
	"custom.dropdown_false": {`" gOLD"`}, "custom.dropdown_true": {`["Gold","gold"]`},
}

// drawBody draws the body of a PATCH of an account, which may be wrong.
func drawBody(t *rapid.T, id, contact int64) string {
	names := rapid.SliceOfDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(right))), rapid.ID).Draw(t, "names")
	chance := rapid.IntRange(0, 3).Draw(t, "wrong in ten")
	members, custom := []string{fmt.Sprintf(`"id":%d.0`, id)}, []string{}
	for _, name := range names {
		value := rapid.SampledFrom(right[name]).Draw(t, name)
		if rapid.IntRange(1, 10).Draw(t, "chance") <= chance {
			value = anything.Draw(t, "any "+name)
		}
		value = strings.ReplaceAll(value, "CONTACT", fmt.Sprint(contact))
		if key, ok := strings.CutPrefix(name, "custom."); ok {
			custom = append(custom, fmt.Sprintf("%q:%s", key, value))
		} else {
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
	}
	if len(custom) > 0 {
		members = append(members, `"custom":{`+strings.Join(custom, ",")+`}`)
	} else if rapid.IntRange(0, 9).Draw(t, "any custom") == 0 {
		members = append(members, `"custom":`+anything.Filter(func(s string) bool { return !strings.HasPrefix(s, "{") }).Draw(t, "custom"))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// parse reads a body as it is sent.
func parse(t fatal, f *fixture, body string) account.Patch {
	value, _, err := jsonvalue.Decode([]byte(body))
	if err != nil {
		t.Fatal(body, err)
	}
	return f.Accounts.Parse(value)
}

// create makes an account to patch.
func (f *fixture) create(t fatal) account.Account {
	made, err := f.Intake.Create(context.Background(), f.actor, intake.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
		Title: patch.Set("Start"), Address: patch.Set([]string{"1 Main St"}), Description: patch.Set("d"),
		Custom: patch.Set(map[string]any{"text_false": "x", "numeric_true": []any{json.Number("1")}}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return made.Account
}

// shown is what callers see of an account but for the time of its last write.
func shown(t fatal, a account.Account) string {
	a.UpdatedAt = time.Time{}
	text, err := json.Marshal(server.ToAPIAccount(a))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantSameAsPatch imports a file of one account, with which must become of it
// what a PATCH with the body makes of it, or be rejected for the same reasons.
func (f *fixture) wantSameAsPatch(t fatal, before account.Account, name, text, body string) {
	ctx := context.Background()
	want, wrong := f.Accounts.Update(ctx, f.actor, account.UpdateRequest{ID: before.ID, Patch: parse(t, f, body), Mode: write.Mode[account.Account]{DryRun: true}})
	counts := intake.ImportCounts{Unchanged: 1}
	var reasons []string
	if wrong != nil {
		refused, _ := errors.AsType[*fault.Error](wrong)
		for _, o := range fault.Offences(refused.Fields).Distinct() {
			reasons = append(reasons, o.Message)
		}
		counts, want = intake.ImportCounts{Rejected: 1}, before
	} else if want.Version != before.Version {
		counts = intake.ImportCounts{Updated: 1}
	}
	result := f.importText(t, name, text, transfer.Options{MatchBy: account.MatchID})
	after, err := f.Accounts.Get(ctx, f.actor, before.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rejection := range result.First {
		got = rejection.Reasons
	}
	if result.Counts != counts || !slices.Equal(got, reasons) || shown(t, after) != shown(t, want) {
		t.Fatal(fmt.Sprintf("%s\nas %s\ngot  %+v %q\n     %s\nwant %+v %q\n     %s", text, body, result.Counts, got, shown(t, after), counts, reasons, shown(t, want)))
	}
}

// A line of NDJSON means what the body of a PATCH means.
func TestLineIsBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	contact, drawn := f.addContacts(t, 1)[0], 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		before := f.create(t)
		body := drawBody(t, before.ID, contact)
		f.wantSameAsPatch(t, before, fmt.Sprintf("%d.ndjson", drawn), body, body)
	})
}

// cells are what a cell may hold, and what it says as JSON has it.
var cells = map[string][][2]string{
	"title":       {{"Harbor", `"Harbor"`}, {" ", `" "`}, {`""""`, `"\"\""`}},
	"description": {{"", `null`}, {"a & b", `"a & b"`}, {`""`, `""`}, {"[1]", `"[1]"`}},
	"address":     {{"1 Main St", `["1 Main St"]`}, {`["a","b"]`, `["a","b"]`}, {`["a",1.50]`, `["a",1.50]`}, {`[]`, `[]`}},
	"isActive":    {{"TRUE", `true`}, {" false", `false`}, {"yes", `"yes"`}}, "primaryEmail": {{"", `null`}, {"Ada@Example.com", `"Ada@Example.com"`}, {"nobody", `"nobody"`}},
	"primaryPhone": {{"415-555-0142", `"415-555-0142"`}, {"none", `"none"`}}, "number": {{"7.0", `7.0`}, {" 8e1", `8e1`}, {"1.50", `1.50`}, {"0.0", `0.0`}, {"1e400", `1e400`}},
	"accountType": {{"COMMERCIAL", `"COMMERCIAL"`}, {"", `null`}, {"house", `"house"`}}, "value": {{"1.50", `1.50`}, {"", `null`}, {"1e400", `1e400`}, {"-1E16", `-1E16`}},
	"size": {{"5.0", `5.0`}, {"", `null`}}, "contacts": {{"", `null`}, {"CONTACT.0", `[CONTACT.0]`}, {"[CONTACT,1.5]", `[CONTACT,1.5]`}, {"0", `[0]`}},
	"custom.text_false": {{"x", `"x"`}, {"", `null`}, {`""`, `""`}}, "custom.text_true": {{`["b","a"]`, `["b","a"]`}, {"a", `"a"`}},
	"custom.numeric_false": {{"1.10", `1.10`}, {"1e1001", `1e1001`}}, "custom.numeric_true": {{"[1.0,2]", `[1.0,2]`}, {"3.0", `3.0`}, {`[1,"x"]`, `[1,"x"]`}},
	"custom.boolean_false": {{"True", `true`}, {"1", `"1"`}}, "custom.date_false": {{"2026-11-24", `"2026-11-24"`}, {"today", `"today"`}}, "custom.dropdown_false": {{" gold", `" gold"`}, {"Golf", `"Golf"`}},
}

// formed are values that have a normal form, which is the same by every way in.
// What is refused has none.
var formed = []struct{ member, text, stored string }{
	{"title", "\u200b Harbor\ufeff", "Harbor"}, {"title", "\u202aHarbor\u202c", "Harbor"}, {"title", "\u2060", ""}, {"title", "👩\u200d👧 Home", "👩\u200d👧 Home"},
	{"description", "\u00adx\u2069", "x"}, {"address", "\u200e2 Main St\u200f", "2 Main St"}, {"address", "\u200e", ""},
	{"primaryEmail", "a\u00adda@EXAMPLE.com\u200b", "ada@example.com"}, {"primaryEmail", "jose\u0301@example.com", "josé@example.com"},
	{"primaryEmail", "ada@MU\u0308NCHEN.example", "ada@münchen.example"}, {"primaryEmail", "ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"},
	{"primaryEmail", `"a b"@c.example`, `"a b"@c.example`}, {"primaryEmail", "ada@[IPv6:::1]", "ada@[ipv6:::1]"}, {"primaryEmail", "Ada <a@b.example>", ""},
	{"primaryPhone", "0415 555 012", "0415 555 012"}, {"primaryPhone", "0049 30 901820", "+4930901820"}, {"primaryPhone", "001 415 555 0142", "+14155550142"},
	{"primaryPhone", "＋１４１５５５５０１４２", "+14155550142"}, {"primaryPhone", "٤١٥٥٥٥٠١٤٢", "+14155550142"}, {"primaryPhone", "\u202a(415)\u200b 555-0142\u202c", "+14155550142"},
	{"custom.text_false", "\ufeffy\u200b", "y"}, {"custom.dropdown_false", "\u200bgold\ufeff", "Gold"},
	{"custom.date_false", "2026-11-24t10:00:00z", "2026-11-24T10:00:00.000Z"}, {"custom.date_false", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, {"custom.date_false", "2026-11-24T10:00:00+0530", ""},
	{"custom.date_false", "2026-11-24T24:00:00Z", ""}, {"custom.date_false", "2026-11-24T9:00:00Z", ""},
}

// Whatever way a text comes in, what is stored of it is the same.
func TestFormsOfTexts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, c := range formed {
		value, err := json.Marshal(c.text)
		if err != nil {
			t.Fatal(err)
		}
		body := string(value)
		if c.member == "address" {
			body = "[" + body + "]"
		}
		key, custom := strings.CutPrefix(c.member, "custom.")
		body = fmt.Sprintf("%q:%s", key, body)
		if custom {
			body = `"custom":{` + body + "}"
		}
		for _, format := range []string{"ndjson", "csv"} {
			before := f.create(t)
			body := fmt.Sprintf(`{"id":%d,%s}`, before.ID, body)
			text := body
			if format == "csv" {
				text = fmt.Sprintf("id,%s\n%d,\"%s\"\n", c.member, before.ID, strings.ReplaceAll(c.text, `"`, `""`))
			}
			f.wantSameAsPatch(t, before, fmt.Sprintf("%d.%s", i, format), text, body)
			after, err := f.Accounts.Get(t.Context(), f.actor, before.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := json.Marshal(c.stored)
			if err != nil {
				t.Fatal(err)
			}
			if isRefused := c.stored == ""; isRefused != (after.Version == before.Version) || !isRefused && !strings.Contains(shown(t, after), string(stored)) {
				t.Errorf("%s %q as %s: %s", c.member, c.text, format, shown(t, after))
			}
		}
	}
}

// Rows find accounts by the forms in which values are compared, and searches do.
func TestFormsThatMatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.importText(t, "a.csv", "title,address,primaryEmail,primaryPhone\nJosé O’Neil,1 Main St,josé@münchen.example,+4930901820\n", transfer.Options{})
	for i, c := range []struct {
		by   account.MatchBy
		text string
	}{
		{account.MatchTitle, "Jose\u0301 O’Neil\u200b"}, {account.MatchAddress, "\ufeff1 MAIN ST"}, {account.MatchEmail, "jose\u0301@xn--mnchen-3ya.example"},
		{account.MatchPhone, "0049 30 901820"}, {account.MatchPhone, "＋４９３０９０１８２０"},
	} {
		text := fmt.Sprintf("%s,value\n%s,%d\n", c.by, c.text, i+1)
		wantCounts(t, f.importText(t, fmt.Sprintf("%d.csv", i), text, transfer.Options{MatchBy: c.by, Strategy: intake.StrategyUpdate}), 0, 1, 0, 0)
		line, err := json.Marshal(map[string]any{string(c.by): c.text, "value": -i - 1})
		if c.by == account.MatchAddress {
			line, err = json.Marshal(map[string]any{string(c.by): []string{c.text}, "value": -i - 1})
		}
		if err != nil {
			t.Fatal(err)
		}
		wantCounts(t, f.importText(t, fmt.Sprintf("%d.ndjson", i), string(line), transfer.Options{MatchBy: c.by, Strategy: intake.StrategyUpdate}), 0, 1, 0, 0)
	}
	for _, words := range []string{"jose", "JOSÉ o'neil", "oneil@", "90 1820"} {
		filter, err := account.ListFilters{Words: words}.Filter()
		if err != nil {
			t.Fatal(err)
		}
		found, err := f.store.Accounts(t.Context(), f.actor.CompanyID, account.Query{Filter: filter, Page: query.Page{Limit: 10}})
		if want := words != "oneil@"; err != nil || (len(found) == 1) != want {
			t.Errorf("%q finds %d, %v", words, len(found), err)
		}
	}
}

// A row of CSV means what a PATCH means whose body says the same.
func TestRowIsBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	contact, drawn := f.addContacts(t, 1)[0], 0
	names := slices.Sorted(maps.Keys(cells))
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		before := f.create(t)
		header, row := []string{"id"}, []string{fmt.Sprintf("%d.0", before.ID)}
		members, custom := []string{fmt.Sprintf(`"id":%d`, before.ID)}, []string{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "names") {
			cell := rapid.SampledFrom(cells[name]).Draw(t, name)
			header, row = append(header, name), append(row, strings.ReplaceAll(cell[0], "CONTACT", fmt.Sprint(contact)))
			value := strings.ReplaceAll(cell[1], "CONTACT", fmt.Sprint(contact))
			if key, ok := strings.CutPrefix(name, "custom."); ok {
				custom = append(custom, fmt.Sprintf("%q:%s", key, value))
			} else {
				members = append(members, fmt.Sprintf("%q:%s", name, value))
			}
		}
		var text strings.Builder
		if err := csv.NewWriter(&text).WriteAll([][]string{header, row}); err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{%s,"custom":{%s}}`, strings.Join(members, ","), strings.Join(custom, ","))
		f.wantSameAsPatch(t, before, fmt.Sprintf("%d.csv", drawn), text.String(), body)
	})
}
