package account

import (
	"context"
	"fmt"
	"sync"

	"github.com/accountsd/accountsd/server/schema"
)

// schemas remembers the companies' schemas by their versions.
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

// current returns the schema as a transaction or a store has it. It remembers
// one that is committed, under the version that it had before it was read: one
// that is newer is read again at worst. Of a transaction nothing may remain.
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
	properties, err := LoadSchema(ctx, r, companyID)
	if err != nil || !isCommitted(r) {
		return properties, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= schemasRemembered {
		s.known = make(map[int64]knownSchema)
	}
	s.known[companyID] = knownSchema{version: version, properties: properties}
	return properties, nil
}

// LoadSchema returns a company's schema.
func LoadSchema(ctx context.Context, r Reader, companyID int64) (schema.Schema, error) {
	list, err := r.Properties(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("load properties: %w", err)
	}
	properties := make(schema.Schema, len(list))
	for _, p := range list {
		properties[p.Key] = p
	}
	return properties, nil
}

// isCommitted tells whether what r reads has been committed.
func isCommitted(r Reader) bool {
	switch r := r.(type) {
	case *recorder:
		return len(r.set.Options) == 0
	case Tx:
		return false
	}
	return true
}
