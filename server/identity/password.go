package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/accountsd/accountsd/server/fault"
)

// newHash is how passwords are hashed: as OWASP's Password Storage Cheat Sheet
// asks for at least. More memory for each would be less for those who call.
var newHash = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	maxHashes       = 4 // at once, on however large a machine; they leave as much garbage
	waitingPerPlace = 8 // more would wait longer than a second
)

// passwords hashes and verifies passwords, as many at once as there are
// processors, and lets only some others wait.
type passwords struct {
	places chan struct{} // of those who hash or wait
	limit  int64         // of memory, in KiB
	memory *semaphore.Weighted
	decoy  string
}

func newPasswords() passwords {
	atOnce := min(maxHashes, runtime.GOMAXPROCS(0))
	limit := int64(atOnce) * int64(newHash.Memory)
	return passwords{
		places: make(chan struct{}, atOnce*(1+waitingPerPlace)),
		limit:  limit,
		memory: semaphore.NewWeighted(limit),
		decoy:  decoyHash(),
	}
}

// decoyHash is a hash that no password has, and that takes as long to verify as
// a real one.
func decoyHash() string {
	salt, key := make([]byte, newHash.SaltLength), make([]byte, newHash.KeyLength)
	rand.Read(salt)
	rand.Read(key)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, newHash.Memory, newHash.Iterations, newHash.Parallelism, encode(salt), encode(key))
}

// enter takes a place, which leave gives back. KindUnavailable if there is none.
func (p passwords) enter() error {
	select {
	case p.places <- struct{}{}:
		return nil
	default:
		return fault.Errorf(fault.KindUnavailable, "too many passwords are being checked; try again in a second")
	}
}

func (p passwords) leave() { <-p.places }

// use runs work when there is memory for it. What takes more than there is gets
// all of it, and is cleared away before the next, since the garbage of several
// such hashes is more than the rest of a server.
func (p passwords) use(ctx context.Context, memory uint32, work func() error) error {
	share := min(int64(memory), p.limit)
	if err := p.memory.Acquire(ctx, share); err != nil {
		return err
	}
	defer p.memory.Release(share)
	if memory > newHash.Memory {
		defer runtime.GC()
	}
	return work()
}

// hash returns what is stored of a password.
func (p passwords) hash(ctx context.Context, password string) (hash string, err error) {
	if err := p.enter(); err != nil {
		return "", err
	}
	defer p.leave()
	err = p.use(ctx, newHash.Memory, func() error {
		hash, err = argon2id.CreateHash(password, newHash)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// verify tells for each of the hashes whether the password is its. No password
// is that of an empty one, which takes as long to tell.
func (p passwords) verify(ctx context.Context, password string, hashes []string) ([]bool, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	matches := make([]bool, len(hashes))
	for i, hash := range hashes {
		match, err := p.compare(ctx, password, hash)
		if err != nil {
			return nil, fmt.Errorf("verify password: %w", err)
		}
		matches[i] = match
	}
	return matches, nil
}

func (p passwords) compare(ctx context.Context, password, hash string) (match bool, err error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	params, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		return false, err
	}
	err = p.use(ctx, params.Memory, func() error {
		match, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	return match && known, err
}

// isDear tells whether a hash takes more memory than a new one would.
func isDear(hash string) bool {
	params, _, _, err := argon2id.DecodeHash(hash)
	return err == nil && params.Memory > newHash.Memory
}
