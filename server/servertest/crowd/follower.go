package crowd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// follower reads the feed while the others write, each page from another server.
type follower struct {
	servers []*client.Client
	feed    history.Feed
	titles  map[string]int // of the accounts that were created, how often
	last    api.Sequence
}

const (
	feedPage  = 50
	feedPause = 5 * time.Millisecond
)

// errAway is of a server that does not answer now.
var errAway = errors.New("no answer")

// follow reads until the clients have stopped and nothing new comes.
func (f *follower) follow(ctx context.Context, over func() bool) error {
	for turn := 0; ctx.Err() == nil; turn++ {
		isLast := over()
		n, err := f.readPage(ctx, f.servers[turn%len(f.servers)])
		switch {
		case err != nil && !errors.Is(err, errAway):
			return fmt.Errorf("follow the feed after %q: %w", f.last, err)
		case err == nil && n == 0 && isLast:
			return nil
		case n < feedPage:
			time.Sleep(feedPause)
		}
	}
	return fmt.Errorf("follow the feed after %q: %w", f.last, context.Cause(ctx))
}

// readPage reads on at one server.
func (f *follower) readPage(ctx context.Context, server *client.Client) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	params := &api.ListChangesParams{PageSize: new(feedPage)}
	if f.last != "" {
		params.After = &f.last
	}
	page, err := server.API().ListChangesWithResponse(ctx, params)
	switch {
	case err != nil || page.StatusCode() == http.StatusServiceUnavailable || page.StatusCode() == http.StatusBadGateway:
		return 0, errAway
	case page.JSON200 == nil:
		return 0, fmt.Errorf("%s: %s", page.Status(), page.Body)
	}
	for _, change := range page.JSON200.Changes {
		if err := f.add(change); err != nil {
			return 0, err
		}
	}
	return len(page.JSON200.Changes), nil
}

func (f *follower) add(change api.Change) error {
	sequence, err := strconv.ParseInt(strings.TrimLeft(change.Sequence, "0"), 10, 64)
	if err != nil {
		return err
	}
	note, _ := change.Fields["description"].After.(string)
	f.feed = append(f.feed, history.Entry{Sequence: sequence, AccountID: change.AccountID, Version: change.Version, Note: note})
	f.last = change.Sequence
	if title, ok := change.Fields["title"].After.(string); ok && change.Kind == client.Created {
		if f.titles == nil {
			f.titles = make(map[string]int)
		}
		f.titles[title]++
	}
	return nil
}
