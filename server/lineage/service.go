// Package lineage is about what accounts were, and what became of them: it shows them as
// they were, takes changes and deletions back, and makes one account of several.
package lineage

import (
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/write"
)

// Service goes through the history of accounts, and writes what becomes of it.
type Service struct {
	accounts *account.Writer
	store    account.Store
	clock    write.Clock
}

// NewService returns a service over the store, which stays the caller's to close, and
// over the accounts in it.
func NewService(store account.Store, accounts *account.Writer, clock write.Clock) *Service {
	return &Service{accounts: accounts, store: store, clock: clock}
}
