package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/server/servertest/crowd"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// What a crowd is, and how long it takes until it knows all accounts.
const (
	crowdClients  = 16
	crowdAccounts = 50
	crowdGrowth   = 6 * time.Second
)

// starting is how long a server may take to listen, stopping how long to end, and
// working how long a crowd may be at work.
const (
	starting = 30 * time.Second
	stopping = 40 * time.Second
	working  = 3 * time.Minute
)

// fleet is servers on one PostgreSQL database.
type fleet struct {
	binary, db, key string
	folder          string // for what tells of a failure
	flags           []string
	servers         []*node
}

// node is a server, which can be ended and started again at its address.
type node struct {
	fleet   *fleet
	name    string
	addr    string
	process *exec.Cmd
	done    chan struct{} // closed once it has ended
}

// newFleet makes a company in an empty database, and starts servers on it.
func newFleet(ctx context.Context, binary, db string, servers int, flags ...string) (*fleet, error) {
	f := &fleet{binary: binary, db: db, folder: filepath.Join(filepath.Dir(os.Args[0]), "soaked"), flags: flags}
	if err := errors.Join(os.RemoveAll(f.folder), os.MkdirAll(f.folder, 0o755)); err != nil {
		return nil, err
	}
	key, err := exec.CommandContext(ctx, binary, "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com").Output()
	if err != nil {
		return nil, fmt.Errorf("make a company: %w", withOutput(err))
	}
	f.key = strings.TrimSpace(string(key))
	for i := range servers {
		n := &node{fleet: f, name: fmt.Sprintf("server%d", i+1), addr: "127.0.0.1:0"}
		if err := n.start(ctx); err != nil {
			return nil, errors.Join(err, f.stop())
		}
		f.servers = append(f.servers, n)
	}
	return f, nil
}

// onFleet makes a fleet for as long as do takes.
func onFleet(ctx context.Context, binary, db string, servers int, do func(*fleet) error, flags ...string) error {
	f, err := newFleet(ctx, binary, db, servers, flags...)
	if err != nil {
		return err
	}
	return errors.Join(do(f), f.stop())
}

// database is the name of the databases here.
const database = "accounts"

// onCluster starts PostgreSQL with an empty database, for as long as do takes.
func onCluster(ctx context.Context, options pgtest.Options, do func(*pgtest.Cluster) error) (err error) {
	cluster, err := pgtest.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	if err := cluster.CreateDatabase(ctx, database); err != nil {
		return err
	}
	return do(cluster)
}

// withOutput adds to an error what the command wrote to standard error.
func withOutput(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

// urls are those of the API on each server.
func (f *fleet) urls() (urls []string) {
	for _, n := range f.servers {
		urls = append(urls, "http://"+n.addr+"/v1")
	}
	return urls
}

// stop ends all servers.
func (f *fleet) stop() error {
	var errs []error
	for _, n := range f.servers {
		errs = append(errs, n.end(syscall.SIGTERM))
	}
	return errors.Join(errs...)
}

// start starts the server, and returns once it listens. Its log is added to a file.
func (n *node) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(n.fleet.folder, n.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	args := append([]string{"serve", "--db", n.fleet.db, "--addr", n.addr, "--rate-limit", "0"}, n.fleet.flags...)
	n.process, n.done = exec.Command(n.fleet.binary, args...), make(chan struct{})
	stderr, err := n.process.StderrPipe()
	if err == nil {
		err = n.process.Start()
	}
	if err != nil {
		return errors.Join(err, log.Close())
	}
	listening := make(chan string, 1)
	go func() {
		defer close(n.done)
		defer log.Close()
		listen(io.TeeReader(stderr, log), listening)
		_ = n.process.Wait() // How it ended is of no interest; its log is.
	}()
	return n.awaitListening(ctx, listening, log.Name())
}

// listen reads a log to its end, and tells the address that a server listens on.
func listen(log io.Reader, listening chan<- string) {
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadString('\n')
		if _, rest, found := strings.Cut(line, `"url":"http://`); found {
			addr, _, _ := strings.Cut(rest, `"`)
			select {
			case listening <- addr:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

func (n *node) awaitListening(ctx context.Context, listening <-chan string, log string) error {
	ctx, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	select {
	case n.addr = <-listening:
		return nil
	case <-n.done:
		return fmt.Errorf("%s has ended; its log is %s", n.name, log)
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s does not listen: %w; its log is %s", n.name, ctx.Err(), log), n.end(syscall.SIGKILL))
	}
}

// end ends the server with a signal, and waits for it.
func (n *node) end(signal os.Signal) error {
	if err := n.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-n.done:
		return nil
	case <-time.After(stopping):
		return errors.Join(fmt.Errorf("%s does not end within %v", n.name, stopping), n.process.Process.Kill())
	}
}

// work has a crowd at work through servers or what stands in front of them, until
// during returns, and then looks whether what the clients were told can be true.
func (f *fleet) work(ctx context.Context, urls []string, hasty bool, during func(context.Context, *crowd.Crowd) error) error {
	ctx, cancel := context.WithTimeout(ctx, working)
	defer cancel()
	c, err := crowd.New(ctx, crowd.Config{
		URLs: urls, Key: f.key, Clients: crowdClients, Accounts: crowdAccounts, Growth: crowdGrowth, Hasty: hasty, Folder: f.folder,
	})
	if err != nil {
		return err
	}
	c.Start(ctx)
	err = during(ctx, c)
	err = errors.Join(c.Stop(), err)
	report, wrong := c.Check(ctx)
	if err = errors.Join(err, wrong); err != nil {
		return fmt.Errorf("%w\nthe logs of the servers are in %s", err, f.folder)
	}
	fmt.Printf("  %v\n", report)
	if failed := c.Failed(); len(failed) > 0 {
		fmt.Printf("  attempts that failed, and were repeated: %v\n", failed)
	}
	return nil
}

// pause lets a crowd work for a while, unless that is of no use any more.
func pause(c *crowd.Crowd, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end) && c.Failure() == nil; {
		time.Sleep(10 * time.Millisecond)
	}
}
