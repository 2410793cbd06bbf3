package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// Statements prepares each text once; a pool does so once a connection.
type Statements struct {
	on     Queryer
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// Queryer is a connection, a pool of them, or a transaction.
type Queryer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// NewStatements returns a set that has none yet.
func NewStatements(on Queryer) *Statements {
	return &Statements{on: on, byText: make(map[string]*sql.Stmt)}
}

// prepare returns the statement of the text. It takes no context, since the
// next caller will use the same statement.
func (s *Statements) prepare(text string) (*sql.Stmt, error) {
	s.mu.RLock()
	prepared := s.byText[text]
	s.mu.RUnlock()
	if prepared != nil {
		return prepared, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if prepared := s.byText[text]; prepared != nil {
		return prepared, nil
	}
	prepared, err := s.on.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	s.byText[text] = prepared
	return prepared, nil
}

// Close closes the statements. Those of a single connection would else keep it
// open, and the log with it.
func (s *Statements) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, prepared := range s.byText {
		err = errors.Join(err, prepared.Close())
	}
	return err
}

// On returns what the statements are prepared on.
func (s *Statements) On() Queryer { return s.on }

// Len returns how many statements are kept.
func (s *Statements) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byText)
}
