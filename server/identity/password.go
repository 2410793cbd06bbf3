package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// passwords hashes and verifies passwords, as many at once as there are
// processors: each takes 64 MB, and more of them would only wait.
type passwords struct {
	slots chan struct{}
	decoy string
}

func newPasswords() passwords {
	return passwords{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), decoy: decoyHash()}
}

// decoyHash is a hash that no password has, and that takes as long to verify as
// a real one.
func decoyHash() string {
	params := argon2id.DefaultParams
	salt, key := make([]byte, params.SaltLength), make([]byte, params.KeyLength)
	rand.Read(salt)
	rand.Read(key)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, params.Memory, params.Iterations, params.Parallelism, encode(salt), encode(key))
}

// acquire waits for a slot until ctx ends.
func (p passwords) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p passwords) release() { <-p.slots }

// hash returns what is stored of a password.
func (p passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// verify tells whether the password is that of the hash. No password is that of
// an empty one, which takes as long to tell.
func (p passwords) verify(ctx context.Context, password, hash string) (bool, error) {
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer p.release()
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return match && known, nil
}
