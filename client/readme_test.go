package client_test

import (
	"os"
	"strings"
	"testing"
)

// The README shows the program that the tests build and run.
func TestReadmeShowsTheProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	must(t, err)
	program, err := os.ReadFile("testdata/stranger/main.go")
	must(t, err)
	_, code, _ := strings.Cut(string(program), "\n") // after the comment
	if !strings.Contains(string(readme), "```go\n"+code+"```\n") {
		t.Error("the README shows another program than testdata/stranger")
	}
	lines := 0
	for line := range strings.Lines(code) {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	if lines > 15 {
		t.Errorf("the program has grown to %d lines", lines)
	}
}
