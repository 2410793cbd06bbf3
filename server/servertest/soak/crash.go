package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
func crash(ctx context.Context, binary string, kills int) error {
	dir, err := os.MkdirTemp("", "crash")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, key, err := initSample(binary, dir)
	if err != nil {
		return err
	}
	l := &ledger{key: key, seen: map[int64]int64{}, rest: rest{binary: binary, dir: dir, db: db}}
	for kill := range kills + 1 {
		if err := l.killOnce(ctx, kill, kill == kills); err != nil {
			return fmt.Errorf("after %d kills: %w", kill, err)
		}
	}
	fmt.Printf("%d kills, %d updates answered, none lost; %d changes in the feed, none missing; %d renames of an option, %d removals of a property, %d steps of moves, %d imports\n",
		kills, l.answered, l.changes, l.rest.stage, l.rest.removed, l.rest.steps, l.rest.imports)
	return nil
}

// killOnce starts the server, looks at what there is, and kills it while all write; or
// only looks, the last time.
func (l *ledger) killOnce(ctx context.Context, kill int, last bool) error {
	process, url, err := serve(l.rest.binary, l.rest.db)
	if err != nil {
		return err
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	c := caller{url: url + "/v1", key: l.key, http: newHTTP()}
	if kill == 0 {
		if err := l.rest.prepare(c); err != nil {
			return err
		}
	}
	if err := errors.Join(l.check(c), l.rest.check(ctx, c, kill)); err != nil || last {
		return err
	}
	importing := l.rest.importFile(ctx, kill)
	time.AfterFunc(time.Duration(20+rand.IntN(400))*time.Millisecond, func() {
		_ = process.Process.Kill()
		if importing != nil {
			_ = importing.Process.Kill()
		}
	})
	var group sync.WaitGroup
	l.rest.work(c, &group)
	l.write(c)
	group.Wait()
	if importing != nil {
		_ = importing.Wait()
	}
	return nil
}

// ledger is what the writers know of their accounts.
type ledger struct {
	key      string
	accounts [writers]struct{ version, value int64 } // as they were last answered
	position string                                  // in the feed
	sequence int64
	seen     map[int64]int64 // the last version of each account in the feed
	mu       sync.Mutex
	answered int
	changes  int
	rest     rest
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
	for i := range l.accounts {
		group.Go(func() {
			a := &l.accounts[i]
			for {
				var got shown
				body := fmt.Sprintf(`{"value":%d,"title":"Writer %d at %d"}`, a.value+1, i, a.value+1)
				if err := c.ask("PATCH", fmt.Sprintf("/accounts/%d", i+1), body, &got); err != nil {
					return
				}
				a.value++
				a.version++
				l.count()
			}
		})
	}
	group.Wait()
}

// count counts an answer.
func (l *ledger) count() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
}

// check reads the accounts and the feed after a start.
func (l *ledger) check(c caller) error {
	if err := l.follow(c); err != nil {
		return err
	}
	for i := range l.accounts {
		a := &l.accounts[i]
		var got shown
		if err := c.ask("GET", fmt.Sprintf("/accounts/%d?include_archived=true", i+1), "", &got); err != nil {
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
		if err := c.ask("GET", path, "", &page); err != nil || len(page.Changes) == 0 {
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

// refusal is an answer that is not a success.
type refusal struct{ status, request string }

func (r refusal) Error() string { return r.request + ": " + r.status }

// ask sends a request, and reads the answer, unless into is nil. An error is also a
// refusal.
func (c caller) ask(method, path, body string, into any) error {
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
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
	switch {
	case resp.StatusCode >= 300:
		return refusal{resp.Status, method + " " + path}
	case into == nil:
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
