package account

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of companies and users.
const (
	MaxCompanyName = 255
	MinPassword    = 12   // characters; NIST SP 800-63B asks for at least 8
	MaxPassword    = 1024 // bytes, so that hashing one is not an attack
	MaxPersonName  = 255
)

// NewCompany is a company to make, with its first user.
type NewCompany struct {
	Name     string
	Email    string // of the first user, an admin
	Password string // empty: the user can use keys only
}

// CreatedCompany is what CreateCompany made.
type CreatedCompany struct {
	Company Company
	User    User
	Token   string // of the first key, which is kept nowhere else
	Actor   Actor  // the user with that key
}

// CreateCompany makes a company, its first user and a key that may do all, in
// one transaction. Errors: KindInvalid; KindConflict if the name or the e-mail
// address is taken.
func (s *Service) CreateCompany(ctx context.Context, n NewCompany) (CreatedCompany, error) {
	made := CreatedCompany{
		Company: Company{Name: strings.TrimSpace(n.Name), CreatedAt: s.now()},
		User:    User{Admin: true, CreatedAt: s.now()},
		Token:   NewToken(),
	}
	var offences fieldErrors
	if wrong := checkName(made.Company.Name, MaxCompanyName); wrong != "" {
		offences.add([]string{"company"}, "%s", wrong)
	}
	email, wrong := checkEmail(n.Email)
	if wrong != "" {
		offences.add([]string{"email"}, "%s", wrong)
	}
	made.User.Email = email
	if wrong := checkPassword(n.Password); n.Password != "" && wrong != "" {
		offences.add([]string{"password"}, "%s", wrong)
	}
	if err := Invalid(offences); err != nil {
		return CreatedCompany{}, err
	}
	if n.Password != "" {
		hash, err := s.passwords.hash(ctx, n.Password)
		if err != nil {
			return CreatedCompany{}, err
		}
		made.User.PasswordHash = hash
	}
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		if err := tx.InsertCompany(ctx, &made.Company); err != nil {
			return err
		}
		made.User.CompanyID = made.Company.ID
		if err := tx.InsertUser(ctx, &made.User); err != nil {
			return err
		}
		key, err := s.insertKey(ctx, tx, made.User, made.Token, Key{Name: "first key", Scope: ScopeAdmin})
		made.Actor = Actor{CompanyID: made.Company.ID, KeyID: key.ID, Scope: key.Scope, User: made.User.Ref()}
		return err
	})
	if err != nil {
		return CreatedCompany{}, err
	}
	return made, nil
}

func checkName(name string, limit int) string {
	if name == "" {
		return mustNotBeBlank
	}
	return checkText(name, limit)
}

func checkPassword(password string) string {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return fmt.Sprintf("must be at least %d characters", MinPassword)
	case len(password) > MaxPassword:
		return fmt.Sprintf("must be at most %d bytes", MaxPassword)
	}
	return ""
}
