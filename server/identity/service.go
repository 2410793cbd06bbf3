// Package identity is about who may do what: companies, their users, and the
// keys that users act with.
package identity

import (
	"context"
	"log/slog"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/write"
)

// Services are those of this room.
type Services struct {
	Users  *Users
	Keys   *Keys
	Logins *Logins
}

// New returns the services over the store. They log, by ids only, what becomes of
// users, and that passwords are being guessed; a nil logger is the default one.
func New(store Store, clock write.Clock, log *slog.Logger) Services {
	if log == nil {
		log = slog.Default()
	}
	s := service{store: store, clock: clock, log: log, passwords: newPasswords()}
	return Services{
		Users:  &Users{s},
		Keys:   &Keys{service: s},
		Logins: &Logins{service: s, guard: &guard{store: store}},
	}
}

// Users keeps companies and their users.
type Users struct{ service }

// Keys keeps the keys of users, and knows who comes with one.
type Keys struct {
	service
	ring keyring
	uses uses
}

// Logins knows who comes with a password, and sets passwords.
type Logins struct {
	service
	guard *guard
}

// service is what the services are made of.
type service struct {
	store     Store
	clock     write.Clock
	log       *slog.Logger
	passwords passwords
}

// record logs what the actor did to a user.
func (s *service) record(ctx context.Context, actor Actor, u User, change string) {
	s.log.InfoContext(ctx, "user changed", "change", change, "companyId", u.CompanyID, "userId", u.ID,
		"byUserId", actor.User.ID, "byKeyId", actor.KeyID)
}

// entry is what the audit log has of what an actor did. An actor who has logged in has
// no key; one who is nobody is the operator.
func (s *service) entry(actor Actor, action audit.Action, subject audit.Subject, details map[string]any) audit.Entry {
	return audit.Entry{CompanyID: actor.CompanyID, At: s.clock.Now(), By: actor.By(), Action: action, Subject: subject, Details: details}
}

// By is the actor in the audit log.
func (a Actor) By() audit.Actor {
	return audit.Actor{UserID: a.User.ID, KeyID: a.KeyID, Email: a.User.Email}
}

// subject is the user in the audit log.
func (u User) subject() audit.Subject { return audit.Subject{ID: u.ID, Name: u.Email} }
