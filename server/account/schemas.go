package account

import (
	"context"
	"fmt"
	"sync"

	"github.com/accountsd/accountsd/server/schema"
)

// schemas remembers the companies' schemas. What it remembers may be out of
// date: whoever writes by it asks for its version in the transaction.
type schemas struct {
	mu    sync.Mutex
	known map[int64]knownSchema // by company
}

type knownSchema struct {
	version    int64
	properties schema.Schema // which nobody changes
}

// schemasRemembered is how many companies' schemas are kept in memory.
const schemasRemembered = 1000

// remembered returns the schema that is remembered, or the present one if there
// is none.
func (s *schemas) remembered(ctx context.Context, store Reader, companyID int64) (schema.Schema, error) {
	s.mu.Lock()
	known, ok := s.known[companyID]
	s.mu.Unlock()
	if ok {
		return known.properties, nil
	}
	return s.refresh(ctx, store, companyID)
}

// refresh remembers the present schema. It must not be read in a transaction,
// of which nothing may remain.
func (s *schemas) refresh(ctx context.Context, store Reader, companyID int64) (schema.Schema, error) {
	// First the version: a schema that is newer than it is read again at worst.
	version, err := store.SchemaVersion(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("load the schema's version: %w", err)
	}
	properties, err := LoadSchema(ctx, store, companyID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= schemasRemembered {
		s.known = make(map[int64]knownSchema)
	}
	s.known[companyID] = knownSchema{version: version, properties: properties}
	return properties, nil
}

// current returns the schema as a transaction or a store has it.
func (s *schemas) current(ctx context.Context, r Reader, companyID int64) (schema.Schema, error) {
	version, err := r.SchemaVersion(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("load the schema's version: %w", err)
	}
	s.mu.Lock()
	known, ok := s.known[companyID]
	s.mu.Unlock()
	if ok && known.version == version {
		return known.properties, nil
	}
	return LoadSchema(ctx, r, companyID)
}
