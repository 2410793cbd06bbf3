package db

import "sync"

// Gate lets callers in until it is closed.
type Gate struct {
	mu  sync.RWMutex
	err error // why it is closed
}

// Enter lets the caller in, or returns why the gate is closed.
func (g *Gate) Enter() error {
	g.mu.RLock()
	if err := g.err; err != nil {
		g.mu.RUnlock()
		return err
	}
	return nil
}

// Leave must follow each Enter that returned nil.
func (g *Gate) Leave() { g.mu.RUnlock() }

// Close waits for those inside to leave.
func (g *Gate) Close(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = why
}
