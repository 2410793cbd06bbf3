// Command accounts-mcp lets an agent work with the accounts of an accountsd server, over
// the Model Context Protocol on standard input and output. The server and the key come
// from ACCOUNTS_URL and ACCOUNTS_KEY; "accounts mcp" sets them from a profile.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/client/cmd/manual"
	"github.com/accountsd/accountsd/client/mcp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().Run(ctx, os.Args); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "accounts-mcp:", err)
		os.Exit(1)
	}
}

const description = `It talks to the agent on standard input and output. The server comes from
ACCOUNTS_URL and the key from ACCOUNTS_KEY; accounts mcp runs this program with
those of a profile, and is what belongs into the settings of the agent's program.

What an agent writes it has been shown before; with a key that only reads, it
writes nothing.`

func newCommand() *cli.Command {
	return &cli.Command{
		Name:                  "accounts-mcp",
		Usage:                 "let an agent work with customer accounts, over the Model Context Protocol",
		Description:           description,
		Version:               version(),
		EnableShellCompletion: true,
		Commands:              []*cli.Command{manual.Command(1)},
		Action:                serve,
	}
}

func serve(ctx context.Context, cmd *cli.Command) error {
	if name := cmd.Args().First(); name != "" {
		return fmt.Errorf("there is no command %q; see accounts-mcp --help", name)
	}
	url, key := os.Getenv("ACCOUNTS_URL"), os.Getenv("ACCOUNTS_KEY")
	if url == "" || key == "" {
		return errors.New("set ACCOUNTS_URL and ACCOUNTS_KEY, or run it as accounts mcp")
	}
	c, err := client.New(url, client.WithAPIKey(key), client.WithUserAgent("accounts-mcp"))
	if err != nil {
		return err
	}
	server, err := mcp.New(ctx, c, version())
	if err != nil {
		return err
	}
	return server.Run(ctx, &sdk.StdioTransport{})
}

// release is the version that "make dist" builds, whose tags are those of the module above
// this one.
var release string

// version is the release, or the module's version, as the Go tool noted it in the binary.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
