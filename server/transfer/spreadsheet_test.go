package transfer_test

import (
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/transfer"
)

// What spreadsheets leave in a file is not taken for data.
func TestTracesOfSpreadsheets(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty columns on the right":        "title,address,,,\nA,1 Main St,,,\n",
		"shorter rows than empty columns":   "title,address,,,\nA,1 Main St\n",
		"empty cells beyond the header":     "title,address\nA,1 Main St,, ,\n",
		"an empty column between":           "title,,address\nA,,1 Main St\n",
		"empty rows":                        "title,address\n,\nA,1 Main St\n , \n,,,\n",
		"a separator":                       "sep=,\ntitle,address\nA,1 Main St\n",
		"a quoted separator of Windows":     "\"sep=,\"\r\ntitle,address\r\nA,1 Main St\r\n",
		"a separator behind the mark":       "\ufeffSEP=,\ntitle,address\nA,1 Main St\n",
		"empty rows before and after quote": "title,address\n\n\"\",\"\"\n\"A\",1 Main St\n",
	} {
		f := newFixture(t)
		wantCounts(t, f.importText(t, "a.csv", text, transfer.Options{}), 1, 0, 0, 0)
		if got := f.accounts(t); len(got) != 1 || got[0].Title != "A" || got[0].Address[0] != "1 Main St" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What is not empty is told by its place.
func TestCellsWithoutColumn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"title,address,,\nA,B,x,\n":            `column 3 has no name, but holds "x"`,
		"title,,address\nA,x,B\n":              `column 2 has no name, but holds "x"`,
		"title,address\nA,B,,x\n":              `the row has 4 cells, but the header names 2 columns: column 4 has no name, but holds "x"`,
		"sep=,\ntitle,address\n,,\nA,B,x\n":    `column 3 has no name, but holds "x"`,
		"title,address,isActive\nA,B\n":        "the row has 2 cells, but the header names 3 columns",
		"title,address,primaryPhone,,\nA,B,,y": "column 4 has no name",
	} {
		f := newFixture(t)
		result := f.importText(t, "a.csv", text, transfer.Options{})
		wantCounts(t, result, 0, 0, 0, 1)
		if len(result.First) != 1 || !strings.Contains(result.First[0].Reasons[0], want) || result.First[0].Line != strings.Count(strings.TrimSuffix(text, "\n"), "\n")+1 {
			t.Errorf("%q: got %+v, want %q", text, result.First, want)
		}
	}
}

// No spreadsheet runs what was rejected, and once corrected it is what it was.
func TestRejectedFormulas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.write(t, "a.csv", "title,address,description,value\n=1+1,,\"@SUM(1)\",-5\n\"'=2+2\",,+1 415,\"+1,5\"\n-,\"\",\"\t=x\",x\n")
	result, err := f.importFile(t.Context(), t, path, transfer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, result, 0, 0, 0, 3)
	rejected := readFile(t, result.Rejects)
	for _, want := range []string{"\n'=1+1,,'@SUM(1),-5,2,", "\n'=2+2,,'+1 415,\"+1,5\",3,", "\n'-,,'\t=x,x,4,"} {
		if !strings.Contains(rejected, want) {
			t.Errorf("%q is not in\n%s", want, rejected)
		}
	}
	mended := strings.NewReplacer(",,'", ",1 Pier,'", "+1,5", "1.5", ",x,", ",0,").Replace(rejected)
	wantCounts(t, f.importText(t, "b.csv", mended, transfer.Options{}), 3, 0, 0, 0)
	got := f.accounts(t)
	for i, want := range []string{"=1+1 @SUM(1)", "=2+2 +1 415", "- =x"} {
		if text := got[i].Title + " " + strings.TrimSpace(*got[i].Description); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
}

