package transfer_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/transfer"
)

// A file that cannot be meant is refused whole, before anything is written.
func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	const good = "title,address\nA,1 Main St\n"
	for name, c := range map[string]struct {
		file, text string
		opts       transfer.Options
		want       []string
	}{
		"an empty file":             {"a.csv", "", transfer.Options{}, []string{"empty"}},
		"an unknown column":         {"a.csv", "titel,address,foo\nA,B,C\n", transfer.Options{}, []string{`"titel"`, `did you mean "title"?`, `"foo"`}},
		"an unknown property":       {"a.csv", "title,address,custom.text_fals\nA,B,C\n", transfer.Options{}, []string{`did you mean "custom.text_false"?`}},
		"a property without prefix": {"a.csv", "title,address,text_false\nA,B,C\n", transfer.Options{}, []string{`"text_false"`}},
		"a column twice":            {"a.csv", "title,address,title\nA,B,C\n", transfer.Options{}, []string{`"title" appears twice`}},
		"no header":                 {"a.csv", "A,1 Main St\nB,2 Main St\n", transfer.Options{}, []string{`"1 Main St"`}},
		"a stray quote":             {"a.csv", good + "B \"the best\",2 Main St\n", transfer.Options{}, []string{"line 3", "quote"}},
		"a quote that does not end": {"a.csv", good + "B,\"2 Main St\nC,3 Main St\n", transfer.Options{}, []string{"line 3"}},
		"an unknown member":         {"a.ndjson", `{"title":"A","address":["B"]}` + "\n" + `{"Title":"A","custom":{"text_fals":1}}`, transfer.Options{}, []string{"line 2", `did you mean "title"?`, `did you mean "custom.text_false"?`}},
		"a match by nothing":        {"a.csv", good, transfer.Options{MatchBy: account.MatchEmail}, []string{"no primaryEmail to match by"}},
		"an unknown match":          {"a.csv", good, transfer.Options{MatchBy: "name"}, []string{"primaryEmail", `"name"`}},
		"an unknown strategy":       {"a.csv", good, transfer.Options{Strategy: "merge"}, []string{"enrich", `"merge"`}},
		"a taken file of rejects":   {"a.csv", good, transfer.Options{Rejected: "taken.csv"}, []string{"taken.csv", "move it away"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			taken := f.write(t, "taken.csv", "my own notes")
			if c.opts.Rejected != "" {
				c.opts.Rejected = taken
			}
			_, err := f.importFile(t.Context(), t, f.write(t, c.file, c.text), c.opts)
			if err == nil || fault.KindOf(err) != fault.KindInvalid {
				t.Fatalf("got %v, want it refused", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if got := f.accounts(t); len(got) > 0 {
				t.Errorf("accounts were written: %+v", got)
			}
			wantNoFile(t, filepath.Join(f.dir, "a.rejected.csv"))
			if readFile(t, taken) != "my own notes" {
				t.Error("a file of another was written")
			}
			if c.file == "a.csv" { // The import has not begun, so another may.
				wantCounts(t, f.importText(t, "a.csv", good, transfer.Options{}), 1, 0, 0, 0)
			}
		})
	}
}

func TestRowTooLong(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"long.csv":    "title,address\nA,\"" + strings.Repeat("x\n", 9<<20),
		"long.ndjson": `{"title":"` + strings.Repeat("x", 17<<20),
	} {
		f := newFixture(t)
		_, err := f.importFile(t.Context(), t, f.write(t, name, text), transfer.Options{})
		if err == nil || !strings.Contains(err.Error(), "16 MiB") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string
		want       transfer.Format
	}{
		{"", "a.csv", transfer.CSV}, {"", "A.CSV", transfer.CSV}, {"", "a.b.ndjson", transfer.NDJSON}, {"", "a.jsonl", transfer.NDJSON},
		{"csv", "-", transfer.CSV}, {"ndjson", "a.csv", transfer.NDJSON}, {"", "-", ""}, {"", "a.json", ""}, {"xml", "a.csv", ""},
	} {
		if got, err := transfer.ParseFormat(c.name, c.path); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q %q: %q %v", c.name, c.path, got, err)
		}
	}
}

