// Soak attacks a real server with hundreds of requests at once, and prints the
// memory that it takes and how long honest callers wait meanwhile: "make soak".
// Its argument is the binary to serve with, so that two can be compared. Or it
// kills one again and again while it writes ("make soak-crash"), also with another one
// that follows it ("make soak-follow"), sends it all that openapi.yaml allows and
// forbids ("make soak-fuzz"), or has many clients
// work through two servers on one PostgreSQL while things go wrong ("make
// soak-servers", "make soak-failover"), or kills a receiver of webhooks ("make
// soak-webhooks").
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/servertest/fuzz"
	"github.com/accountsd/accountsd/server/servertest/powercut"
)

// atOnce is how many requests of an attack come at once.
const atOnce = 500

// attack is one kind of request that costs more to answer than to send.
type attack struct {
	method, path string
	keyed        bool
	body         []byte
}

// attacks are the mixes, by their names on the command line.
func attacks() map[string][]attack {
	var members strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&members, `"a%05d":1,`, i)
	}
	unknown := []byte("{" + members.String() + `"z":1}`)
	updates := strings.Repeat(`{"id":1,"set":{"custom":{"nope":1},"contacts":[0]}},`, 20_000)
	accept := attack{"POST", "/users/accept", false, unknown}
	update := attack{"PATCH", "/accounts/1", true, unknown}
	large := attack{"PATCH", "/accounts/1", true, []byte(`{"description":"` + strings.Repeat("x", 1<<20-40) + `"}`)}
	batch := attack{"POST", "/accounts/batch", true, []byte(`{"updates":[` + updates[:len(updates)-1] + `]}`)}
	return map[string][]attack{"accept": {accept}, "unknown": {update}, "large": {large}, "batch": {batch}, "all": {accept, update, large, batch}}
}

const usage = `usage: soak ACCOUNTSD [MIX ...]
       soak crash KILLS ACCOUNTSD
       soak failover TIMES ACCOUNTSD
       soak follow TIMES ACCOUNTSD
       soak fuzz DURATION SEED|- ACCOUNTSD
       soak powercut STATES ACCOUNTSD
       soak webhooks KILLS ACCOUNTSD
       soak two|balanced|pooled|burst|days ACCOUNTSD`

// modes are those that take nothing but a binary. All but days start PostgreSQL.
var modes = map[string]func(ctx context.Context, binary string) error{"two": two, "balanced": balanced, "pooled": pooled, "burst": burst, "days": badDays}

// repeated are the modes that take how often to do what they do.
var repeated = map[string]func(ctx context.Context, binary string, times int) error{
	"crash":    crash,
	"failover": failover,
	"follow":   follow,
	"webhooks": webhooks,
	"powercut": func(ctx context.Context, binary string, states int) error {
		slog.SetLogLoggerLevel(slog.LevelError) // Each state that is migrated would be told.

		return powercut.Run(ctx, binary, oldDatabase, states, uint64(time.Now().UnixNano()))
	},
}

// oldDatabase is one of an older schema, seen from where "make" is run.
const oldDatabase = "server/store/sqlite/testdata/schema5.db.gz"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

// run does what the arguments say.
func run(ctx context.Context, args []string) error {
	switch mode := strings.Join(args[:min(1, len(args))], ""); {
	case mode == "attack" && len(args) == 4: // this program in its other role
		fmt.Print(caller{url: args[1], key: args[2], http: newHTTP()}.attack(attacks()[args[3]]))
		return nil
	case mode == "receive" && len(args) == 3: // and in another one
		return receive(args[1], args[2])
	case repeated[mode] != nil && len(args) == 3:
		times, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return repeated[mode](ctx, args[2], times)
	case mode == "fuzz" && len(args) == 4:
		return fuzzed(ctx, args[1], args[2], args[3])
	case len(args) == 2 && modes[mode] != nil:
		return modes[mode](ctx, args[1])
	case mode == "":
		return errors.New(usage)
	}
	return soakAll(args[0], args[1:])
}

// fuzzed sends requests of all kinds for so long, with a seed or any.
func fuzzed(ctx context.Context, duration, seed, binary string) error {
	c := fuzz.Config{Binary: binary, Seed: rand.Uint64(), Out: os.Stdout}
	var err error
	if c.Duration, err = time.ParseDuration(duration); err != nil {
		return err
	}
	if seed != "-" {
		if c.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
			return err
		}
	}
	return fuzz.Run(ctx, c)
}

