package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pool is the connections. Where PostgreSQL takes no further one, as when a role has a
// limit below that of the pool, those that there are have to do.
type pool struct{ *pgxpool.Pool }

// Acquire waits for a connection.
func (p *pool) Acquire(ctx context.Context) (conn *pgxpool.Conn, err error) {
	err = p.crowded(ctx, func() error {
		conn, err = p.Pool.Acquire(ctx)
		return err
	})
	return conn, err
}

// Query waits for a connection, and runs a statement on it.
func (p *pool) Query(ctx context.Context, text string, args ...any) (rows pgx.Rows, err error) {
	err = p.crowded(ctx, func() error {
		rows, err = p.Pool.Query(ctx, text, args...)
		return err
	})
	return rows, err
}

// The pauses between tries while PostgreSQL takes no further connection.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 200 * time.Millisecond
)

// crowded calls connect, and again while PostgreSQL takes no further connection, but
// there are some that become free.
func (p *pool) crowded(ctx context.Context, connect func() error) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := connect()
		if code(err) != tooManyConnections || !p.has() {
			return err
		}
		if !p.pause(ctx, pause) {
			return err
		}
	}
}

// pause waits, and tells whether ctx goes on.
func (p *pool) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// has tells whether there are connections.
func (p *pool) has() bool {
	s := p.Stat()
	return s.AcquiredConns()+s.IdleConns() > 0
}
