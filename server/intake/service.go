// Package intake is about what comes in: bodies that are new accounts, or accounts that
// are there, which it recognises by what they have. It creates accounts, carries out the
// items of batches, and imports.
package intake

import (
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/write"
)

// Service takes bodies in, each for the account that it matches.
type Service struct {
	accounts *account.Writer
	store    account.Store
	clock    write.Clock
	region   string
}

// NewService returns a service over the store, which stays the caller's to close, and
// over the accounts in it. The region is that of account.NewWriter.
func NewService(store account.Store, accounts *account.Writer, clock write.Clock, region string) *Service {
	return &Service{accounts: accounts, store: store, clock: clock, region: region}
}
