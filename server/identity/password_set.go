package identity

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// Reset says how a password is reset.
type Reset struct {
	RevokeKeys bool
	fault.Findings
}

// ParseReset reads the body of a reset; none was sent if it is nil.
func ParseReset(body any) Reset {
	if body == nil {
		return Reset{}
	}
	r := patch.NewReader(body, "")
	return Reset{RevokeKeys: patch.Value(r, "revokeKeys", patch.Bool), Findings: fault.Findings{Found: r.Offences}}
}

// ResetPassword ends the password of a user, who can set another with the token.
// The keys stay unless they are to be revoked. Errors: KindInvalid; KindNotFound;
// KindConflict if the user has not accepted the invitation yet, or is disabled.
func (s *Logins) ResetPassword(ctx context.Context, actor Actor, id int64, reset Reset) (InvitedUser, error) {
	if err := fault.Invalid(reset.Found); err != nil {
		return InvitedUser{}, err
	}
	var details map[string]any
	if reset.RevokeKeys {
		details = map[string]any{"revokeKeys": true}
	}
	return s.newToken(ctx, actor, id, renewal{action: audit.PasswordReset, details: details, good: resetTime}, func(ctx context.Context, tx Tx, u *User) error {
		if u.Invited() {
			return userConflict("the user has not accepted the invitation yet; invite the user again instead")
		}
		u.PasswordHash, u.Resetting = "", true
		if !reset.RevokeKeys {
			return nil
		}
		return tx.RevokeKeys(ctx, actor.CompanyID, id, s.clock.Now())
	})
}

// renewal is another token for a user.
type renewal struct {
	action  audit.Action
	details map[string]any // of the entry in the audit log
	good    time.Duration  // from now on
}

// newToken gives a user another token if prepare allows it.
func (s *service) newToken(ctx context.Context, actor Actor, id int64, r renewal, prepare func(context.Context, Tx, *User) error) (InvitedUser, error) {
	token := newSecret(invitationPrefix)
	invited, err := write.Run(ctx, s.store, write.Mode[InvitedUser]{}, func(ctx context.Context, tx Tx) (InvitedUser, error) {
		user, err := tx.User(ctx, actor.CompanyID, id)
		if err != nil {
			return InvitedUser{}, err
		}
		if user.Disabled() {
			return InvitedUser{}, userConflict("the user is disabled")
		}
		if err := prepare(ctx, tx, &user); err != nil {
			return InvitedUser{}, err
		}
		user.Invitation, user.InvitedUntil = HashToken(token), s.clock.Now().Add(r.good)
		if err := tx.UpdateUser(ctx, user); err != nil {
			return InvitedUser{}, err
		}
		return InvitedUser{User: user, Token: token}, audit.Add(ctx, tx, s.entry(actor, r.action, user.subject(), r.details))
	})
	if err == nil {
		s.record(ctx, actor, invited.User, wordsOf[r.action])
	}
	return invited, err
}

// wordsOf are what the log says of actions.
var wordsOf = map[audit.Action]string{audit.UserInvitedAgain: "invited again", audit.PasswordReset: "password reset"}

// userConflict is an offence of the user that the path names.
func userConflict(message string) error {
	return fault.Invalid([]fault.Offence{{In: fault.InPath, Path: []string{"userId"}, Kind: fault.KindConflict, Message: message}})
}

// NewPassword is what a user sets in place of a password.
type NewPassword struct {
	Password string
	fault.Findings
}

// ParseNewPassword reads the body of a change of the own password.
func ParseNewPassword(body any) NewPassword {
	r := patch.NewReader(body, "")
	n := NewPassword{Password: patch.Checked(r, "newPassword", patch.Text, checkPassword).Value}
	r.Require("newPassword")
	n.Found = r.Offences
	return n
}

// ChangePassword sets the password of the actor, who has just logged in with the
// former one. Errors: KindInvalid; KindUnauthorized if the user was disabled or
// has got another password meanwhile.
func (s *Logins) ChangePassword(ctx context.Context, actor Actor, n NewPassword) error {
	if err := fault.Invalid(n.Found); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, n.Password)
	if err != nil {
		return err
	}
	err = write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		user, err := tx.User(ctx, actor.CompanyID, actor.User.ID)
		if err != nil {
			return err
		}
		if user.Disabled() || user.PasswordHash == "" {
			return loginRefused // It has ended since the login.
		}
		if err := actor.checkLogin(user); err != nil {
			return err
		}
		user.PasswordHash = hash
		if err := tx.UpdateUser(ctx, user); err != nil {
			return err
		}
		return audit.Add(ctx, tx, s.entry(actor, audit.PasswordSet, user.subject(), nil))
	})
	if err == nil {
		s.record(ctx, actor, User{ID: actor.User.ID, CompanyID: actor.CompanyID}, "password changed")
	}
	return err
}
