package account

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
)

// invitationPrefix starts the token of an invitation.
const invitationPrefix = "inv_"

// invitationTime is how long an invitation can be accepted.
const invitationTime = 7 * 24 * time.Hour

// NewUser is a user to invite.
type NewUser struct {
	Email     string
	FirstName string
	LastName  string
	Admin     bool
}

// InvitedUser is a user who was just invited.
type InvitedUser struct {
	User  User
	Token string // of the invitation, which is kept nowhere else
}

// Users returns a page of the company's users, in the order of ids.
func (s *Service) Users(ctx context.Context, actor Actor, page Page) ([]User, error) {
	return listByID(page, func(u User) int64 { return u.ID }, func(after int64, limit int) ([]User, error) {
		return s.store.Users(ctx, actor.CompanyID, after, limit)
	})
}

// InviteUser makes a user of the actor's company without a password, which the
// holder of the token can set. Errors: KindInvalid with every offence;
// KindConflict if the e-mail address is taken.
func (s *Service) InviteUser(ctx context.Context, actor Actor, n NewUser) (InvitedUser, error) {
	now := s.now()
	invited := InvitedUser{Token: newSecret(invitationPrefix)}
	invited.User = User{
		CompanyID: actor.CompanyID, Admin: n.Admin, CreatedAt: now,
		Invitation: HashToken(invited.Token), InvitedUntil: now.Add(invitationTime),
	}
	var offences fieldErrors
	email, wrong := checkEmail(n.Email)
	if wrong != "" {
		offences.add([]string{"email"}, "%s", wrong)
	}
	invited.User.Email = email
	invited.User.FirstName = checkPersonName("firstName", n.FirstName, &offences)
	invited.User.LastName = checkPersonName("lastName", n.LastName, &offences)
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		found := offences
		switch _, err := tx.User(ctx, email); {
		case err == nil:
			found = append(found[:len(found):len(found)], emailTaken)
		case KindOf(err) != KindNotFound:
			return fmt.Errorf("find user: %w", err)
		}
		if err := Invalid(found); err != nil {
			return err
		}
		return conflictAt(emailTaken, tx.InsertUser(ctx, &invited.User))
	})
	if err != nil {
		return InvitedUser{}, err
	}
	return invited, nil
}

// emailTaken says no more: the user may be another company's.
var emailTaken = FieldError{In: InBody, Path: []string{"email"}, Kind: KindConflict, Message: "email is taken"}

func checkPersonName(member, name string, offences *fieldErrors) string {
	name = strings.TrimSpace(name)
	if wrong := checkText(name, MaxPersonName); wrong != "" {
		offences.add([]string{member}, "%s", wrong)
	}
	return name
}

// Acceptance is what an invited user sends.
type Acceptance struct {
	Token     string
	Password  string
	FirstName string // empty: as the invitation has it
	LastName  string // empty: as the invitation has it
}

// AcceptInvitation sets the password of the user with the invitation, which is
// used up. Errors: KindInvalid with every offence; a token that is wrong, used
// or expired is one and the same.
func (s *Service) AcceptInvitation(ctx context.Context, a Acceptance) (User, error) {
	var offences fieldErrors
	if _, err := s.invited(ctx, s.store, a.Token); KindOf(err) == KindInvalid {
		offences = append(offences, wrongInvitation)
	} else if err != nil {
		return User{}, err
	}
	if wrong := checkPassword(a.Password); wrong != "" {
		offences.add([]string{"password"}, "%s", wrong)
	}
	a.FirstName = checkPersonName("firstName", a.FirstName, &offences)
	a.LastName = checkPersonName("lastName", a.LastName, &offences)
	if err := Invalid(offences); err != nil {
		return User{}, err
	}
	// Outside of the transaction, in which others would wait for it.
	hash, err := s.passwords.hash(ctx, a.Password)
	if err != nil {
		return User{}, err
	}
	var user User
	err = s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		if user, err = s.invited(ctx, tx, a.Token); err != nil {
			return err
		}
		user.accept(a, hash)
		return tx.UpdateUser(ctx, user)
	})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// accept uses the invitation up.
func (u *User) accept(a Acceptance, hash string) {
	u.PasswordHash = hash
	u.Invitation, u.InvitedUntil = KeyHash{}, time.Time{}
	if a.FirstName != "" {
		u.FirstName = a.FirstName
	}
	if a.LastName != "" {
		u.LastName = a.LastName
	}
}

// wrongInvitation does not tell a wrong token from one that is used or expired.
var wrongInvitation = FieldError{In: InBody, Path: []string{"token"}, Message: "token must be that of an open invitation"}

// invited returns the user who can accept the invitation, or KindInvalid.
func (s *Service) invited(ctx context.Context, r Reader, token string) (User, error) {
	hash := HashToken(token)
	user, err := r.UserByInvitation(ctx, hash)
	if err != nil && KindOf(err) != KindNotFound {
		return User{}, fmt.Errorf("find invitation: %w", err)
	}
	open := err == nil && subtle.ConstantTimeCompare(user.Invitation[:], hash[:]) == 1 && s.now().Before(user.InvitedUntil)
	if !open {
		return User{}, Invalid([]FieldError{wrongInvitation})
	}
	return user, nil
}

// Invited tells whether the user has still to accept the invitation.
func (u User) Invited() bool { return u.Invitation != KeyHash{} }
