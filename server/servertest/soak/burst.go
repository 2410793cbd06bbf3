package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// burstConnections are what a server may open to PostgreSQL, burstTimeout how long a
// request may take there.
const (
	burstConnections = 8
	burstTimeout     = 3 * time.Second
)

// burst sends hundreds of requests at once to one server, and looks at how many
// connections it opens to PostgreSQL: while that is well, while it hangs, and when it
// is well again.
func burst(ctx context.Context, binary string) error {
	fmt.Printf("%d requests at once, %d connections\n", atOnce, burstConnections)
	return onCluster(ctx, pgtest.Options{}, func(cluster *pgtest.Cluster) error {
		return onFleet(ctx, binary, cluster.URL(database), 1, func(f *fleet) error {
			c := caller{url: f.urls()[0], key: f.key, http: newHTTP()}
			if err := c.fill(); err != nil {
				return err
			}
			return burstThrice(ctx, f, cluster, c)
		}, "--db-connections", strconv.Itoa(burstConnections), "--timeout", burstTimeout.String())
	})
}

func burstThrice(ctx context.Context, f *fleet, cluster *pgtest.Cluster, c caller) error {
	pid := f.servers[0].process.Process.Pid
	before := memory(pid)["VmRSS"]
	sessions, stop := watchSessions(ctx, cluster)
	err := c.burst().check("while PostgreSQL is well", http.StatusOK)
	hanging, failed := hang(cluster, c)
	err = errors.Join(err, failed, hanging.check("while it hangs", http.StatusServiceUnavailable), c.burst().check("when it is well again", http.StatusOK))
	stop()
	most := <-sessions
	fmt.Printf("  at most %d connections; RSS %d MB before, at most %d MB\n", most, before>>10, memory(pid)["VmHWM"]>>10)
	if most == 0 || most > burstConnections {
		err = errors.Join(err, fmt.Errorf("the server had %d connections", most))
	}
	return err
}

// hang sends the requests while PostgreSQL hangs.
func hang(cluster *pgtest.Cluster, c caller) (answers, error) {
	if err := cluster.Pause(); err != nil {
		return answers{}, err
	}
	got := c.burst()
	return got, cluster.Resume()
}

// fill creates an account for each request of a burst.
func (c caller) fill() error {
	var into shown
	for i := range atOnce {
		body := fmt.Sprintf(`{"title":"Account %d","address":["1 Main Street"]}`, i+1)
		if err := c.ask("POST", "/accounts?match_by=none", body, &into); err != nil {
			return err
		}
	}
	return nil
}

// answers are what the requests of a burst got, and how long the last one took.
type answers struct {
	statuses map[int]int
	hasty    int // 503 without Retry-After
	took     time.Duration
}

// burstMargin is how much longer than a request may take the last answer may.
const burstMargin = 3 * time.Second

// check prints the answers, and returns an error unless all have a status.
func (a answers) check(when string, want int) error {
	fmt.Printf("  %s: %v within %v\n", when, a.statuses, round(a.took))
	switch {
	case a.statuses[want] != atOnce:
		return fmt.Errorf("%s, not all answers are %d: %v", when, want, a.statuses)
	case a.hasty > 0:
		return fmt.Errorf("%s, %d answers do not say when to come again", when, a.hasty)
	case a.took > burstTimeout+burstMargin:
		return fmt.Errorf("%s, the last answer takes %v", when, a.took)
	}
	return nil
}

// burst sends all requests at once: two reads for each write.
func (c caller) burst() answers {
	got := answers{statuses: make(map[int]int)}
	var mu sync.Mutex
	var group sync.WaitGroup
	began := time.Now()
	for i := range atOnce {
		group.Go(func() {
			status, later := c.one(i)
			mu.Lock()
			defer mu.Unlock()
			got.statuses[status]++
			if status == http.StatusServiceUnavailable && later == "" {
				got.hasty++
			}
		})
	}
	group.Wait()
	got.took = time.Since(began)
	return got
}

// one sends one of them, and returns the status and Retry-After.
func (c caller) one(i int) (status int, later string) {
	method, path, body := "GET", fmt.Sprintf("/accounts/%d", i+1), ""
	switch i % 3 {
	case 0:
		method, body = "PATCH", fmt.Sprintf(`{"value":%d,"description":"%d"}`, i, time.Now().UnixNano())
	case 1:
		path = "/accounts?page_size=20&q=account"
	}
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", c.key)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("Retry-After")
}

// watchSessions counts the connections of servers until stop is called, and then
// tells the most that there were.
func watchSessions(ctx context.Context, cluster *pgtest.Cluster) (most <-chan int, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	found := make(chan int, 1)
	go func() {
		most := 0
		for ctx.Err() == nil {
			if n, err := cluster.Sessions(ctx, "accountsd"); err == nil {
				most = max(most, n)
			}
			time.Sleep(20 * time.Millisecond)
		}
		found <- most
	}()
	return found, cancel
}
