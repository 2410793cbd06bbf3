package identity

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/write"
)

// Limits of companies and users.
const (
	maxCompanyName = 255
	minPassword    = 12   // characters; NIST SP 800-63B asks for at least 8
	maxPassword    = 1024 // bytes, so that hashing one is not an attack
	maxPersonName  = 255
)

// NewCompany is a company to make, with its first user.
type NewCompany struct {
	Name     string
	Email    string // of the first user, an admin
	Password string // empty: the user can use keys only
}

// Check returns KindInvalid with every offence of what was sent.
func (n NewCompany) Check() error {
	var offences fault.Offences
	if wrong := normal.CheckName(normal.Trim(n.Name), maxCompanyName); wrong != "" {
		offences.Add([]string{"company"}, "%s", wrong)
	}
	if _, wrong := normal.CheckEmail(n.Email, ""); wrong != "" {
		offences.Add([]string{"email"}, "%s", wrong)
	}
	if _, wrong := checkPassword(n.Password, ""); n.Password != "" && wrong != "" {
		offences.Add([]string{"password"}, "%s", wrong)
	}
	return fault.Invalid(offences)
}

// CreatedCompany is what CreateCompany made.
type CreatedCompany struct {
	Company Company
	User    User
	Token   string // of the first key, which is kept nowhere else
	Actor   Actor  // the user with that key
}

// CreateCompany makes a company, its first user and a key that may do all, in
// one transaction. Errors: KindInvalid; KindConflict if the name is taken.
func (s *Users) CreateCompany(ctx context.Context, n NewCompany) (CreatedCompany, error) {
	made := CreatedCompany{
		Company: Company{Name: normal.Trim(n.Name), CreatedAt: s.clock.Now()},
		User:    User{Admin: true, CreatedAt: s.clock.Now()},
		Token:   NewToken(),
	}
	if err := n.Check(); err != nil {
		return CreatedCompany{}, err
	}
	made.User.Email, _ = normal.CheckEmail(n.Email, "")
	if n.Password != "" {
		hash, err := s.passwords.hash(ctx, n.Password)
		if err != nil {
			return CreatedCompany{}, err
		}
		made.User.PasswordHash = hash
	}
	return write.Run(ctx, s.store, write.Mode[CreatedCompany]{}, func(ctx context.Context, tx Tx) (CreatedCompany, error) {
		made := made
		if err := tx.InsertCompany(ctx, &made.Company); err != nil {
			return made, err
		}
		made.User.CompanyID = made.Company.ID
		if err := tx.InsertUser(ctx, &made.User); err != nil {
			return made, err
		}
		operator := Actor{CompanyID: made.Company.ID}
		created := s.entry(operator, audit.CompanyCreated, audit.Subject{Name: made.Company.Name}, map[string]any{"admin": made.User.Email})
		if err := audit.Add(ctx, tx, created); err != nil {
			return made, err
		}
		key, err := s.insertKey(ctx, tx, operator, made.User, made.Token, Key{Name: "first key", Scope: ScopeAdmin})
		made.Actor = Actor{CompanyID: made.Company.ID, KeyID: key.ID, Scope: key.Scope, User: made.User.Ref()}
		return made, err
	})
}

// checkPassword is the check of a new password.
func checkPassword(password, _ string) (string, string) {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return "", fmt.Sprintf("must be at least %d characters", minPassword)
	case len(password) > maxPassword:
		return "", fmt.Sprintf("must be at most %d bytes", maxPassword)
	}
	return password, ""
}

// Company owns users, keys, accounts, contacts and properties. Nothing of one
// company is visible to another.
type Company struct {
	ID        int64
	Name      string // unique without regard to case
	CreatedAt time.Time
}
