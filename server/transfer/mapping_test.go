package transfer_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/transfer"
)

// Columns are found however they are written, and by what they are mapped to.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		mapping []string
	}{
		"otherwise written":    {"Title, ADDRESS ,Primary Email,Is_Active,custom.Text False\nA,B,a@example.com,false,x\n", nil},
		"mapped":               {"Account Name,Street,Mail,Live,Note\nA,B,a@example.com,false,x\n", []string{"Account Name=title", "street=address", "Mail=Primary Email", "Live=isActive", "Note=custom.text_false"}},
		"passed over":          {"title,address,primaryEmail,isActive,custom.text_false,Owner\nA,B,a@example.com,false,x,Jo\n", []string{"owner="}},
		"a plus in the name":   {"title,A+B,primaryEmail,isActive,custom.text_false\nA,B,a@example.com,false,x\n", []string{"A+B=address"}},
		"an = in the name":     {"title,A=B,primaryEmail,isActive,custom.text_false\nA,B,a@example.com,false,x\n", []string{"A=B=address"}},
		"a mapping file":       {"Account Name,Street,Mail,isActive,Custom.Text_False\nA,B,a@example.com,false,x\n", transfer.ParseMapping("\ufeff# comment\n\nAccount Name=title\r\nStreet=address\n  Mail=primaryEmail\n")},
		"joined, but one only": {"first,last,address,primaryEmail,isActive,custom.text_false\n,A,B,a@example.com,false,x\n", []string{"first+last=title"}},
	} {
		f := newFixture(t)
		wantCounts(t, f.importText(t, "a.csv", c.text, transfer.Options{Map: c.mapping}), 1, 0, 0, 0)
		got := f.accounts(t)[0]
		if got.Title != "A" || !reflect.DeepEqual(got.Address, []string{"B"}) || *got.PrimaryEmail != "a@example.com" || got.Active || got.Custom["text_false"] != "x" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Several columns are the values of a list, or the words of a text; and the file
// of rejects is imported by the same mapping.
func TestJoinedColumns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opts := transfer.Options{Map: []string{"First+Last=title", "BillingStreet+BillingCity+Zip=address", "Tag 1+Tag 2=custom.text_true"}}
	const text = "First,Last,BillingStreet,BillingCity,Zip,Tag 1,Tag 2,isActive\nAda,Reyes,1 Main St,,01234,x,=y,\nJo,,'=2 St,Springfield,,,,perhaps\n"
	result := f.importText(t, "a.csv", text, opts)
	wantCounts(t, result, 1, 0, 0, 1)
	mended := strings.Replace(readFile(t, result.Rejects), "perhaps", "true", 1)
	wantCounts(t, f.importText(t, "b.csv", mended, opts), 1, 0, 0, 0)
	got := f.accounts(t)
	if got[0].Title != "Ada Reyes" || !reflect.DeepEqual(got[0].Address, []string{"1 Main St", "01234"}) || !reflect.DeepEqual(got[0].Custom["text_true"], []any{"x", "=y"}) {
		t.Errorf("%+v", got[0])
	}
	if got[1].Title != "Jo" || !reflect.DeepEqual(got[1].Address, []string{"=2 St", "Springfield"}) {
		t.Errorf("%+v", got[1])
	}
}

func TestWrongMappings(t *testing.T) {
	t.Parallel()
	for mapping, want := range map[string]string{
		"Nam=title":             `column "Nam", which the file does not have; did you mean "Name"?`,
		"Name=titel":            `column "titel" is not known; did you mean "title"?`,
		"Name":                  "COLUMN=MEMBER",
		"Name=address":          `"address" appears twice`,
		"Name+Nobody=title":     `column "Nobody"`,
		"Name=custom.text fals": `did you mean "custom.text_false"?`,
	} {
		f := newFixture(t)
		_, err := f.importFile(t.Context(), t, f.write(t, "a.csv", "Name,address\nA,B\n"), transfer.Options{Map: []string{mapping}})
		if fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", mapping, err, want)
		}
	}
}

