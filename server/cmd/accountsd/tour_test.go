package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tourLines returns the commands of README.md's tour, in order.
func tourLines(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tour, _ := strings.Cut(string(readme), "\n## A tour with curl\n")
	tour, _, _ = strings.Cut(tour, "\n### ")
	var lines []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(tour, -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// The tour does what its comments say, in order, as often as it is taken.
func TestTour(t *testing.T) { onEachStore(t, testTour) }

func testTour(t *testing.T, db string) {
	key := mustRun(t, "init", "--db", db, "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	p := serve(t, db)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "key"), []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const end = "\n=== end of the answer\n"
	lines := tourLines(t)
	script := strings.ReplaceAll(strings.Join(lines, "\nprintf '"+strings.ReplaceAll(end, "\n", `\n`)+"'\n"), "http://127.0.0.1:8080", p.url)
	// By the beginnings of the lines: what their answers hold.
	const ok = `"id":1,`
	want := []struct{ line, has string }{
		{"KEY=", ""},
		{"URL=", ""},
		{"curl -sS -X PATCH $URL/accounts/1 ", `"primaryEmail":"office@sunrise.example","primaryPhone":null,`},
		{"curl -sS -X PATCH $URL/accounts/1 ", `custom.roof_type must be one of`},
		{"curl -sS -X PATCH \"$URL/accounts/1?allow_new_options=true\" ", `"roof_type":"Thatch"`},
		{"curl -sS -X PATCH $URL/accounts/1 ", `titel is not a known member; did you mean \"title\"?`},
		{"curl -sS -X PATCH \"$URL/accounts/1?dry_run=true\" ", `"title":"Sunrise Solar & Roofing"`},
		{"TAG=", ""},
		{"curl -sS -X PATCH $URL/accounts/1 ", `"description":"Shown on every open day."`},
		{"curl -sS -w ", "\n201\n"},
		{"curl -sS -i \"$URL/accounts?q=", ok},
		{"curl -sS -G $URL/accounts/search ", `"roof_type":"Metal"`},
		{"curl -sS \"$URL/accounts/changes?after=0\" ", `"kind":"created"`},
		{"curl -sS -X POST $URL/accounts/batch ", `"stage":"Installed"`},
		{"curl -sS -X POST $URL/contacts ", `"name":"Ana Silva"`},
		{"curl -sS -X POST $URL/properties ", `"keyName":"region"`},
		{"curl -sS -X PATCH \"$URL/properties/roof_type?force=true\" ", `"options":["Tile","Metal","Shingle"]`},
	}
	if len(lines) != len(want) {
		t.Fatalf("the tour has %d lines, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
	}
	for round := range 2 {
		cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script)
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		output, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		answers := strings.Split(string(output), end)
		if len(answers) != len(want) {
			t.Fatalf("%d answers:\n%s", len(answers), output)
		}
		for i, w := range want {
			if round == 1 && w.has == "\n201\n" {
				w.has = "\n200\n"
			}
			if !strings.HasPrefix(lines[i], w.line) || !strings.Contains(answers[i], w.has) {
				t.Errorf("round %d, line %d: %s\nwant %q, got\n%s", round+1, i+1, lines[i], w.has, answers[i])
			}
		}
	}
	if _, contacts, err := call(t.Context(), "GET", p.url+"/v1/contacts?q=Ana%20Silva", key, ""); err != nil || strings.Count(contacts, `"name":"Ana Silva"`) != 1 {
		t.Errorf("%v %s", err, contacts)
	}
}
