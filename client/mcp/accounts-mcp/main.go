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

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/client/mcp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "accounts-mcp:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
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

// version is the module's, as the Go tool noted it in the binary.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
