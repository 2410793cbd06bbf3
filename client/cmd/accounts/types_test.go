package main

import (
	"fmt"
	goformat "go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// generate writes types, and returns what is printed.
func (sh *shell) generate(args ...string) string {
	sh.t.Helper()
	stdout, stderr, code := sh.run("", append([]string{"types"}, args...)...)
	if code != 0 || stderr != "" {
		sh.t.Fatalf("types %v: exit %d\n%s", args, code, stderr)
	}
	return stdout
}

// update changes a property.
func (sh *shell) update(key string, patch client.PropertyPatch) {
	sh.t.Helper()
	if _, err := sh.s.Client.Properties.Update(sh.t.Context(), key, patch, client.Force()); err != nil {
		sh.t.Fatal(err)
	}
}

// awkward is a shell for a company that names things as badly as it may.
func awkward(t *testing.T) *shell {
	sh := newShell(t)
	for _, p := range []client.PropertyCreate{
		{Name: "Values */ of \"x\"", KeyName: "values", Type: client.Text},
		{Name: "type", KeyName: "func", Type: client.Dropdown, Options: []string{"24\" wide", "it's `so` \\", "Größe", "木", "—", "+/-", "TileA", "Tile A", "tile-a"}},
		{Name: "A", KeyName: "a_b", Type: client.Dropdown, Options: []string{"1"}},
		{Name: "B", KeyName: "a__b", Type: client.Dropdown, IsMultiple: true, Options: []string{"1"}},
		{Name: "Empty", Type: client.Dropdown}, {Name: "Seen on", Type: client.Date},
		{Name: "Readings", Type: client.Numeric, IsMultiple: true},
	} {
		sh.s.Define(t, p)
	}
	return sh
}

func TestTypes(t *testing.T) {
	t.Parallel()
	sh := awkward(t)
	sh.do("types", "ts")
	sh.do("types", "go", "--package", "sunrise")
	sh.golden("types")
	first := sh.generate("go")
	if text, err := goformat.Source([]byte(first)); err != nil || string(text) != first || sh.generate("go") != first {
		t.Errorf("not formatted, or not the same each time: %v", err)
	}
	file := filepath.Join(sh.dir, "made", "types.ts")
	if said := sh.generate("ts", "--out", file); said != "" {
		t.Errorf("it said %s", said)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != sh.generate("ts") {
		t.Errorf("the file: %v", err)
	}
	for _, args := range [][]string{{"go", "--package", "func"}, {"go", "--package", "a-b"}, {"ts", "more"}} {
		if _, stderr, code := sh.run("", append([]string{"types"}, args...)...); code != 2 {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

const userInGo = `package main

import (
	"encoding/json"
	"fmt"

	"github.com/accountsd/accountsd/client"
	"example.com/user/custom"
)

func main() {
	read, err := custom.Read(client.Values{"roof_type": "Metal", "capacity": client.Decimal("1.50"), "tags": []any{"Gold"}})
	if err != nil {
		panic(err)
	}
	if *read.RoofType == custom.RoofTypeMetal { // Metal
		fmt.Println(*read.Capacity, read.Tags)
	}
	patch := custom.Patch{
		Tags:      client.Set([]custom.Tags{custom.TagsSilver}), // Silver
		RoofType:  client.Set(custom.RoofTypeTile), // Tile
		Monitored: client.Clear[bool](),
	}
	text, err := json.Marshal(client.AccountPatch{Custom: patch.Values()})
	fmt.Println(string(text), err, len(custom.KeyRoofType))
	fmt.Println(custom.RoofTypeMetal) // Metal
}
`

const userInTypeScript = `import type { CustomPatch, CustomValues, RoofTypeOption } from './custom';

export function isMetal(read: CustomValues): boolean {
  return read.roof_type === 'Metal'; // Metal
}
export const capacity = (read: CustomValues): number | undefined => read.capacity;
export const patch: CustomPatch = {
  tags: ['Gold', 'Silver'], // Silver
  roof_type: 'Tile', // Tile
  monitored: null,
};
export const roof: RoofTypeOption = 'Metal'; // Metal
`

// wantLines compares the lines that a compiler complains of with those that end in
// one of the comments. form finds the number of a line in what it says.
func wantLines(t *testing.T, program, said string, form *regexp.Regexp, comments ...string) {
	t.Helper()
	var want, got []string
	for i, line := range strings.Split(program, "\n") {
		if _, comment, _ := strings.Cut(line, "// "); slices.Contains(comments, comment) {
			want = append(want, fmt.Sprint(i+1))
		}
	}
	for _, found := range form.FindAllStringSubmatch(said, -1) {
		got = append(got, found[1])
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("after changes of %v: complaints of lines %v, want %v\n%s", comments, got, want, said)
	}
}

// follow changes the options of a company, and checks a program after each change:
// an added option breaks nothing; one that was renamed or removed breaks the lines
// that use it, and no others.
func (sh *shell) follow(check func(gone ...string)) {
	sh.t.Helper()
	check()
	sh.update("roof_type", client.PropertyPatch{AddOptions: []string{"Thatch"}})
	check()
	sh.update("roof_type", client.PropertyPatch{RenameOptions: []client.OptionRename{{From: "Metal", To: "Steel"}}})
	check("Metal")
	sh.update("tags", client.PropertyPatch{RemoveOptions: []string{"Silver"}})
	check("Metal", "Silver")
}

// write writes a file of the shell's folder.
func (sh *shell) write(name, text string) {
	sh.t.Helper()
	path := filepath.Join(sh.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		sh.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		sh.t.Fatal(err)
	}
}

// goTool runs the go command in the shell's folder, which asks for no module that
// this one has not.
func (sh *shell) goTool(args ...string) string {
	cmd := exec.CommandContext(sh.t.Context(), "go", args...)
	cmd.Dir = sh.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	said, _ := cmd.CombinedOutput()
	return string(said)
}

// asModule makes the shell's folder a module that requires what this one does, and
// this one from its folder.
func (sh *shell) asModule() {
	sh.t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		sh.t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			sh.t.Fatal(err)
		}
		sh.write(name, string(text))
	}
	const accountsd = "github.com/accountsd/accountsd"
	sh.goTool("mod", "edit", "-module=example.com/user", "-require="+accountsd+"@v0.0.0", "-replace="+accountsd+"="+root)
}

func TestGoTypesFollowTheOptions(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.asModule()
	sh.write("main.go", userInGo)
	sh.follow(func(gone ...string) {
		sh.write("custom/custom.go", sh.generate("go"))
		vetted := sh.goTool("vet", "./...") // which tells the first line only
		if len(gone) == 0 {
			wantLines(t, userInGo, vetted, goLine)
			return
		}
		wantLines(t, userInGo, sh.goTool("build", "-gcflags=-e", "."), goLine, gone...)
		if !strings.Contains(vetted, "undefined: custom.RoofTypeMetal") {
			t.Errorf("go vet says %s", vetted)
		}
	})
}

var goLine = regexp.MustCompile(`main\.go:(\d+):`)

// What is read is what was answered, and what is sent what was set.
func TestGoTypesConvert(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.asModule()
	sh.write("main.go", userInGo)
	sh.write("custom/custom.go", sh.generate("go"))
	want := "1.50 [Gold]\n{\"custom\":{\"monitored\":null,\"roof_type\":\"Tile\",\"tags\":[\"Silver\"]}} <nil> 9\nMetal\n"
	if said := sh.goTool("run", "."); said != want {
		t.Errorf("it said %s", said)
	}
}

// The names of a company that names things badly are names of the language.
func TestAwkwardTypesCompile(t *testing.T) {
	t.Parallel()
	sh := awkward(t)
	sh.asModule()
	sh.generate("go", "--out", filepath.Join(sh.dir, "custom.go"))
	if said := sh.goTool("vet", "."); said != "" {
		t.Errorf("go vet says %s", said)
	}
}

// tsc checks the TypeScript of the shell's folder.
func (sh *shell) tsc(files ...string) string {
	sh.t.Helper()
	tsc := os.Getenv("TEST_TSC")
	if tsc == "" {
		sh.t.Skip("TEST_TSC is not set; make test-typescript sets it")
	}
	cmd := exec.CommandContext(sh.t.Context(), tsc, append([]string{"--noEmit", "--strict", "--exactOptionalPropertyTypes", "--pretty", "false"}, files...)...)
	cmd.Dir = sh.dir
	said, _ := cmd.CombinedOutput()
	return string(said)
}

func TestTypeScriptFollowsTheOptions(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.write("user.ts", userInTypeScript)
	sh.follow(func(gone ...string) {
		sh.write("custom.ts", sh.generate("ts"))
		wantLines(t, userInTypeScript, sh.tsc("user.ts"), regexp.MustCompile(`user\.ts\((\d+),`), gone...)
	})
}

func TestAwkwardTypeScriptCompiles(t *testing.T) {
	t.Parallel()
	sh := awkward(t)
	sh.generate("ts", "--out", filepath.Join(sh.dir, "custom.ts"))
	if said := sh.tsc("custom.ts"); said != "" {
		t.Errorf("tsc says %s", said)
	}
}
