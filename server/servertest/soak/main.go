// Soak attacks a real server with hundreds of requests at once, and prints the
// memory that it takes and how long honest callers wait meanwhile: "make soak".
// Its argument is the binary to serve with, so that two can be compared. Or it
// kills one again and again while it writes ("make soak-crash"), also with another one
// that follows it ("make soak-follow"), sends it all that openapi.yaml allows and
// forbids ("make soak-fuzz"), or has many clients
// work through two servers on one PostgreSQL while things go wrong ("make
// soak-servers", "make soak-failover"), or kills a receiver of webhooks ("make
// soak-webhooks"), or imports by keys in two processes at once ("make soak-keys").
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
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/servertest/fuzz"
	"github.com/accountsd/accountsd/server/servertest/powercut"
)

const usage = `usage: soak ACCOUNTSD [MIX ...]
       soak crash KILLS ACCOUNTSD
       soak failover TIMES ACCOUNTSD
       soak follow TIMES ACCOUNTSD
       soak fuzz DURATION SEED|- ACCOUNTSD
       soak keys-sqlite|keys-postgres ROWS ACCOUNTSD
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

	"keys-sqlite":   keysOnSQLite,
	"keys-postgres": keysOnPostgres,

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