// badCSV holds a row for each way to be wrong, between two that are right.
var badCSV = []struct {
	row     string
	reasons []string
}{
	{"First,1 Main St,,,,,,,", nil},
	{",,nobody,,,,,,", []string{"primaryEmail must be an e-mail address"}},
	{",,,TRUE,,,,,", []string{"title is required", "address is required"}},
	{"A,B,,yes,big,,,,", []string{"isActive must be true or false", "value must be a number"}},
	{"A,B,nobody,maybe,1,HOUSE,,,", []string{"isActive must", "primaryEmail must", "accountType must"}},
	{"A,B,,,,,Golf,,", []string{`did you mean "Gold"?`}},
	{"A,B,,,,,,1.x,", []string{"custom.numeric_false must be a number"}},
	{"A,B,,,,,,,\"[1,\"\"x\"\"]\"", []string{"custom.numeric_true[1] must be a number"}},
	{"A,B,,,,,,,[1", []string{"custom.numeric_true must be a number"}},
	{"A,B,,,,,", []string{"7 cells", "9 columns"}},
	{"A,B,,,,,,,,,x", []string{"11 cells"}},
	{"A\x00,B,,,,,,,", []string{"title must not contain a NUL"}},
	{strings.Repeat("x", 1000) + "," + strings.Repeat("y", 2<<20) + ",,,,,,,", []string{"title must be at most 255", "address[0] must be at most 500"}},
	{"Last,2 Main St,,TRUE,1e3,COMMERCIAL, GOLD ,0.10,[1]", nil},
}

const badHeader = "title,address,primaryEmail,isActive,value,accountType,custom.dropdown_false,custom.numeric_false,custom.numeric_true"

// A bad row is rejected with all its reasons, takes no other along, and leaves
// nothing behind. The file of rejects can be mended and imported.
func TestBadRowsOfCSV(t *testing.T) {
	t.Parallel()
	for name, lineEnd := range map[string]string{"unix": "\n", "windows": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			text := "\ufeff" + badHeader + lineEnd
			for _, bad := range badCSV {
				text += bad.row + lineEnd
			}
			result := f.importText(t, "a.csv", text, transfer.Options{AllowNewOptions: false})
			wantCounts(t, result, 2, 0, 0, int64(len(badCSV)-2))
			got := f.accounts(t)
			if len(got) != 2 || got[0].Title != "First" || got[1].Title != "Last" || *got[1].Value != 1000 || got[1].Custom["dropdown_false"] != "Gold" || got[1].Custom["numeric_false"] != json.Number("0.10") {
				t.Errorf("accounts: %+v", got)
			}
			path := filepath.Join(f.dir, "a.rejected.csv")
			if result.Rejects != path {
				t.Errorf("rejects are said to be in %s", result.Rejects)
			}
			wantRejectedCSV(t, readFile(t, path))

			mended := strings.ReplaceAll(strings.ReplaceAll(readFile(t, path), "Golf", "Gold"), "1.x", "1.5")
			wantCounts(t, f.importText(t, "a.mended.csv", mended, transfer.Options{MatchBy: account.MatchNone}), 2, 0, 0, int64(len(badCSV)-4))
			again := readFile(t, filepath.Join(f.dir, "a.mended.rejected.csv"))
			if strings.Count(strings.SplitN(again, "\n", 2)[0], "errors") != 1 || strings.Contains(again, "Gold?") {
				t.Errorf("rejected twice: %.300s", again)
			}
		})
	}
}

func wantRejectedCSV(t *testing.T, text string) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != badHeader+",line,errors" {
		t.Errorf("header %s", got)
	}
	rows = rows[1:]
	for _, bad := range badCSV {
		if bad.reasons == nil {
			continue
		}
		got := rows[0]
		rows = rows[1:]
		cells, err := csv.NewReader(strings.NewReader(bad.row)).Read()
		if err != nil || !slices.Equal(got[:len(cells)], cells) {
			t.Errorf("got row %.200q, want %.200q (%v)", got, cells, err)
		}
		for _, reason := range bad.reasons {
			if !strings.Contains(got[len(got)-1], reason) {
				t.Errorf("%.100s: got %.300q, want %q in it", bad.row, got[len(got)-1], reason)
			}
		}
	}
}

