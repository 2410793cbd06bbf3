// Package crowd is many clients of one company who work on the same few accounts at
// once, through one server or several, and look afterwards whether all that they
// were told can be true.
package crowd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/accountsd/accountsd/client"
)

// Config is what a crowd does, and where.
type Config struct {
	URLs     []string // of the API on each server
	Key      string   // that may do all
	Clients  int
	Accounts int
	Growth   time.Duration // in which all accounts come to be
	Hasty    bool          // some calls are given up after a moment, so nobody learns what became of them
	Folder   string        // for drawings of what cannot be

	Middleware client.Middleware // of each attempt, if there is one
}

// Crowd is clients at work.
type Crowd struct {
	config   Config
	router   *router
	shared   *client.Client   // through all servers
	direct   []*client.Client // through each
	property string
	accounts []account
	record   *record
	follower *follower

	clients, reader sync.WaitGroup
	ctx             context.Context // of what they do
	cancel          context.CancelCauseFunc
	over            atomic.Bool // the clients begin nothing new
	quiet           atomic.Bool // the last one is done
}

// account is one of those that the clients know by its title.
type account struct {
	title, email string
	id           atomic.Int64 // 0: nobody has been told
}

// The clients repeat a call until there is an answer, or until they give up.
const (
	retries      = 1000
	firstPause   = 20 * time.Millisecond
	longestPause = 300 * time.Millisecond
	patience     = 90 * time.Second
)

// New returns a crowd that has not begun. The company must have no accounts.
func New(ctx context.Context, config Config) (*Crowd, error) {
	c := &Crowd{config: config, record: newRecord(), accounts: make([]account, config.Accounts)}
	var err error
	if c.router, err = newRouter(config.URLs, config.Middleware); err != nil {
		return nil, err
	}
	if c.shared, err = c.client(config.URLs[0], retries, c.router); err != nil {
		return nil, err
	}
	c.follower = &follower{}
	for _, url := range config.URLs {
		direct, err := c.client(url, retries, transport())
		if err != nil {
			return nil, err
		}
		once, err := c.client(url, 0, transport()) // The follower asks the next server instead.
		if err != nil {
			return nil, err
		}
		c.direct, c.follower.servers = append(c.direct, direct), append(c.follower.servers, once)
	}
	for i := range c.accounts {
		// Two accounts have one person, who must not be made twice.
		c.accounts[i].title, c.accounts[i].email = fmt.Sprintf("Account %d", i+1), fmt.Sprintf("person%d@example.com", i/2)
	}
	made, err := c.shared.Properties.Create(ctx, client.PropertyCreate{Name: "Roof", Type: client.Dropdown, Options: []string{}})
	if err != nil {
		return nil, fmt.Errorf("define a property: %w", err)
	}
	c.property = made.KeyName
	return c, nil
}

func (c *Crowd) client(url string, retries int, through http.RoundTripper) (*client.Client, error) {
	return client.New(url, client.WithAPIKey(c.config.Key), client.WithHTTPClient(&http.Client{Transport: through}),
		client.WithRetries(retries), client.WithBackoff(firstPause, longestPause), client.WithTimeout(patience))
}

// Start lets the clients begin.
func (c *Crowd) Start(ctx context.Context) {
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	for i := range c.config.Clients {
		p := &person{Crowd: c, number: i, random: rand.New(rand.NewPCG(rand.Uint64(), uint64(i))), tags: make(map[int]tag)}
		c.clients.Go(func() { p.work(c.ctx) })
	}
	c.reader.Go(func() {
		if err := c.follower.follow(c.ctx, c.quiet.Load); err != nil {
			c.blame(err)
		}
	})
}

// Stop lets the clients finish what they do and the follower read it, and returns
// what no client should be told, if one was.
func (c *Crowd) Stop() error {
	c.over.Store(true)
	c.clients.Wait()
	c.quiet.Store(true)
	c.reader.Wait()
	return c.record.failure()
}

// Done is how many operations the clients have done by now.
func (c *Crowd) Done() int { return len(c.record.all()) }

// Failure is what no client should be told, if one was by now.
func (c *Crowd) Failure() error { return c.record.failure() }

// blame ends the work, since a client was told what none should be.
func (c *Crowd) blame(err error) {
	c.record.blame(err)
	c.cancel(errStopped)
}

// errStopped is why a crowd gives up that was told what it should not be.
var errStopped = errors.New("a client was told what it should not be")

// open is how many accounts the clients know of by now.
func (c *Crowd) open() int {
	if passed := c.record.now(); passed < c.config.Growth {
		return 1 + int(int64(c.config.Accounts-1)*int64(passed)/int64(c.config.Growth))
	}
	return c.config.Accounts
}
