package engine

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
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
func (c *counters) next(ctx context.Context, pool *pgxpool.Pool, table string) (int64, error) {
	return c.use(ctx, pool, table, 1)
}

// peek returns what next will.
func (c *counters) peek(ctx context.Context, pool *pgxpool.Pool, table string) (int64, error) {
	return c.use(ctx, pool, table, 0)
}

// use returns the next id of a table, and uses up so many.
func (c *counters) use(ctx context.Context, pool *pgxpool.Pool, table string, n int64) (int64, error) {
	b := c.block(table)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next > b.last {
		if err := b.take(ctx, pool, table); err != nil {
			return 0, err
		}
	}
	id := b.next
	b.next += n
	return id, nil
}

func (b *block) take(ctx context.Context, pool *pgxpool.Pool, table string) error {
	now := time.Now()
	if b.taken.IsZero() || now.Sub(b.taken) > fast {
		b.size = smallBlock
	} else {
		b.size = min(b.size*4, largeBlock)
	}
	if err := pool.QueryRow(ctx, takeBlock, table, b.size).Scan(&b.last); err != nil {
		return err
	}
	b.next, b.taken = b.last-b.size+1, now
	return nil
}
