package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/write"
)

// Login is what proves who someone is without a key.
type Login struct {
	Email     string
	Password  string
	CompanyID int64  // whose user it is; 0: not said
	Address   string // from where it comes, for the limits of failures
}

// maxCompanies is in how many companies a login is tried that names none: those
// whose users with the address are the oldest. It is tried as often if there are
// fewer, or none, so that the time of a refusal tells nothing of them.
const maxCompanies = 2

// loginRefused is the same for all that can be wrong with a login.
var loginRefused = fault.Errorf(fault.KindUnauthorized, "send a user's e-mail address and password by HTTP Basic authentication")

// Login returns who has the e-mail address and the password. The actor may do
// all that the user may, without a key. Errors: a user who is unknown, disabled,
// or without a password is the same KindUnauthorized as a wrong password, in the
// same time; KindLimited after too many failures; KindUnavailable if too many
// are waiting; KindConflict if it is users of several companies.
func (s *Logins) Login(ctx context.Context, l Login) (Actor, error) {
	if l.Password == "" {
		return Actor{}, loginRefused // Nobody has it.
	}
	trial, wait, err := s.guard.begin(ctx, normal.EmailKey(l.Email), l.Address, s.clock.Now())
	if err != nil {
		return Actor{}, err
	}
	if wait > 0 {
		return Actor{}, tooManyFailures(wait)
	}
	users, matched, err := s.tryPassword(ctx, l)
	switch {
	case err != nil:
		return Actor{}, errors.Join(err, trial.cancel(context.WithoutCancel(ctx)))
	case len(matched) == 0:
		s.tellGuessing(ctx, trial, users)
		return Actor{}, cmp.Or(s.noteFailure(ctx, trial, users, l.Address), error(loginRefused))
	}
	if err := trial.succeed(ctx); err != nil {
		return Actor{}, err
	}
	if len(matched) > 1 {
		return Actor{}, ambiguousLogin(matched)
	}
	user := matched[0]
	hash := s.renewHash(ctx, user, l.Password)
	return Actor{CompanyID: user.CompanyID, Scope: user.Scope(), User: user.Ref(), password: hash}, nil
}

// tryPassword returns the users whose password the login may have, and those whose it
// has.
func (s *Logins) tryPassword(ctx context.Context, l Login) (users, matched []User, err error) {
	if users, err = s.loginUsers(ctx, l); err == nil {
		matched, err = s.withPassword(ctx, l, users)
	}
	return users, matched, err
}

// checkLogin returns the error of a login if the user, as it is now, has no
// longer the password with which the actor has logged in.
func (a Actor) checkLogin(now User) error {
	if a.password != "" && now.PasswordHash != a.password {
		return loginRefused
	}
	return nil
}

func tooManyFailures(wait time.Duration) error {
	wait = (wait + time.Second - 1).Truncate(time.Second)
	return &fault.Error{
		Kind:       fault.KindLimited,
		Message:    fmt.Sprintf("too many logins have failed; try again in %.0f s", wait.Seconds()),
		RetryAfter: wait,
	}
}

// loginUsers returns the users whose password the login may have.
func (s *Logins) loginUsers(ctx context.Context, l Login) ([]User, error) {
	all, err := s.store.UsersByEmail(ctx, l.Email)
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	var users []User
	for _, u := range all {
		if u.PasswordHash != "" && !u.Disabled() && (l.CompanyID == 0 || l.CompanyID == u.CompanyID) {
			users = append(users, u)
		}
	}
	return users[:min(len(users), maxCompanies)], nil
}

// withPassword returns the users whose password the login has.
func (s *Logins) withPassword(ctx context.Context, l Login, users []User) ([]User, error) {
	hashes := make([]string, maxCompanies)
	if l.CompanyID != 0 {
		hashes = hashes[:1]
	}
	for i, u := range users {
		hashes[i] = u.PasswordHash
	}
	matches, err := s.passwords.verify(ctx, l.Password, hashes)
	if err != nil {
		return nil, err
	}
	var matched []User
	for i, u := range users {
		if matches[i] {
			matched = append(matched, u)
		}
	}
	return matched, nil
}

// ambiguousLogin names companies only to one who has the password of each.
func ambiguousLogin(matched []User) error {
	var companies []string
	for _, u := range matched {
		companies = append(companies, fmt.Sprint(u.CompanyID))
	}
	offence := fault.InParameter("company_id", "must be one of %s: you have this password in several companies", strings.Join(companies, ", "))
	offence.Kind = fault.KindConflict
	return fault.Invalid([]fault.Offence{offence})
}

// tellGuessing logs that an account is being guessed.
func (s *Logins) tellGuessing(ctx context.Context, t trial, users []User) {
	if !t.tell {
		return
	}
	for _, u := range users {
		s.log.WarnContext(ctx, "the password of a user is being guessed", "companyId", u.CompanyID, "userId", u.ID, "failures", t.failures)
	}
}

// noteFailure adds a failed login to the audit logs of whose it may have been, until
// the account has failed so often that more would tell nothing new. One of nobody
// writes as well, so that the time of a refusal tells nothing.
func (s *Logins) noteFailure(ctx context.Context, t trial, users []User, address string) error {
	if t.failures > accountFailures && !t.tell {
		users = nil
	}
	return write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		counted, err := tx.LoginFailuresForUpdate(ctx, t.keys[:])
		if err != nil {
			return err
		}
		if err := tx.SaveLoginFailures(ctx, counted); err != nil {
			return err
		}
		for _, u := range users {
			nobody := Actor{CompanyID: u.CompanyID}
			failed := s.entry(nobody, audit.LoginFailed, u.subject(), map[string]any{"address": address, "failures": t.failures})
			if err := audit.Add(ctx, tx, failed); err != nil {
				return err
			}
		}
		return nil
	})
}

// renewHash replaces a hash that takes more memory than new ones do, and returns
// the one that the user has then. The login goes on if that fails.
func (s *Logins) renewHash(ctx context.Context, u User, password string) string {
	if !isDear(u.PasswordHash) {
		return u.PasswordHash
	}
	var now User
	hash, err := s.passwords.hash(ctx, password)
	if err == nil {
		err = write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
			now, err = tx.User(ctx, u.CompanyID, u.ID)
			if err != nil || now.PasswordHash != u.PasswordHash {
				return err
			}
			now.PasswordHash = hash
			return tx.UpdateUser(ctx, now)
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "the hash of a password was not renewed", "userId", u.ID, "error", err)
		return u.PasswordHash
	}
	if now.PasswordHash == hash {
		return hash
	}
	// Another login has renewed it first, or it is that of another password.
	if match, err := s.passwords.compare(ctx, password, now.PasswordHash); err == nil && match {
		return now.PasswordHash
	}
	return u.PasswordHash
}