// A phone number of which a spreadsheet has lost digits replaces no good one.
func TestShortenedPhone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.importText(t, "a.csv", "title,address,primaryPhone\nA,B,+14155550101\n", transfer.Options{})
	for i, phone := range []string{"1.41556E+10", "1,41556E+10", "1E+10", "+1.4e+10", " 1.41556E+10 ", "'+1.41556E+10"} {
		result := f.importText(t, "b.csv", "title,primaryPhone\nA,\""+phone+"\"\n", transfer.Options{Strategy: intake.StrategyUpdate, Rejected: f.write(t, fmt.Sprint(i), "")})
		wantCounts(t, result, 0, 0, 0, 1)
		if !strings.Contains(result.First[0].Reasons[0], "primaryPhone is a number that a spreadsheet has shortened") {
			t.Errorf("%s: %+v", phone, result.First)
		}
	}
	// Of several columns any may be it.
	joined := f.importText(t, "c.csv", "title,Country,Number\nA,+1,4.15556E+9\nA,1E+10,\nA,+1,\"=4.15\"\n", transfer.Options{Strategy: intake.StrategyUpdate, Map: []string{"Country+Number=primaryPhone"}, Rejected: f.write(t, "joined", "")})
	if len(joined.First) != 2 || joined.First[0].Line != 2 || joined.First[1].Line != 3 || !strings.Contains(joined.First[0].Reasons[0]+joined.First[1].Reasons[0], "primaryPhone is a number that a spreadsheet has shortened") {
		t.Errorf("%+v", joined)
	}
	f.importText(t, "d.csv", "title,primaryPhone\nA,+14155550101\n", transfer.Options{Strategy: intake.StrategyUpdate})
	if got := f.accounts(t); *got[0].PrimaryPhone != "+14155550101" {
		t.Errorf("stored %s", *got[0].PrimaryPhone)
	}
}

// An integer is one with a fraction of zero, too: programs that know missing
// values write it so.
func TestIntegersWithZeroFraction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	contacts := f.addContacts(t, 2)
	if contacts[0] != 1 || contacts[1] != 2 {
		t.Fatal(contacts)
	}
	wantCounts(t, f.importText(t, "a.csv", "title,address,number,contacts\nA,B,177.0,\"[1.0,2.00]\"\nC,D,178.0,2.0\n", transfer.Options{}), 2, 0, 0, 0)
	wantCounts(t, f.importText(t, "b.csv", "id,title\n1.0,A2\n2.00,C2\n2.5,C3\n", transfer.Options{}), 0, 2, 0, 1)
	got := f.accounts(t)
	if got[0].Number != 177 || got[1].Number != 178 || got[0].Title != "A2" || got[1].Title != "C2" || len(got[0].Contacts) != 2 || len(got[1].Contacts) != 1 {
		t.Errorf("%+v", got)
	}
}

// formulas are texts that a spreadsheet would run, or that look guarded.
var formulas = []string{"=1+1", `=HYPERLINK("http://x.example","y")`, "+1", "-2+3", "@SUM(1)", "\t=1", "\rx", "'=1", "''=1", "'+1", "'\tx", "=", "'-"}

// No cell of an export is one that a spreadsheet runs, and all texts come back
// as they went.
func TestFormulasAreGuarded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	harmless := []string{"'", "''", "'quoted'", "a=b", " =1", "1-2", "'a"}
	for _, text := range append(formulas, harmless...) {
		p := account.Patch{
			Title: patch.Set(text), Description: patch.Set(text), Address: patch.Set([]string{text}),
			PrimaryPhone: patch.Set("+14155550101"), PrimaryEmail: patch.Set("+a@example.com"), Value: patch.Set(-5.0),
			Custom: patch.Set(map[string]any{"text_false": text, "text_true": []any{text}, "dropdown_false": text, "dropdown_true": []any{text, "Gold"}}),
		}
		req := intake.CreateRequest{MatchBy: account.MatchNone, AllowNewOptions: true, Patch: p}
		if _, err := f.Intake.Create(t.Context(), f.actor, req); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	before := f.accounts(t)
	text := f.export(t, transfer.CSV)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") && rows[0][i] != "value" {
				t.Errorf("%s: %q runs", rows[0][i], cell)
			}
		}
	}
	wantCounts(t, f.importText(t, "a.csv", text, transfer.Options{}), 0, 0, int64(len(before)), 0)
	// Other accounts that are made of the file are the same.
	fresh := newFixture(t)
	fresh.addContacts(t, len(before)) // with the ids of those that the first ones have
	wantCounts(t, fresh.importText(t, "b.csv", text, transfer.Options{MatchBy: account.MatchNone, AllowNewOptions: true}), int64(len(before)), 0, 0, 0)
	for i, got := range fresh.accounts(t) {
		want := before[i]
		if got.Title != want.Title || *got.Description != *want.Description || got.Address[0] != want.Address[0] || *got.PrimaryPhone != *want.PrimaryPhone ||
			*got.PrimaryEmail != *want.PrimaryEmail || *got.Value != *want.Value || !reflect.DeepEqual(got.Custom, want.Custom) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}
