package identity

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// keyring remembers who holds keys, as long as the store's KeysVersion is what
// it was before they were read.
type keyring struct {
	mu      sync.RWMutex
	version int64
	holders map[KeyHash]holder
}

// holder is who acts with a key.
type holder struct {
	actor     Actor
	allowed   []netip.Prefix // none: from anywhere
	expiresAt time.Time      // zero: never
}

// keysRemembered is how many keys are kept in memory.
const keysRemembered = 10_000

// find returns who holds the valid key with the hash, or KindNotFound.
func (r *keyring) find(ctx context.Context, store Reader, hash KeyHash, now time.Time) (holder, error) {
	version, err := store.KeysVersion(ctx)
	if err != nil {
		return holder{}, err
	}
	if h, ok := r.get(version, hash); ok && (h.expiresAt.IsZero() || now.Before(h.expiresAt)) {
		return h, nil
	}
	key, user, err := store.KeyByHash(ctx, hash, now)
	if err != nil {
		return holder{}, err
	}
	h := holder{
		actor:   Actor{CompanyID: key.CompanyID, KeyID: key.ID, Scope: key.Scope, Handling: key.Handling, User: user.Ref()},
		allowed: key.AllowedIPs, expiresAt: key.ExpiresAt,
	}
	r.keep(version, hash, h)
	return h, nil
}

func (r *keyring) get(version int64, hash KeyHash) (holder, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	h, ok := r.holders[hash]
	return h, ok && r.version == version
}

func (r *keyring) remembers(hash KeyHash) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ok := r.holders[hash]
	return ok
}

// keep remembers a holder that was read after the version. It is not newer than
// a version that is known by now.
func (r *keyring) keep(version int64, hash KeyHash, h holder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if version < r.version {
		return
	}
	if version > r.version || r.holders == nil || len(r.holders) >= keysRemembered {
		r.holders = make(map[KeyHash]holder)
	}
	r.version, r.holders[hash] = version, h
}
