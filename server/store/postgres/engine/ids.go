package engine

import (
	"context"
	"sync"
	"time"
)

// counters gives out ids, of which no row of a table had one before. It takes blocks
// of them, each in a transaction of its own: so no writer waits for another one, and
// ids that are not used are lost.
type counters struct {
	mu     sync.Mutex
	tables map[string]*block
}

// block is ids that were taken and not given out.
type block struct {
	mu         sync.Mutex
	next, last int64
	size       int64
	taken      time.Time
}

// The sizes of blocks. They grow while ids are needed fast, as by an import.
const (
	smallBlock = 10
	largeBlock = 10_000
	fast       = time.Second
)

const takeBlock = `INSERT INTO counters AS c (name, last) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET last = c.last + excluded.last RETURNING last`

func (c *counters) block(table string) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tables == nil {
		c.tables = make(map[string]*block)
	}
	b := c.tables[table]
	if b == nil {
		b = &block{next: 1, size: smallBlock}
		c.tables[table] = b
	}
	return b
}

// next returns the next id of a table.
func (c *counters) next(ctx context.Context, pool *pool, table string) (int64, error) {
	b := c.block(table)
	b.mu.Lock()
	defer b.mu.Unlock()
	id, err := b.after(ctx, pool, table, 0)
	if err == nil {
		b.next = id + 1
	}
	return id, err
}

// peek returns the first id after another one that next will return.
func (c *counters) peek(ctx context.Context, pool *pool, table string, id int64) (int64, error) {
	b := c.block(table)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.after(ctx, pool, table, id)
}

// after returns the first id of the block after another one, or that of a new block.
func (b *block) after(ctx context.Context, pool *pool, table string, id int64) (int64, error) {
	if free := max(b.next, id+1); free <= b.last {
		return free, nil
	}
	err := b.take(ctx, pool, table)
	return b.next, err
}

func (b *block) take(ctx context.Context, pool *pool, table string) error {
	now := time.Now()
	if b.taken.IsZero() || now.Sub(b.taken) > fast {
		b.size = smallBlock
	} else {
		b.size = min(b.size*4, largeBlock)
	}
	// Who asks has a connection, so that all might wait for another one: see pool.
	if err := pool.Pool.QueryRow(ctx, takeBlock, table, b.size).Scan(&b.last); err != nil {
		if code(err) == readOnlyTransaction {
			pool.Reset() // See dropReadOnly.
		}
		return err
	}
	b.next, b.taken = b.last-b.size+1, now
	return nil
}
