package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The program of agents gets the server and the key, and what is typed; where it is not
// there, the error says how to get it.
func TestMCP(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	if _, errs, code := sh.run("", "mcp"); code != 2 || !strings.Contains(errs, "make accounts-mcp") {
		t.Errorf("%d %s", code, errs)
	}
	program := filepath.Join(sh.dir, agentProgram)
	must(t, os.WriteFile(program, []byte("#!/bin/sh\nread -r line\necho \"$line $ACCOUNTS_URL $ACCOUNTS_KEY\"\n"), 0o700))
	sh.env = append(sh.env, "PATH="+sh.dir+":/bin:/usr/bin")
	out, errs, code := sh.run("hello\n", "mcp")
	if want := "hello " + sh.s.URL + " " + sh.s.Key + "\n"; code != 0 || out != want {
		t.Errorf("%d %q %s, want %q", code, out, errs, want)
	}
	sh.env = []string{"RUN_ACCOUNTS=yes", "ACCOUNTS_CONFIG=" + filepath.Join(sh.dir, "none")}
	if _, errs, code := sh.run("", "mcp"); code != 2 || !strings.Contains(errs, "no server is named") {
		t.Errorf("%d %s", code, errs)
	}
}
