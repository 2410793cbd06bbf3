package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// invitationPrefix starts the token of an invitation.
const invitationPrefix = "inv_"

// How long a token is good: an invitation may meet a holiday, a reset is waited
// for.
const (
	invitationTime = 7 * 24 * time.Hour
	resetTime      = 24 * time.Hour
)

// NewUser is a user to invite.
type NewUser struct {
	Email     string
	FirstName string
	LastName  string
	Admin     bool
	fault.Findings
}

// ParseNewUser reads the body of an invitation.
func ParseNewUser(body any) NewUser {
	r := patch.NewReader(body, "")
	n := NewUser{
		Email:     patch.Checked(r, "email", patch.Text, normal.CheckEmail).Value,
		FirstName: patch.Checked(r, "firstName", patch.Text, checkPersonName).Value,
		LastName:  patch.Checked(r, "lastName", patch.Text, checkPersonName).Value,
		Admin:     patch.Value(r, "isAdmin", patch.Bool),
	}
	r.Require("email")
	n.Found = r.Offences
	return n
}

// InvitedUser is a user who was just invited.
type InvitedUser struct {
	User  User
	Token string // of the invitation, which is kept nowhere else
}

// Invite makes a user of the actor's company without a password, which the
// holder of the token can set. Errors: KindInvalid with every offence;
// KindConflict if a user of the company has the e-mail address. That of another
// company's user is as good as any: the answer does not tell.
func (s *Users) Invite(ctx context.Context, actor Actor, n NewUser) (InvitedUser, error) {
	offences := n.Found
	if n.Email != "" {
		known, err := s.store.Users(ctx, actor.CompanyID, UserFilter{Email: n.Email}, 0, 1)
		if err != nil {
			return InvitedUser{}, fmt.Errorf("find user: %w", err)
		}
		if len(known) > 0 {
			offences = append(offences, emailTaken)
		}
	}
	if err := fault.Invalid(offences); err != nil {
		return InvitedUser{}, err
	}
	now, token := s.clock.Now(), newSecret(invitationPrefix)
	user := User{
		CompanyID: actor.CompanyID, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName, Admin: n.Admin,
		CreatedAt: now, Invitation: HashToken(token), InvitedUntil: now.Add(invitationTime),
	}
	return write.Run(ctx, s.store, write.Mode[InvitedUser]{}, func(ctx context.Context, tx Tx) (InvitedUser, error) {
		if err := fault.ConflictAt(emailTaken, tx.InsertUser(ctx, &user)); err != nil {
			return InvitedUser{}, err
		}
		invited := s.entry(actor, audit.UserInvited, user.subject(), map[string]any{"isAdmin": user.Admin})
		return InvitedUser{User: user, Token: token}, audit.Add(ctx, tx, invited)
	})
}

// InviteAgain gives a user who has not accepted yet another token, and as much
// time as the first had; the former token is good no more. Errors: KindNotFound;
// KindConflict if the user has accepted, or is disabled.
func (s *Users) InviteAgain(ctx context.Context, actor Actor, id int64) (InvitedUser, error) {
	return s.newToken(ctx, actor, id, renewal{action: audit.UserInvitedAgain, good: invitationTime}, func(ctx context.Context, tx Tx, u *User) error {
		if !u.Invited() {
			return userConflict("the user has no open invitation; reset the password instead")
		}
		return nil
	})
}

var emailTaken = fault.Offence{In: fault.InBody, Path: []string{"email"}, Kind: fault.KindConflict, Message: "email is taken"}

func checkPersonName(name, _ string) (string, string) {
	name = normal.Trim(name)
	return name, normal.CheckText(name, maxPersonName)
}

// Acceptance is what an invited user sends.
type Acceptance struct {
	Token     string
	Password  string
	FirstName string // empty: as the invitation has it
	LastName  string // empty: as the invitation has it
	fault.Findings
}

// ParseAcceptance reads the body of an acceptance.
func ParseAcceptance(body any) Acceptance {
	r := patch.NewReader(body, "")
	a := Acceptance{
		Token:     patch.Value(r, "token", patch.Text),
		Password:  patch.Checked(r, "password", patch.Text, checkPassword).Value,
		FirstName: patch.Checked(r, "firstName", patch.Text, checkPersonName).Value,
		LastName:  patch.Checked(r, "lastName", patch.Text, checkPersonName).Value,
	}
	r.Require("token", "password")
	a.Found = r.Offences
	return a
}

// Accept sets the password of the user with the invitation, or whose password
// was reset; the token is used up. Errors: KindInvalid with every offence; a token that is wrong, used
// or expired is one and the same.
func (s *Logins) Accept(ctx context.Context, a Acceptance) (User, error) {
	offences := a.Found
	if _, err := s.invited(ctx, s.store, a.Token); err != nil && fault.KindOf(err) != fault.KindInvalid {
		return User{}, err
	} else if err != nil {
		offences = append(offences, wrongInvitation)
	}
	if err := fault.Invalid(offences); err != nil {
		return User{}, err
	}
	// Outside of the transaction, in which others would wait for it.
	hash, err := s.passwords.hash(ctx, a.Password)
	if err != nil {
		return User{}, err
	}
	accepted, err := write.Run(ctx, s.store, write.Mode[User]{}, func(ctx context.Context, tx Tx) (User, error) {
		user, err := s.invited(ctx, tx, a.Token)
		if err != nil {
			return User{}, err
		}
		user.accept(a, hash)
		if err := tx.UpdateUser(ctx, user); err != nil {
			return User{}, err
		}
		self := Actor{CompanyID: user.CompanyID, User: user.Ref()}
		return user, audit.Add(ctx, tx, s.entry(self, audit.PasswordSet, user.subject(), nil))
	})
	if err == nil {
		s.record(ctx, Actor{User: accepted.Ref()}, accepted, "password set")
	}
	return accepted, err
}

// accept uses the invitation up.
func (u *User) accept(a Acceptance, hash string) {
	u.PasswordHash = hash
	u.Invitation, u.InvitedUntil, u.Resetting = KeyHash{}, time.Time{}, false
	if a.FirstName != "" {
		u.FirstName = a.FirstName
	}
	if a.LastName != "" {
		u.LastName = a.LastName
	}
}

// wrongInvitation does not tell a wrong token from one that is used or expired.
var wrongInvitation = fault.Offence{In: fault.InBody, Path: []string{"token"}, Message: "token must be that of an open invitation"}

// invited returns the user who can accept the invitation, or KindInvalid.
func (s *Logins) invited(ctx context.Context, r Reader, token string) (User, error) {
	hash := HashToken(token)
	user, err := r.UserByInvitation(ctx, hash)
	if err != nil && !fault.IsNotFound(err) {
		return User{}, fmt.Errorf("find invitation: %w", err)
	}
	open := err == nil && !user.Disabled() && s.clock.Now().Before(user.InvitedUntil)
	if !open {
		return User{}, fault.Invalid([]fault.Offence{wrongInvitation})
	}
	return user, nil
}
