//go:build unix

package main_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a page.
type block struct {
	section string // the heading that it is under
	lead    string // the paragraph before it
	lang    string
	text    string
	line    int
	shown   *block // what the page says that its commands print
	runner  string // the Make target that runs it, if the page is not enough,
	why     string // or why nothing does
}

// What a page says besides its blocks:
var (
	// A paragraph before a block that names the file which the reader is to make of it.
	savedAs = regexp.MustCompile("(?s)`([\\w./-]+)`:$")
	// A paragraph before commands that go on while the next ones run.
	elsewhere = regexp.MustCompile(`(?s)\b[Aa]nother terminal\b.*:$`)
	// Commands that need more than a page can bring.
	runElsewhere = regexp.MustCompile(`^<!-- (?:run by make ([a-z-]+)|not run: (.+)) -->$`)
)

// readPage returns the blocks of a page of the repository, in order.
func readPage(t *testing.T, path string) []*block {
	t.Helper()
	text, err := os.ReadFile("../../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	reader := pageReader{}
	for line := range strings.Lines(string(text)) {
		reader.read(strings.TrimSuffix(line, "\n"))
	}
	if reader.open != nil {
		t.Fatalf("%s: the block of line %d does not end", path, reader.open.line)
	}
	return reader.blocks
}

// pageReader is how far a page is read.
type pageReader struct {
	blocks  []*block
	open    *block
	number  int
	section string
	lead    []string
	ended   bool // the paragraph has ended
	runner  string
	why     string
}

func (r *pageReader) read(line string) {
	r.number++
	switch found := runElsewhere.FindStringSubmatch(line); {
	case r.open != nil && line == "```":
		r.open = nil
	case r.open != nil:
		r.open.text += line + "\n"
	case strings.HasPrefix(line, "```"):
		r.begin(strings.TrimPrefix(line, "```"))
	case found != nil:
		r.runner, r.why = found[1], found[2]
	case line == "":
		r.ended = true
	default:
		if strings.HasPrefix(line, "#") {
			r.section = strings.TrimLeft(line, "# ")
		}
		if r.ended {
			r.lead, r.ended = nil, false
		}
		r.lead = append(r.lead, line)
	}
}

// begin begins a block. One of text that follows commands shows what they print.
func (r *pageReader) begin(lang string) {
	r.open = &block{section: r.section, lead: strings.Join(r.lead, "\n"), lang: lang, line: r.number, runner: r.runner, why: r.why}
	r.runner, r.why = "", ""
	if last := len(r.blocks) - 1; lang == "text" && len(r.lead) == 0 && last >= 0 && r.blocks[last].lang == "sh" {
		r.blocks[last].shown = r.open
	} else {
		r.blocks = append(r.blocks, r.open)
	}
	r.lead, r.ended = nil, false
}

// file is the name of the file that the page makes of the block, or "".
func (b *block) file() string {
	if found := savedAs.FindStringSubmatch(b.lead); found != nil && b.lang != "sh" {
		return found[1]
	}
	return ""
}

// step is commands, and lines of what they print.
type step struct {
	commands string
	prints   []string
}

// steps are the commands of a block, parted by the lines "#> …" that tell what
// those before them print.
func (b *block) steps() []step {
	steps := []step{{}}
	for line := range strings.Lines(b.text) {
		last := &steps[len(steps)-1]
		printed, isPrinted := strings.CutPrefix(line, "#> ")
		switch {
		case isPrinted:
			last.prints = append(last.prints, strings.TrimSuffix(printed, "\n"))
		case len(last.prints) > 0:
			steps = append(steps, step{commands: line})
		default:
			last.commands += line
		}
	}
	return steps
}

// pattern matches what a page shows: "…" stands for what differs, and alone on a
// line for lines.
func pattern(shown string) string {
	expression := regexp.QuoteMeta(strings.TrimRight(shown, "\n"))
	expression = regexp.MustCompile(`(?m)^…$\n?`).ReplaceAllString(expression, `(?:.*\n)*?`)
	return strings.ReplaceAll(expression, "…", ".*")
}

// prints tells whether output has a line with what is shown.
func prints(output, shown string) bool {
	return regexp.MustCompile(pattern(shown)).MatchString(output)
}

// printsAll tells whether output is what is shown, whatever the spaces at the ends of lines.
func printsAll(output, shown string) bool {
	output = regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(output, "")
	return regexp.MustCompile(`^` + pattern(shown) + `$`).MatchString(strings.TrimRight(output, "\n"))
}

// A page that shows something else than what is printed is found.
func TestPatternsOfPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		printed, shown string
		has, is        bool
	}{
		{"a\nb\n", "a\nb", true, true},
		{"a  \nb\n\n", "a\nb\n", false, true},
		{"a\nb\nc\n", "b", true, false},
		{"a\nb\nc\n", "a\n…\nc", true, true},
		{"a\nc\n", "a\n…\nc", true, true},
		{"a 17 b\n", "a … b", true, true},
		{"a 17\nb\n", "a … b", false, false},
		{"a.b", "a+b", false, false},
		{"", "…", true, true},
		{"b", "a", false, false},
	} {
		if has, is := prints(c.printed, c.shown), printsAll(c.printed, c.shown); has != c.has || is != c.is {
			t.Errorf("%q of %q: prints %t, prints all %t", c.shown, c.printed, has, is)
		}
	}
}

// The commands, files and outputs of a page are told apart.
func TestBlocksOfPages(t *testing.T) {
	t.Parallel()
	reader := pageReader{}
	for line := range strings.Lines("## Do it\n\nSave it as `a/b.go`:\n\n```go\nx\n```\n\n<!-- run by make dist -->\n```sh\none \\\n  more\n#> 1\n#> 2\ntwo\n```\n```text\nout\n```\n\nOther text.\n\n```text\nno output\n```\n") {
		reader.read(strings.TrimSuffix(line, "\n"))
	}
	if len(reader.blocks) != 3 {
		t.Fatalf("%d blocks", len(reader.blocks))
	}
	program, commands, other := reader.blocks[0], reader.blocks[1], reader.blocks[2]
	if program.section != "Do it" || program.file() != "a/b.go" || program.text != "x\n" || commands.file() != "" || other.file() != "" {
		t.Errorf("%+v %+v %+v", program, commands, other)
	}
	want := []step{{"one \\\n  more\n", []string{"1", "2"}}, {"two\n", nil}}
	if got := commands.steps(); !reflect.DeepEqual(got, want) || commands.shown == nil || commands.shown.text != "out\n" || commands.runner != "dist" || other.runner != "" {
		t.Errorf("%+v of %+v", got, commands)
	}
}
