// Package audit is the log of who did what, beside the history of accounts: with
// keys, users, properties and webhooks, with the users of the former path, and with files
// of accounts. Each entry is written in the transaction of what it tells.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/server/fault"
)

// Action is what was done.
type Action string

// The actions.
const (
	CompanyCreated   Action = "company.created"
	UserInvited      Action = "user.invited"
	UserInvitedAgain Action = "user.invited_again"
	UserUpdated      Action = "user.updated"
	PasswordReset    Action = "user.password_reset"
	PasswordSet      Action = "user.password_set"
	LoginFailed      Action = "login.failed"
	KeyCreated       Action = "key.created"
	KeyRevoked       Action = "key.revoked"
	PropertyCreated  Action = "property.created"
	PropertyUpdated  Action = "property.updated"
	PropertyDeleted  Action = "property.deleted"
	AliasNotified    Action = "alias.notified"
	AliasRehearsed   Action = "alias.rehearsed"
	AliasMigrated    Action = "alias.migrated"
	AliasRolledBack  Action = "alias.rolled_back"
	AccountsExported Action = "accounts.exported"
	AccountsImported Action = "accounts.imported"

	WebhookCreated       Action = "webhook.created"
	WebhookUpdated       Action = "webhook.updated"
	WebhookDeleted       Action = "webhook.deleted"
	WebhookSecretRotated Action = "webhook.secret_rotated"
	WebhookReplayed      Action = "webhook.replayed"
	WebhookPaused        Action = "webhook.paused" // by the server
)

// Actions lists every action.
var Actions = []Action{
	CompanyCreated, UserInvited, UserInvitedAgain, UserUpdated, PasswordReset, PasswordSet, LoginFailed, KeyCreated, KeyRevoked,
	PropertyCreated, PropertyUpdated, PropertyDeleted, AliasNotified, AliasRehearsed, AliasMigrated, AliasRolledBack, AccountsExported, AccountsImported,
	WebhookCreated, WebhookUpdated, WebhookDeleted, WebhookSecretRotated, WebhookReplayed, WebhookPaused,
}

// Entry is one thing that was done.
type Entry struct {
	Sequence  int64 // orders the entries of a company by commit, without a gap
	CompanyID int64
	At        time.Time
	By        Actor
	Action    Action
	Subject   Subject
	Details   map[string]any // in words of JSON; never a secret
}

// Actor is who did something. It is zero of the operator, at the command line.
type Actor struct {
	UserID int64  // 0: nobody known
	KeyID  int64  // 0: not done with a key
	Email  string // as it was then
}

// Subject is what something was done to: a user, a key, a property or a webhook by its
// id, and by the name that it had. It may have only one of them.
type Subject struct {
	ID   int64
	Name string
}

// Reader reads the log.
type Reader interface {
	// Audit returns the company's entries after a sequence, those of one action
	// if it is not empty, in the order of their commits, at most limit.
	Audit(ctx context.Context, companyID, after int64, action Action, limit int) ([]Entry, error)

	// LastAudit returns the sequence of the company's latest entry, or 0.
	LastAudit(ctx context.Context, companyID int64) (int64, error)
}

// Tx adds to the log.
type Tx interface {
	// AddAudit appends an entry, and sets its sequence.
	AddAudit(ctx context.Context, e *Entry) error
}

// Add appends an entry in the transaction of what it tells.
func Add(ctx context.Context, tx Tx, e Entry) error {
	if err := tx.AddAudit(ctx, &e); err != nil {
		return fmt.Errorf("add %s to the audit log: %w", e.Action, err)
	}
	return nil
}

// Service shows the log.
type Service struct{ store Reader }

// NewService returns a service over the store.
func NewService(store Reader) *Service { return &Service{store: store} }

// List returns the company's entries after a sequence, those of one action if it is
// not empty, the earliest first, at most limit. KindInvalid for a sequence beyond the
// last.
func (s *Service) List(ctx context.Context, companyID, after int64, action Action, limit int) ([]Entry, error) {
	entries, err := s.store.Audit(ctx, companyID, after, action, limit)
	if err != nil || len(entries) > 0 || after == 0 {
		return entries, err
	}
	last, err := s.store.LastAudit(ctx, companyID)
	if err == nil && after > last {
		err = fault.Invalid([]fault.Offence{fault.InParameter("after", "must not be beyond the last entry, %019d; "+
			"the server may have been restored from a backup", last)})
	}
	return entries, err
}