var badNDJSON = []struct{ row, reason string }{
	{`{"title":"First","address":["1 Main St"]}`, ""},
	{`not json`, "syntax error at byte"},
	{`{"title":"A"`, "ends too early"},
	{`{"title":"A","title":"B"}`, `"title" appears twice`},
	{`{"title":"A"} {}`, "more text"},
	{`["title"]`, "must be a JSON object"},
	{`5`, "must be a JSON object"},
	{strings.Repeat(`{"custom":`, 65) + "1" + strings.Repeat("}", 65), "deeper than 64"},
	{`{"title":"\ud800","address":["B"]}`, "not valid JSON"},
	{`{"title":"\u0000","address":["B"]}`, "NUL"},
	{`{"title":1,"address":"B","isActive":"x"}`, "title must be a string; got 1|address must be a list|isActive must be true or false"},
	{`{"title":"A","address":[1],"number":1.5}`, "address[0] must be a string; got 1|number must be an integer"},
	{`{"title":null,"address":["B"],"contacts":[{"name":"Jo"}]}`, "title must not be null|contacts[0].id must be an integer; got null"},
	{`{"title":"A","address":["B"],"contacts":[77]}`, "contacts[0] must be the id of a contact"},
	{`{"title":"A","address":["B"],"contacts":[0,77]}`, "contacts[0] must be an integer of at least 1; got 0|contacts[1] must be the id of a contact"},
	{`{"title":"A","address":["B"],"custom":{"text_false":"\u0000"}}`, "custom.text_false must not contain a NUL"},
	{`{"title":"A","address":["B"],"custom":5}`, "custom must be an object"},
	{`{"title":"A","address":["B"],"custom":{"numeric_false":"5"}}`, "custom.numeric_false must be a number"},
	{`{"title":"A","address":["B"],"type":"RESIDENTIAL","accountType":"COMMERCIAL"}`, "former name"},
	{`{"id":1,"createdAt":"garbage","createdBy":5,"title":"x"}`, `createdAt must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "garbage"|createdBy must be an object; got 5`},
	{`{"title":"Last","address":["2 Main St"],"createdAt":"2026-11-24T10:00:00Z","createdBy":{"id":5},"custom":{"numeric_false":1.10}}`, ""},
}

func TestBadRowsOfNDJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text, rejected := "\ufeff\n", int64(0)
	for _, bad := range badNDJSON {
		text += bad.row + "\r\n\r\n"
		if bad.reason != "" {
			rejected++
		}
	}
	wantCounts(t, f.importText(t, "a.ndjson", text, transfer.Options{}), 2, 0, 0, rejected)
	got := f.accounts(t)
	if len(got) != 2 || got[0].Title != "First" || got[1].Title != "Last" || got[1].Custom["numeric_false"] != json.Number("1.10") {
		t.Errorf("accounts: %+v", got)
	}
	rejects := readFile(t, filepath.Join(f.dir, "a.rejected.ndjson"))
	lines := strings.Split(strings.TrimSuffix(rejects, "\n"), "\n")
	for i, bad := range badNDJSON {
		if bad.reason == "" {
			continue
		}
		var got struct {
			Row    json.RawMessage
			Line   int
			Errors []string
		}
		if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
			t.Fatal(err)
		}
		lines = lines[1:]
		if got.Line != 2*i+2 {
			t.Errorf("%s: line %d, want %d", bad.row, got.Line, 2*i+2)
		}
		for reason := range strings.SplitSeq(bad.reason, "|") {
			if !strings.Contains(strings.Join(got.Errors, "\n"), reason) {
				t.Errorf("%s: got %q, want %q", bad.row, got.Errors, reason)
			}
		}
		slices.Sort(got.Errors)
		if len(slices.Compact(got.Errors)) != len(got.Errors) {
			t.Errorf("%s: a reason twice: %q", bad.row, got.Errors)
		}
	}

	// As they are they are rejected again, in the same words, and mended they are not.
	wantCounts(t, f.importText(t, "b.ndjson", rejects, transfer.Options{}), 0, 0, 0, rejected)
	again := readFile(t, filepath.Join(f.dir, "b.rejected.ndjson"))
	if got, want := rowsOf(t, again), rowsOf(t, rejects); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	mended := strings.NewReplacer(`"numeric_false":"5"`, `"numeric_false":5.0`, `not json`, `{\"title\":\"Was none\",\"address\":[\"B\"]}`).Replace(rejects)
	wantCounts(t, f.importText(t, "c.ndjson", mended, transfer.Options{MatchBy: account.MatchNone}), 2, 0, 0, rejected-2)
}

// rowsOf are the rows of a file of rejects.
func rowsOf(t *testing.T, text string) []string {
	t.Helper()
	var rows []string
	for line := range strings.Lines(text) {
		var rejected struct{ Row any }
		if err := json.Unmarshal([]byte(line), &rejected); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(rejected.Row))
	}
	return rows
}
