package transfer_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/transfer"
)

func encoded(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	got, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A file says the same however it is written, and so do its rejects under the
// same command.
func TestDialects(t *testing.T) {
	t.Parallel()
	const plain = "title,address,isActive\nCafé,\"1 Main St, Köln\",true\nBad,2 St,maybe\n"
	by := func(delimiter string) string {
		const comma = "\x00"
		text := strings.ReplaceAll(strings.ReplaceAll(plain, "St, ", "St"+comma), ",", delimiter)
		return strings.ReplaceAll(strings.ReplaceAll(text, comma, ", "), `"`, "")
	}
	semicolons := by(";")
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	for name, c := range map[string]struct {
		text    string
		dialect transfer.Dialect
	}{
		"commas":                       {plain, transfer.Dialect{}},
		"semicolons":                   {semicolons, transfer.Dialect{}},
		"semicolons with mark":         {"\ufeff" + semicolons, transfer.Dialect{}},
		"semicolons by sep":            {"sep=;\r\n" + semicolons, transfer.Dialect{}},
		"semicolons said":              {semicolons, transfer.Dialect{Delimiter: ";"}},
		"tabs":                         {by("\t"), transfer.Dialect{}},
		"tabs said":                    {by("\t"), transfer.Dialect{Delimiter: "tab"}},
		"pipes":                        {by("|"), transfer.Dialect{}},
		"another":                      {by("~"), transfer.Dialect{Delimiter: "~"}},
		"UTF-16 LE":                    {encoded(t, le, plain), transfer.Dialect{}},
		"UTF-16 BE":                    {encoded(t, be, plain), transfer.Dialect{}},
		"UTF-16 LE without mark":       {encoded(t, le, plain)[2:], transfer.Dialect{}},
		"UTF-16 BE without mark":       {encoded(t, be, plain)[2:], transfer.Dialect{}},
		"Windows-1252":                 {encoded(t, charmap.Windows1252, semicolons), transfer.Dialect{Encoding: "windows-1252"}},
		"Latin 1":                      {encoded(t, charmap.Windows1252, plain), transfer.Dialect{Encoding: "latin1"}},
		"a mark before what was said":  {"\ufeff" + plain, transfer.Dialect{Encoding: "windows-1252"}},
		"carriage returns":             {strings.ReplaceAll(plain, "\n", "\r"), transfer.Dialect{}},
		"carriage returns, semicolons": {strings.ReplaceAll(semicolons, "\n", "\r"), transfer.Dialect{}},
		"carriage returns by sep":      {"sep=;\r" + strings.ReplaceAll(semicolons, "\n", "\r"), transfer.Dialect{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			result := f.importText(t, "a.csv", c.text, transfer.Options{Dialect: c.dialect})
			wantCounts(t, result, 1, 0, 0, 1)
			if got := f.accounts(t); len(got) != 1 || got[0].Title != "Café" || got[0].Address[0] != "1 Main St, Köln" {
				t.Errorf("%+v", got)
			}
			if result.First[0].Line != 3+strings.Count(c.text[:4], "sep=") {
				t.Errorf("line %d", result.First[0].Line)
			}
			mended := strings.ReplaceAll(readFile(t, result.Rejects), "maybe", "false")
			wantCounts(t, f.importText(t, "b.csv", mended, transfer.Options{Dialect: c.dialect}), 1, 0, 0, 0)
		})
	}
}

// Of a file that is not what it seems to be nothing is stored.
func TestWrongEncodings(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("Name,1 Main St\n", 10_000)
	for name, c := range map[string]struct {
		file, text, want string
		dialect          transfer.Dialect
	}{
		"Windows-1252":         {"a.csv", "title,address\nGood,1 St\nCaf\xe9,2 St\n", "line 3 is not UTF-8; the file is probably Windows-1252", transfer.Dialect{}},
		"in the header":        {"a.csv", "title,addr\xffess\nA,B\n", "line 1 is not UTF-8", transfer.Dialect{}},
		"far behind":           {"a.csv", "title,address\n" + many + "Caf\xe9,2 St\n", "line 10002 is not UTF-8", transfer.Dialect{}},
		"quoted":               {"a.csv", "title,address\n\"A\nCaf\xe9\",2 St\n", "line 3 is not UTF-8", transfer.Dialect{}},
		"at the end":           {"a.csv", "title,address\nA,Caf\xe9", "line 2 is not UTF-8", transfer.Dialect{}},
		"NDJSON":               {"a.ndjson", "{\"title\":\"Good\",\"address\":[\"B\"]}\n{\"title\":\"A\xff\",\"address\":[\"B\"]}\n", "line 2 is not UTF-8", transfer.Dialect{}},
		"undefined in it":      {"a.csv", "title,address\nA,B\x81\n", "line 2 is not in the encoding", transfer.Dialect{Encoding: "windows-1252"}},
		"UTF-8 said to be it":  {"a.csv", "title,address\nCafé,Köln\n", "the file is UTF-8", transfer.Dialect{Encoding: "windows-1252"}},
		"UTF-8 far behind":     {"a.csv", "title,address\n" + many + "A,Köln", "the file is UTF-8", transfer.Dialect{Encoding: "iso-8859-15"}},
		"NDJSON in UTF-8":      {"a.ndjson", `{"title":"Café","address":["B"]}`, "the file is UTF-8", transfer.Dialect{Encoding: "windows-1252"}},
		"half a character":     {"a.csv", "\xff\xfet\x00i", "not in the encoding", transfer.Dialect{}},
		"an unknown one":       {"a.csv", "title,address\nA,B\n", `got "latin-9000"`, transfer.Dialect{Encoding: "latin-9000"}},
		"XLSX":                 {"a.csv", "PK\x03\x04\x14\x00", "workbook (XLSX", transfer.Dialect{}},
		"gzip":                 {"a.csv", "\x1f\x8b\x08\x00", "compressed (gzip); unpack it, and", transfer.Dialect{}},
		"XLSX as NDJSON":       {"a.ndjson", "PK\x03\x04\x14\x00", "workbook (XLSX", transfer.Dialect{}},
		"XLS":                  {"a.csv", "\xd0\xcf\x11\xe0\xa1\xb1", "XLS", transfer.Dialect{}},
		"a delimiter of two":   {"a.csv", "title,address\nA,B\n", `got ";;"`, transfer.Dialect{Delimiter: ";;"}},
		"a quote as delimiter": {"a.csv", "title,address\nA,B\n", "--delimiter must be", transfer.Dialect{Delimiter: `"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, err := f.importFile(t.Context(), t, f.write(t, c.file, c.text), transfer.Options{Dialect: c.dialect})
			if fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got := f.accounts(t); len(got) > 0 {
				t.Errorf("stored %+v", got)
			}
		})
	}
}
