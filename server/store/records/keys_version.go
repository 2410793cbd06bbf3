package records

import (
	"context"
	"sync"
	"time"
)

// KeysVersion is what a store's KeysVersion was lately: each request asks for it, and to
// read it takes a tenth of the time of a read of an account.
type KeysVersion struct {
	mu      sync.Mutex
	version int64
	read    time.Time
	writes  int // that may have changed it
}

// Forget makes the version be read again, after a write that may have changed it.
func (k *KeysVersion) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = time.Time{}
	k.writes++
}

// Get returns the version, as it was at most so long ago.
func (k *KeysVersion) Get(ctx context.Context, r Reader, age time.Duration) (int64, error) {
	k.mu.Lock()
	version, writes, known := k.version, k.writes, time.Since(k.read) < age
	k.mu.Unlock()
	if known {
		return version, nil
	}
	began := time.Now()
	version, err := r.KeysVersion(ctx)
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.writes == writes {
		k.version, k.read = version, began
	}
	return version, nil
}
