package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// What is sent: for each kill of the receiver so many changes, of so many accounts.
const (
	changesPerKill  = 100
	watchedAccounts = 30
	arriving        = time.Minute // for each kill, in which the rest must arrive: half of the time it waits
)

// webhooks has a receiver that refuses half of what comes, and kills it so many times, and
// the servers as well: one on SQLite, and two on PostgreSQL. It ends with what the feed has,
// in order for each account.
func webhooks(ctx context.Context, binary string, kills int) error {
	dir, err := os.MkdirTemp("", "webhooks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := sendWebhooks(ctx, binary, filepath.Join(dir, "accounts.db"), 1, kills); err != nil {
		return fmt.Errorf("on SQLite: %w", err)
	}
	err = onCluster(ctx, pgtest.Options{}, func(cluster *pgtest.Cluster) error {
		return sendWebhooks(ctx, binary, cluster.URL(database), 2, kills)
	})
	if err != nil {
		return fmt.Errorf("on PostgreSQL: %w", err)
	}
	return nil
}

// sendWebhooks does so on one database.
func sendWebhooks(ctx context.Context, binary, db string, servers, kills int) (err error) {
	f, err := newFleet(ctx, binary, db, servers, "--webhook-allow-private", "127.0.0.0/8")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	c, err := client.New(f.urls()[0], client.WithAPIKey(f.key))
	if err != nil {
		return err
	}
	r := &receiver{file: filepath.Join(f.folder, "received.ndjson")}
	if err := r.start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.kill()) }()
	made, err := c.Webhooks.Create(ctx, client.WebhookCreate{URL: "http://" + r.addr + "/"})
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.file+".secret", []byte(made.Secret), 0o600); err != nil {
		return err
	}
	began := time.Now()
	if err := killWhileWriting(ctx, f, c, r, kills); err != nil {
		return err
	}
	feed, err := awaitWebhook(ctx, c, made.Webhook.ID, time.Duration(kills)*arriving)
	if err != nil {
		return err
	}
	requests, err := r.compare(feed)
	if err == nil {
		fmt.Printf("%d servers: %d kills of the receiver and %d of servers; %d changes arrived in order, by %d requests that it took, after %s\n",
			servers, kills, kills/4, len(feed), requests, time.Since(began).Round(time.Second))
	}
	return err
}

// killWhileWriting writes accounts, and kills the receiver, and now and then a server.
func killWhileWriting(ctx context.Context, f *fleet, c *client.Client, r *receiver, kills int) error {
	var ids []int64
	for i := range watchedAccounts {
		a, err := c.Accounts.Create(ctx, client.AccountCreate{Title: fmt.Sprintf("Account %d", i), Address: []string{"1 Main Street"}}, client.MatchBy(client.MatchNone))
		if err != nil {
			return err
		}
		ids = append(ids, a.ID)
	}
	for kill := range kills {
		for n := range changesPerKill {
			if _, err := c.Accounts.Update(ctx, ids[rand.IntN(len(ids))], client.AccountPatch{Description: client.Set(fmt.Sprintf("%d %d", kill, n))}); err != nil {
				return err
			}
		}
		time.Sleep(rand.N(300 * time.Millisecond))
		if err := errors.Join(r.kill(), r.start()); err != nil {
			return err
		}
		if kill%4 != 3 {
			continue
		}
		n := f.servers[rand.IntN(len(f.servers))]
		if err := n.end(syscall.SIGKILL); err != nil {
			return err
		}
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// awaitWebhook waits until all is delivered, at most so long, and returns the feed.
func awaitWebhook(ctx context.Context, c *client.Client, id int64, most time.Duration) (feed []client.Change, err error) {
	for end := time.Now().Add(most); ; time.Sleep(100 * time.Millisecond) {
		w, err := c.Webhooks.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if w.Behind == 0 {
			break
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("the webhook stays behind: %s", w)
		}
	}
	for change, err := range c.Accounts.Changes(ctx, "") {
		if err != nil {
			return nil, err
		}
		feed = append(feed, change)
	}
	return feed, nil
}

// compare looks whether the receiver has taken the feed, in order for each account, and
// returns how many requests it has taken.
func (r *receiver) compare(feed []client.Change) (requests int, err error) {
	taken, err := readReceived(r.file)
	if err != nil {
		return 0, err
	}
	seen := make(map[string]bool)
	got := make(map[int64][]client.Change)
	for _, e := range taken {
		if !seen[e.ID] {
			got[e.Change.AccountID] = append(got[e.Change.AccountID], e.Change)
		}
		seen[e.ID] = true
	}
	want := make(map[int64][]client.Change)
	for _, change := range feed {
		want[change.AccountID] = append(want[change.AccountID], change)
	}
	for id := range want {
		if !slices.EqualFunc(got[id], want[id], sameChange) {
			return 0, fmt.Errorf("account %d: received\n%v\nwhere the feed has\n%v", id, got[id], want[id])
		}
	}
	if !maps.EqualFunc(got, want, func(a, b []client.Change) bool { return len(a) == len(b) }) {
		return 0, errors.New("changes were received that the feed does not have")
	}
	return len(taken), nil
}

func sameChange(a, b client.Change) bool {
	one, errOne := json.Marshal(a)
	other, errOther := json.Marshal(b)
	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}
