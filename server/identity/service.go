// Package identity is about who may do what: companies, their users, and the
// keys that users act with.
package identity

import (
	"context"
	"log/slog"

	"github.com/accountsd/accountsd/server/write"
)

// Service keeps companies, users and keys.
type Service struct {
	store     Store
	clock     write.Clock
	log       *slog.Logger
	passwords passwords
	guard     *guard
	keys      keyring
	uses      uses
}

// NewService returns a service over the store. It logs, by ids only, what
// becomes of users, and that passwords are being guessed; a nil logger is the
// default one.
func NewService(store Store, clock write.Clock, log *slog.Logger) *Service {
	if log == nil {
		log = slog.Default()
	}
	return &Service{store: store, clock: clock, log: log, passwords: newPasswords(), guard: &guard{store: store}}
}

// record logs what the actor did to a user.
func (s *Service) record(ctx context.Context, actor Actor, u User, change string) {
	s.log.InfoContext(ctx, "user changed", "change", change, "companyId", u.CompanyID, "userId", u.ID,
		"byUserId", actor.User.ID, "byKeyId", actor.KeyID)
}
