package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/accountsd/accountsd/server/servertest"
)

// TestMain makes the test binary the program itself where a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_ACCOUNTS_MCP") == "yes" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(env, "RUN_ACCOUNTS_MCP=yes")
	return cmd
}

// An agent that starts the program calls a real server through it.
func TestServe(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	command := program(t, []string{"ACCOUNTS_URL=" + s.URL, "ACCOUNTS_KEY=" + s.Key})
	session, err := sdk.NewClient(&sdk.Implementation{Name: "Claudia", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if got := session.InitializeResult().ServerInfo.Version; got != version() {
		t.Errorf("the version is %q", got)
	}
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 8 {
		t.Errorf("%v, %v", tools, err)
	}
}

// What a person asks of the program it answers without a server.
func TestAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		ok   bool
		want string
	}{
		{"--version", true, "accounts-mcp version " + version()},
		{"--help", true, "ACCOUNTS_KEY"},
		{"man", true, ".TH ACCOUNTS-MCP 1"},
		{"completion bash", true, "accounts-mcp"},
		{"", false, "set ACCOUNTS_URL and ACCOUNTS_KEY"},
		{"serve", false, `there is no command "serve"`},
	} {
		out, err := program(t, nil, strings.Fields(c.args)...).CombinedOutput()
		if (err == nil) != c.ok || !strings.Contains(string(out), c.want) {
			t.Errorf("accounts-mcp %s: %v\n%s", c.args, err, out)
		}
	}
}
