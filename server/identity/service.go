// Package identity is about who may do what: companies, their users, and the
// keys that users act with.
package identity

import "github.com/accountsd/accountsd/server/write"

// Service keeps companies, users and keys.
type Service struct {
	store     Store
	clock     write.Clock
	passwords passwords
}

// NewService returns a service over the store.
func NewService(store Store, clock write.Clock) *Service {
	return &Service{store: store, clock: clock, passwords: newPasswords()}
}
