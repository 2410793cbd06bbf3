package alias

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// flushInterval is how often counts are written. A process that is killed
// loses those of at most this time.
const flushInterval = 2 * time.Second

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
	pending  counts
	day      time.Time
	agents   map[int64]map[string]struct{} // by key: those counted by name on that day
}

// useKey is what calls are told apart by.
type useKey struct {
	keyID            int64 // which has one user
	operation, agent string
	day              int64
}

// counts are those that have not been written.
type counts struct {
	uses       map[useKey]*Use
	leniencies map[leniencyKey]*Leniency
}

// leniencyKey is what leniencies are told apart by.
type leniencyKey struct {
	keyID, day int64
	name       string
}

func newCounts() counts {
	return counts{uses: make(map[useKey]*Use), leniencies: make(map[leniencyKey]*Leniency)}
}

// NewCounter returns a counter at zero.
func NewCounter() *Counter {
	return &Counter{pending: newCounts(), agents: make(map[int64]map[string]struct{})}
}

// Count notes one call.
func (c *Counter) Count(actor identity.Actor, operation, agent string, now time.Time, refused bool) {
	agent = agentName(agent)
	day := now.Truncate(24 * time.Hour)
	key := useKey{keyID: actor.KeyID, operation: operation, agent: agent, day: day.Unix()}
	c.mu.Lock()
	defer c.mu.Unlock()
	use := c.pending.uses[key]
	if use == nil {
		key.agent = c.bounded(actor.KeyID, agent, day)
		use = c.pending.uses[key]
	}
	if use == nil {
		use = &Use{
			CompanyID: actor.CompanyID, UserID: actor.User.ID, KeyID: actor.KeyID,
			Operation: operation, UserAgent: key.agent, Day: day, First: now, Last: now,
		}
		c.pending.uses[key] = use
	}
	use.add(Use{Calls: 1, First: now, Last: now})
	if refused {
		use.Refused++
	}
}

// CountLeniencies notes what one call needed to be read leniently, by names of
// which there are not many.
func (c *Counter) CountLeniencies(actor identity.Actor, names []string, now time.Time) {
	day := now.Truncate(24 * time.Hour)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		key := leniencyKey{keyID: actor.KeyID, day: day.Unix(), name: name}
		one := Leniency{CompanyID: actor.CompanyID, UserID: actor.User.ID, KeyID: actor.KeyID, Name: name, Day: day, Calls: 1, Last: now}
		c.pending.addLeniency(key, one)
	}
}

func (c *counts) addLeniency(key leniencyKey, l Leniency) {
	if known := c.leniencies[key]; known != nil {
		known.Calls, known.Last = known.Calls+l.Calls, later(known.Last, l.Last)
		return
	}
	c.leniencies[key] = &l
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
	if len(taken.uses) == 0 && len(taken.leniencies) == 0 {
		c.mu.Unlock()
		return nil
	}
	c.pending = newCounts()
	c.mu.Unlock()

	uses := sorted(taken.uses, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.UserAgent, b.UserAgent), a.Day.Compare(b.Day))
	})
	leniencies := sorted(taken.leniencies, func(a, b Leniency) int {
		return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Name, b.Name), a.Day.Compare(b.Day))
	})
	err := write.Do(ctx, store, func(ctx context.Context, tx Tx) error {
		if err := tx.AddAliasUse(ctx, uses); err != nil {
			return err
		}
		return tx.AddAliasLeniencies(ctx, leniencies)
	})
	if err != nil {
		c.putBack(taken)
	}
	return err
}

// sorted returns counts in an order that all servers write them in, so that none
// waits for another one in a circle.
func sorted[K comparable, V any](m map[K]*V, compare func(a, b V) int) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, *v)
	}
	slices.SortFunc(list, compare)
	return list
}

func (c *Counter) putBack(taken counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, use := range taken.uses {
		if newer := c.pending.uses[key]; newer != nil {
			newer.add(*use)
		} else {
			c.pending.uses[key] = use
		}
	}
	for key, l := range taken.leniencies {
		c.pending.addLeniency(key, *l)
	}
}

// Run flushes every flushInterval until ctx ends, and then once more. What
// goes wrong is given to report.
func (c *Counter) Run(ctx context.Context, store Store, report func(error)) {
	ticker := time.NewTicker(flushInterval)
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
