package house_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// page is docs/architecture.md, whose tables are the rules.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	must(t, err)
	return string(text)
}

var quoted = regexp.MustCompile("`([^`]+)`")

// rules are the rows of the table with a heading: what is quoted in two cells.
func rules(t *testing.T, heading string) (rows [][2][]string) {
	t.Helper()
	_, table, found := strings.Cut(page(t), heading)
	if !found {
		t.Fatalf("docs/architecture.md has no table with the heading %q", heading)
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			if len(rows) > 0 {
				break
			}
			continue
		}
		if names := quoted.FindAllString(cells[1], -1); names != nil {
			rows = append(rows, [2][]string{unquoted(cells[1]), unquoted(cells[2])})
		}
	}
	return rows
}

func unquoted(cell string) []string {
	var names []string
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		names = append(names, match[1])
	}
	return names
}

// imports are what each package of the module imports, tests aside.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := make(map[string][]string)
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, path)
		if err != nil || !entry.IsDir() {
			return err
		}
		name := entry.Name()
		if folder != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "otelclient" || name == "mcp") {
			return filepath.SkipDir // They are no packages of the module.
		}
		return importsOf(path, filepath.ToSlash(folder), found)
	}))
	return found
}

func importsOf(path, folder string, found map[string][]string) error {
	names, err := filepath.Glob(filepath.Join(path, "*.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[folder] = append(found[folder], "")
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[folder] = append(found[folder], imported)
		}
	}
	return err
}

// A package imports only what is in the rows above its own, and every package
// has a row.
func TestImportsPointUp(t *testing.T) {
	t.Parallel()
	row := make(map[string]int)
	for i, rule := range rules(t, "| packages | are about |") {
		for _, name := range rule[0] {
			row[name] = i + 1
		}
	}
	all := imports(t)
	for name, imported := range all {
		if row[name] == 0 {
			t.Errorf("docs/architecture.md has no row for %s", name)
			continue
		}
		for _, path := range imported {
			if other, ours := strings.CutPrefix(path, module+"/"); ours && row[other] >= row[name] {
				t.Errorf("%s imports %s, which is not in a row above it in docs/architecture.md", name, other)
			}
		}
	}
	for name := range row {
		if all[name] == nil {
			t.Errorf("docs/architecture.md has a row for %s, which is no package", name)
		}
	}
}

// What has one place only is imported nowhere else.
func TestImportsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, rule := range rules(t, "| import | only in |") {
		only := rule[0][0]
		used := false
		for name, imported := range imports(t) {
			for _, path := range imported {
				if !isBelow(path, only) {
					continue
				}
				used = true
				if !slices.ContainsFunc(rule[1], func(place string) bool { return isBelow(name, place) }) {
					t.Errorf("%s imports %s, which docs/architecture.md allows only in %v", name, path, rule[1])
				}
			}
		}
		if !used {
			t.Errorf("docs/architecture.md has a rule for %s, which nothing imports", only)
		}
	}
}

func isBelow(path, of string) bool { return path == of || strings.HasPrefix(path, of+"/") }

var function = regexp.MustCompile("`(?:[A-Z]\\w*\\.|write\\.)?(\\w+)` in\\s+`([^`]+)`")

// The files that the page names are there, and have the functions that it says.
func TestPageIsTrue(t *testing.T) {
	t.Parallel()
	files := make(map[string]bool)
	for _, name := range unquoted(page(t)) {
		if strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "/") {
			files[name] = true
		}
	}
	if len(files) < 20 {
		t.Errorf("the page names only %v", slices.Sorted(maps.Keys(files)))
	}
	for name := range files {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil && name != "/clients" {
			t.Errorf("docs/architecture.md names %s: %v", name, err)
		}
	}
	for _, match := range function.FindAllStringSubmatch(page(t), -1) {
		text, err := os.ReadFile(filepath.Join(root, match[2]))
		must(t, err)
		if !regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + match[1] + `\b`).Match(text) {
			t.Errorf("docs/architecture.md says that %s is in %s, and it is not", match[1], match[2])
		}
	}
}