func soakAll(binary string, mixes []string) error {
	if len(mixes) == 0 {
		mixes = []string{"accept", "unknown", "large", "batch", "all"}
	}
	for _, name := range mixes {
		if err := soak(binary, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// onSample serves a sample company of its own, for as long as do takes.
func onSample(binary string, do func(server *exec.Cmd, c caller, db string) error) error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, key, err := initSample(binary, dir)
	if err != nil {
		return err
	}
	server, url, err := serve(binary, db)
	if err != nil {
		return err
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	return do(server, caller{url: url + "/v1", key: key, http: newHTTP()}, db)
}

// soak attacks one server, and prints a line.
func soak(binary, name string) error {
	return onSample(binary, func(server *exec.Cmd, c caller, _ string) error { return c.soak(server, name) })
}

// soak attacks the server that it calls.
func (c caller) soak(server *exec.Cmd, name string) (err error) {
	quiet := c.honest(func() { time.Sleep(5 * time.Second) })
	before := memory(server.Process.Pid)["VmRSS"]
	var answers []byte
	attacked := c.honest(func() {
		// The attacker is elsewhere, and has a processor of its own.
		answers, err = exec.Command("nice", "-n", "19", os.Args[0], "attack", c.url, c.key, name).Output()
	})
	fmt.Printf("%-8s quiet: p50 %v p99 %v; attacked: p50 %v p99 %v (%.1f times), answers %s; RSS %d MB, at most %d MB\n", name,
		quantile(quiet, 50), quantile(quiet, 99), quantile(attacked, 50), quantile(attacked, 99),
		float64(quantile(attacked, 99))/float64(quantile(quiet, 99)), answers, before>>10, memory(server.Process.Pid)["VmHWM"]>>10)
	return err
}

// initSample makes a sample company in a folder, and returns its file and a key.
func initSample(binary, dir string) (db, key string, err error) {
	db = filepath.Join(dir, "accounts.db")
	out, err := exec.Command(binary, "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com", "--sample-data").Output()
	return db, strings.TrimSpace(string(out)), err
}

// serve starts a server, and returns its URL.
func serve(binary, db string) (server *exec.Cmd, url string, err error) {
	server = exec.Command(binary, "serve", "--db", db, "--addr", "127.0.0.1:0", "--rate-limit", "0")
	stderr, err := server.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewReader(stderr)
	for url == "" { // Warnings may come first.
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, "", errors.Join(fmt.Errorf("the server has ended: %w", err), server.Wait())
		}
		_, url, _ = strings.Cut(line, `"url":"`)
		url, _, _ = strings.Cut(url, `"`)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return server, url, nil
}

type caller struct {
	url, key string
	http     *http.Client
}

func newHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}, Timeout: time.Minute}
}

// call sends a request, and returns the status of the answer; 0 if the
// connection broke.
func (c caller) call(a attack) int {
	req, err := http.NewRequest(a.method, c.url+a.path, bytes.NewReader(a.body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if a.keyed {
		req.Header.Set("X-Api-Key", c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// honest reads and writes an account, 100 times in a second, while something else
// goes on, and returns how long each took, in order.
func (c caller) honest(meanwhile func()) []time.Duration {
	done := make(chan struct{})
	go func() { defer close(done); meanwhile() }()
	var mu sync.Mutex
	var took []time.Duration
	var group sync.WaitGroup
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			group.Wait()
			slices.Sort(took)
			return took
		case <-ticker.C:
		}
		group.Go(func() {
			a := attack{"GET", "/accounts/1?include_contacts=true", true, nil}
			if i%4 == 0 {
				a = attack{"PATCH", "/accounts/1", true, fmt.Appendf(nil, `{"description":"%d"}`, i)}
			}
			start := time.Now()
			c.call(a)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(start))
		})
	}
}

// attack sends all requests at once, and counts the answers by status.
func (c caller) attack(mix []attack) map[int]int {
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for i := range atOnce {
		group.Go(func() {
			status := c.call(mix[i%len(mix)])
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	return statuses
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100].Round(10 * time.Microsecond)
}

// memory reads the memory of a process, in kB by the names of /proc.
func memory(pid int) map[string]int {
	found := map[string]int{}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var name string
		var kB int
		if _, err := fmt.Sscanf(line, "%s %d kB", &name, &kB); err == nil {
			found[strings.TrimSuffix(name, ":")] = kB
		}
	}
	return found
}
