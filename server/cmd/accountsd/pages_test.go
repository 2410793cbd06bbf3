//go:build unix

package main_test

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// stage is a folder in which the commands of a page are carried out as a reader
// would: in order, in one terminal, with both programs at hand.
type stage struct {
	dir   string
	env   []string
	path  string            // the folders with programs
	names *strings.Replacer // of what the page names, to what there is
	pages *strings.Replacer // and back
	main  *terminal
	node  bool // there is what the page has npm install
}

// newStage makes a stage on which addresses and names of the page are others.
func newStage(t *testing.T, dir string, names map[string]string) *stage {
	t.Helper()
	back := map[string]string{}
	for name, here := range names {
		back[here] = name
	}
	home := t.TempDir()
	s := &stage{dir: dir, names: replacer(names), pages: replacer(back)}
	s.path = filepath.Join(home, "bin") + ":" + programs(t) + ":" + os.Getenv("PATH")
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ACCOUNTS") {
			s.env = append(s.env, variable)
		}
	}
	s.env = append(s.env, "XDG_CONFIG_HOME="+home, "ACCOUNTSD_LOG_FORMAT=text", "GOBIN="+filepath.Join(home, "bin"), "GOPROXY=off", "GOWORK=off",
		"PATH="+s.path)
	return s
}

// replacer replaces the keys by the values, the longest first: one may begin with another.
func replacer(names map[string]string) *strings.Replacer {
	var pairs []string
	for _, name := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { return len(b) - len(a) }) {
		pairs = append(pairs, name, names[name])
	}
	return strings.NewReplacer(pairs...)
}

// programs is the folder with both programs.
func programs(t *testing.T) string {
	t.Helper()
	dir, err := buildPrograms()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var buildPrograms = sync.OnceValues(func() (string, error) {
	dir := filepath.Dir(binary)
	build := exec.Command("go", "build", "-o", dir, "../../../client/cmd/accounts")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", &exec.Error{Name: string(said), Err: err}
	}
	return dir, nil
})

// nodeModules is the variable that holds the folder with what pages have npm
// install; "make test-typescript" sets it.
const nodeModules = "TEST_NODE_MODULES"

// withNode makes what npm installs into a folder of the stage.
func (s *stage) withNode(t *testing.T, folder string) {
	t.Helper()
	from := os.Getenv(nodeModules)
	if s.node = from != ""; !s.node {
		t.Logf("without the sections on TypeScript, since %s is not set", nodeModules)
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(from, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// play does what a page asks of its reader, and compares what is printed.
func (s *stage) play(t *testing.T, blocks []*block) {
	t.Helper()
	if s.main == nil {
		s.main = newTerminal(t, s.dir, s.env)
	}
	for _, b := range blocks {
		switch name := b.file(); {
		case b.runner != "":
			wantTarget(t, b)
		case b.why != "":
			t.Logf("line %d is not run: %s", b.line, b.why)
		case strings.Contains(b.section, "TypeScript") && !s.node:
		case name != "":
			write(t, filepath.Join(s.dir, name), s.names.Replace(b.text))
		case b.lang == "sh" && elsewhere.MatchString(b.lead):
			s.playElsewhere(t, b)
		case b.lang == "sh":
			s.playHere(t, b)
		case !slices.Contains([]string{"", "text", "json", "ini", "yaml", "sql"}, b.lang):
			t.Errorf("line %d: nothing is done with this block of %s", b.line, b.lang)
		}
	}
}

func (s *stage) playHere(t *testing.T, b *block) {
	t.Helper()
	printed := ""
	for _, step := range b.steps() {
		printed = s.carryOut(t, step)
		for _, want := range step.prints {
			if !prints(printed, want) {
				t.Errorf("line %d: the commands\n%sprint\n%s\nwhich is not what is shown:\n%s", b.line, step.commands, printed, want)
			}
		}
	}
	if b.shown != nil && !printsAll(printed, b.shown.text) {
		t.Errorf("line %d: the commands print\n%s\nwhich is not what is shown:\n%s", b.line, printed, b.shown.text)
	}
}

// carryOut returns what commands print. Those that begin with a pause wait for
// something, which may take longer on a busy machine than for a reader.
func (s *stage) carryOut(t *testing.T, step step) (printed string) {
	t.Helper()
	commands := s.names.Replace(step.commands)
	if !strings.HasPrefix(commands, "sleep ") {
		return s.pages.Replace(s.main.run(t, commands))
	}
	for range 20 {
		printed = s.pages.Replace(s.main.run(t, "if {\n"+commands+"}; then :; fi"))
		if !slices.ContainsFunc(step.prints, func(want string) bool { return !prints(printed, want) }) {
			break
		}
	}
	return printed
}

// playElsewhere starts commands, and goes on once they have printed what is shown.
func (s *stage) playElsewhere(t *testing.T, b *block) {
	t.Helper()
	other := newTerminal(t, s.dir, s.env)
	other.start(t, s.names.Replace(b.text))
	if b.shown == nil {
		return
	}
	other.await(t, b.shown.text, func(printed string) bool { return prints(s.pages.Replace(printed), b.shown.text) })
}

// wantTarget fails the test if no target of the Makefile runs the block.
func wantTarget(t *testing.T, b *block) {
	t.Helper()
	makefile, err := os.ReadFile("../../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^` + b.runner + `:.* ## `).Match(makefile) {
		t.Errorf("line %d: there is no make %s", b.line, b.runner)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spareAddress is one on the loopback interface that nobody listens on.
func spareAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serveSample does what "make run" does after it has built the program.
func (s *stage) serveSample(t *testing.T, addr string) {
	t.Helper()
	script, err := filepath.Abs("run-sample.sh")
	if err != nil {
		t.Fatal(err)
	}
	other := newTerminal(t, s.dir, s.env)
	other.start(t, "ACCOUNTSD=accountsd DATA=data ADDR="+addr+" "+script)
	other.await(t, "that it listens", func(printed string) bool { return prints(printed, `listening`) })
}

// asModule makes the folder a module that requires what this one does, and this
// one from its folder: what "go get" does for a reader.
func asModule(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	const accountsd = "github.com/accountsd/accountsd"
	edit := exec.CommandContext(t.Context(), "go", "mod", "edit", "-module=example.com/reader", "-require="+accountsd+"@v0.0.0", "-replace="+accountsd+"="+root)
	edit.Dir = dir
	if said, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}
