package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// writers are the clients of a server that is killed, each with an account of its
// own.
const writers = 64

// crash kills a server under writers so many times, and each time looks whether
// what it answered is there: every update that was acknowledged, at most one
// more, and an unbroken feed.
func crash(_ context.Context, binary string, kills int) error {
	dir, err := os.MkdirTemp("", "crash")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, key, err := initSample(binary, dir)
	if err != nil {
		return err
	}
	l := &ledger{key: key, seen: map[int64]int64{}}
	for kill := range kills + 1 {
		process, url, err := serve(binary, db)
		if err != nil {
			return err
		}
		c := caller{url: url + "/v1", key: l.key, http: newHTTP()}
		if err := l.check(c); err != nil {
			_ = process.Process.Kill()
			return fmt.Errorf("after %d kills: %w", kill, err)
		}
		if kill < kills {
			time.AfterFunc(time.Duration(20+rand.IntN(400))*time.Millisecond, func() { _ = process.Process.Kill() })
			l.write(c)
		} else {
			_ = process.Process.Kill()
		}
		_ = process.Wait()
	}
	fmt.Printf("%d kills, %d updates answered, none lost; %d changes in the feed, none missing\n", kills, l.answered, l.changes)
	return nil
}

// ledger is what the writers know of their accounts.
type ledger struct {
	key      string
	accounts [writers]struct{ version, value int64 } // as they were last answered
	position string                                  // in the feed
	sequence int64
	seen     map[int64]int64 // the last version of each account in the feed
	answered int
	changes  int
}

// shown is what is read of an account and of a change.
type shown struct {
	ID, Version int64
	Value       float64
	AccountID   int64
	Sequence    string
}

// write updates the accounts until the server is gone.
func (l *ledger) write(c caller) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for i := range l.accounts {
		group.Go(func() {
			a := &l.accounts[i]
			for {
				var got shown
				body := fmt.Appendf(nil, `{"value":%d,"title":"Writer %d at %d"}`, a.value+1, i, a.value+1)
				if err := c.ask("PATCH", fmt.Sprintf("/accounts/%d", i+1), body, &got); err != nil {
					return
				}
				a.value++
				a.version++
				mu.Lock()
				l.answered++
				mu.Unlock()
			}
		})
	}
	group.Wait()
}

// check reads the accounts and the feed after a start.
func (l *ledger) check(c caller) error {
	if err := l.follow(c); err != nil {
		return err
	}
	for i := range l.accounts {
		a := &l.accounts[i]
		var got shown
		if err := c.ask("GET", fmt.Sprintf("/accounts/%d?include_archived=true", i+1), nil, &got); err != nil {
			return err
		}
		version := l.seen[got.ID]
		if a.version > 0 && (version < a.version || version > a.version+1 || int64(got.Value) != a.value+version-a.version) {
			return fmt.Errorf("account %d has version %d and value %g; version %d and value %d were answered", got.ID, version, got.Value, a.version, a.value)
		}
		a.version, a.value = version, int64(got.Value)
	}
	return nil
}

// follow reads the feed on from where it was read before.
func (l *ledger) follow(c caller) error {
	for {
		var page struct{ Changes []shown }
		path := "/accounts/changes?page_size=100"
		if l.position != "" {
			path += "&after=" + l.position
		}
		if err := c.ask("GET", path, nil, &page); err != nil || len(page.Changes) == 0 {
			return err
		}
		for _, change := range page.Changes {
			var sequence int64
			if _, err := fmt.Sscan(strings.TrimLeft(change.Sequence, "0"), &sequence); err != nil {
				return err
			}
			if l.sequence > 0 && sequence != l.sequence+1 {
				return fmt.Errorf("the feed goes from %d to %d", l.sequence, sequence)
			}
			if last, ok := l.seen[change.AccountID]; ok && change.Version != last+1 {
				return fmt.Errorf("the feed has version %d of account %d after %d", change.Version, change.AccountID, last)
			}
			l.sequence, l.position, l.seen[change.AccountID] = sequence, change.Sequence, change.Version
			l.changes++
		}
	}
}

// ask sends a request, and reads the answer. An error is also what is not 200.
func (c caller) ask(method, path string, body []byte, into any) error {
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", c.key)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