// Cells are read as the file writes values, and are not where that fails.
func TestCells(t *testing.T) {
	t.Parallel()
	const header = "title,address,value,isActive,primaryEmail,custom.date_false,custom.date_true,custom.numeric_false,custom.numeric_true,custom.boolean_true,custom.text_true\n"
	german := transfer.Cells{DateFormat: "DD.MM.YYYY", Decimal: ",", True: []string{"ja", "j"}, False: []string{"nein"}, Null: []string{"n/a", "-"}, Split: ";"}
	f := newFixture(t)
	text := header + `A,1 St; Springfield,"1.234,50",Nein,N/A,24.11.2026,1.2.2026;24.11.2026,"-0,5","1,5;2",ja;nein,x; y ;` + "\n"
	wantCounts(t, f.importText(t, "a.csv", text, transfer.Options{Cells: german}), 1, 0, 0, 0)
	got := f.accounts(t)[0]
	const want = `{"boolean_true":[true,false],"date_false":"2026-11-24","date_true":["2026-02-01","2026-11-24"],"numeric_false":-0.5,"numeric_true":[1.5,2],"text_true":["x","y"]}`
	custom, err := json.Marshal(got.Custom)
	if err != nil || string(custom) != want || !reflect.DeepEqual(got.Address, []string{"1 St", "Springfield"}) || *got.Value != 1234.5 || got.Active || got.PrimaryEmail != nil {
		t.Errorf("got %+v\n%s\nwant %s", got, custom, want)
	}
	for name, c := range map[string]struct {
		cells      transfer.Cells
		row, wants string
	}{
		"a point is no decimal comma": {german, "A,B,1.5,,,,,,,,", "value must be a number"},
		"groups of two":               {german, `A,B,"1.23.456,0",,,,,,,,`, "value must be a number"},
		"another date":                {german, "A,B,,,,31.2.2026,,,,,", "custom.date_false must be"},
		"American date":               {german, "A,B,,,,11/24/2026,,,,,", "custom.date_false must be"},
		"another word":                {german, "A,B,,yes,,,,,,,", "isActive must be true or false"},
		"without the option":          {transfer.Cells{}, `A,B,"1,5",,,,,,,,`, "value must be a number"},
		"a comma that parts nothing":  {transfer.Cells{Decimal: "."}, `A,B,"1,5",,,,,,,,`, "value must be a number"},
	} {
		f := newFixture(t)
		result := f.importText(t, "a.csv", header+c.row+"\n", transfer.Options{Cells: c.cells})
		wantCounts(t, result, 0, 0, 0, 1)
		if len(result.First) != 1 || !strings.Contains(result.First[0].Reasons[0], c.wants) {
			t.Errorf("%s: %+v", name, result.First)
		}
	}
}

func TestDateFormats(t *testing.T) {
	t.Parallel()
	for format, c := range map[string][2]string{
		"MM/DD/YYYY": {"11/4/2026", "2026-11-04"}, "DD-MMM-YY": {"24-Nov-26", "2026-11-24"}, "D.M.YY": {"4.3.26", "2026-03-04"},
		"YYYYMMDD": {"20261124", "2026-11-24"}, "YYYY-MM-DD HH:mm:ss": {"2026-11-24 10:00:30", "2026-11-24T10:00:30.000Z"},
		"YYYY": {}, "tomorrow": {}, "MM.YYYY": {},
	} {
		f := newFixture(t)
		path := f.write(t, "a.csv", "title,address,custom.date_false\nA,B,"+c[0]+"\n")
		_, err := f.importFile(t.Context(), t, path, transfer.Options{MatchBy: account.MatchNone, Cells: transfer.Cells{DateFormat: format}})
		if c[1] == "" {
			if fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), "--date-format") {
				t.Errorf("%s: %v", format, err)
			}
			continue
		}
		if got := f.accounts(t); err != nil || len(got) != 1 || got[0].Custom["date_false"] != c[1] {
			t.Errorf("%s: %v %+v", format, err, got)
		}
	}
}

// A rejected row tells where it was, also when it was rejected before.
func TestRejectsTellTheLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	result := f.importText(t, "a.csv", "title,address\nA,\"1 St\nSpringfield\"\n,\nB,\n", transfer.Options{})
	if got := readFile(t, result.Rejects); got != "title,address,line,errors\nB,,5,address is required\n" {
		t.Errorf("got %q", got)
	}
	again := f.importText(t, "b.csv", readFile(t, result.Rejects), transfer.Options{})
	wantCounts(t, again, 0, 0, 0, 1)
	if got := readFile(t, again.Rejects); got != "title,address,line,errors\nB,,2,address is required\n" {
		t.Errorf("got %q", got)
	}
}
