package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/accountsd/accountsd/server/store/db"
)

// leftToBrief are the connections that only brief reads get: a few searches of
// seconds would keep every read of one record waiting else.
const leftToBrief = 2

// Pool lends connections to those who read, each to one at a time. It opens
// them when they are needed.
type Pool struct {
	source Source
	setUp  func(*Conn)
	places chan struct{} // one is taken for each connection that is lent
	long   chan struct{} // one is taken first for each that is not lent for a brief read

	mu   sync.Mutex
	idle []*Conn // the one that was given back last is lent first: what it read is in memory
}

// NewPool returns a pool of so many connections. Each is set up once.
func NewPool(source Source, size int, setUp func(*Conn)) *Pool {
	long := max(1, size-leftToBrief)
	return &Pool{source: source, setUp: setUp, places: make(chan struct{}, size), long: make(chan struct{}, long)}
}

// Close closes the connections, all of which must have been given back.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, c := range p.idle {
		err = errors.Join(err, c.Close())
	}
	p.idle = nil
	return err
}

// Kept returns how many statements a connection keeps, at most.
func (p *Pool) Kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := 0
	for _, c := range p.idle {
		most = max(most, len(c.kept)+c.latest.Len())
	}
	return most
}

func (p *Pool) lend(ctx context.Context, brief bool) (*Conn, error) {
	if !brief {
		if err := db.Take(ctx, p.long); err != nil {
			return nil, err
		}
	}
	c, err := p.conn(ctx)
	if err != nil {
		p.leave(brief)
		return nil, err
	}
	c.brief = brief
	return c, nil
}

// leave gives up the place of a read that was not brief.
func (p *Pool) leave(brief bool) {
	if !brief {
		<-p.long
	}
}

// conn returns a connection that nobody has.
func (p *Pool) conn(ctx context.Context) (*Conn, error) {
	if err := db.Take(ctx, p.places); err != nil {
		return nil, err
	}
	if c := p.pop(); c != nil {
		return c, nil
	}
	c, err := connect(ctx, p.source)
	if err != nil {
		<-p.places
		return nil, err
	}
	p.setUp(c)
	return c, nil
}

func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c
}

func (p *Pool) giveBack(c *Conn) {
	defer p.leave(c.brief)
	if c.conn.AutocommitEnabled() {
		p.mu.Lock()
		p.idle = append(p.idle, c)
		p.mu.Unlock()
	} else {
		_ = c.Close() // Its snapshot did not end, and would hold up checkpoints.
	}
	<-p.places
}
