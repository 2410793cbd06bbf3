package alias

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// FlushInterval is how often counts are written. A process that is killed
// loses those of at most this time.
const FlushInterval = 2 * time.Second

// Bounds of what callers can make the counter remember.
const (
	MaxUserAgent  = 200 // characters; the rest is cut off
	maxUserAgents = 20  // of one key in a day; more are counted as OtherAgents
)

// OtherAgents stands for the user agents of a key that came with too many.
const OtherAgents = "(others)"

// Counter counts the calls of the alias in memory until they are flushed.
// Its methods are safe for concurrent use.
type Counter struct {
	flushing sync.Mutex
	mu       sync.Mutex
	pending  map[useKey]*Use
	day      time.Time
	agents   map[int64]map[string]struct{} // by key: those counted by name on that day
}

// useKey is what calls are told apart by.
type useKey struct {
	keyID            int64 // which has one user
	operation, agent string
	day              int64
}

// NewCounter returns a counter at zero.
func NewCounter() *Counter {
	return &Counter{pending: make(map[useKey]*Use), agents: make(map[int64]map[string]struct{})}
}

// Count notes one call.
func (c *Counter) Count(actor identity.Actor, operation, agent string, now time.Time, refused bool) {
	agent = agentName(agent)
	day := now.Truncate(24 * time.Hour)
	key := useKey{keyID: actor.KeyID, operation: operation, agent: agent, day: day.Unix()}
	c.mu.Lock()
	defer c.mu.Unlock()
	use := c.pending[key]
	if use == nil {
		key.agent = c.bounded(actor.KeyID, agent, day)
		use = c.pending[key]
	}
	if use == nil {
		use = &Use{
			CompanyID: actor.CompanyID, UserID: actor.User.ID, KeyID: actor.KeyID,
			Operation: operation, UserAgent: key.agent, Day: day, First: now, Last: now,
		}
		c.pending[key] = use
	}
	use.add(Use{Calls: 1, First: now, Last: now})
	if refused {
		use.Refused++
	}
}

// bounded returns the name under which an agent is counted.
func (c *Counter) bounded(keyID int64, agent string, day time.Time) string {
	if !day.Equal(c.day) {
		c.day = day
		clear(c.agents)
	}
	known := c.agents[keyID]
	if _, ok := known[agent]; ok {
		return agent
	}
	if len(known) >= maxUserAgents {
		return OtherAgents
	}
	if known == nil {
		known = make(map[string]struct{})
		c.agents[keyID] = known
	}
	known[agent] = struct{}{}
	return agent
}

// Flush writes the counts in one transaction. Those that could not be written
// are kept for the next time.
func (c *Counter) Flush(ctx context.Context, store Store) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	taken := c.pending
	if len(taken) == 0 {
		c.mu.Unlock()
		return nil
	}
	c.pending = make(map[useKey]*Use, len(taken))
	c.mu.Unlock()

	uses := make([]Use, 0, len(taken))
	for _, use := range taken {
		uses = append(uses, *use)
	}
	err := write.Do(ctx, store, func(ctx context.Context, tx Tx) error { return tx.AddAliasUse(ctx, uses) })
	if err != nil {
		c.putBack(taken)
	}
	return err
}

func (c *Counter) putBack(taken map[useKey]*Use) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, use := range taken {
		if newer := c.pending[key]; newer != nil {
			newer.add(*use)
		} else {
			c.pending[key] = use
		}
	}
}

// Run flushes every FlushInterval until ctx ends, and then once more. What
// goes wrong is given to report.
func (c *Counter) Run(ctx context.Context, store Store, report func(error)) {
	ticker := time.NewTicker(FlushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		stopped := ctx.Err() != nil // before the flush, which else might not be the last one
		if err := c.Flush(context.WithoutCancel(ctx), store); err != nil {
			report(err)
		}
		if stopped {
			return
		}
	}
}

// agentName makes one printable line of bounded length of a User-Agent header.
func agentName(header string) string {
	plain := len(header) <= MaxUserAgent
	for i := 0; plain && i < len(header); i++ {
		plain = ' ' <= header[i] && header[i] <= '~'
	}
	if plain {
		return header
	}
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(header, "?"))
	if runes := []rune(name); len(runes) > MaxUserAgent {
		name = string(runes[:MaxUserAgent])
	}
	return name
}
