package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// UserRef names the user who wrote something.
type UserRef struct {
	ID        int64
	FirstName string
	LastName  string
	Email     string
}

// User is a person who acts for a company.
type User struct {
	ID           int64
	CompanyID    int64
	Email        string // lower case, unique in the company
	FirstName    string
	LastName     string
	PasswordHash string // PHC string; empty: no password login
	Admin        bool
	CreatedAt    time.Time

	// Invitation is the hash of the token with which the user may set a
	// password until InvitedUntil; zero once that was done. It is another
	// password, and not the first, if the user is Resetting it.
	Invitation   KeyHash
	InvitedUntil time.Time
	Resetting    bool

	DisabledAt time.Time // zero: not disabled
}

// Ref names the user.
func (u User) Ref() UserRef {
	return UserRef{ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
}

// Invited tells whether the user has still to accept the invitation.
func (u User) Invited() bool { return u.Invitation != KeyHash{} && !u.Resetting }

// Disabled tells whether the user can do nothing.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// actsAsAdmin tells whether the user is an admin who can do something.
func (u User) actsAsAdmin() bool { return u.Admin && !u.Disabled() && !u.Invited() }

// Scope is all that the user may do.
func (u User) Scope() Scope {
	if u.Admin {
		return ScopeAdmin
	}
	return ScopeWrite
}

// UserFilter picks users; its zero value picks all.
type UserFilter struct {
	ID    int64
	Email string // compared by normal.EmailKey
}

// Check returns KindInvalid, located in the query, for what is no address.
func (f UserFilter) Check() error {
	wrong := ""
	switch {
	case f.Email != "" && normal.Trim(f.Email) == "":
		wrong = fault.MustNotBeBlank
	case normal.HasSpaceInEmail(f.Email):
		wrong = normal.SpaceInEmail
	default:
		return nil
	}
	return fault.Invalid([]fault.Offence{fault.InParameter("email", "%s", wrong)})
}

// List returns a page of the company's users, in the order of ids. Errors:
// KindInvalid for the filter.
func (s *Users) List(ctx context.Context, actor Actor, f UserFilter, page query.Page) ([]User, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	return query.ListByID(page, func(u User) int64 { return u.ID }, func(after int64, limit int) ([]User, error) {
		return s.store.Users(ctx, actor.CompanyID, f, after, limit)
	})
}

// Self is for whom a key acts.
type Self struct {
	User    User
	Company Company
	Key     Key
}

// Self returns for whom the actor's key acts.
func (s *Users) Self(ctx context.Context, actor Actor) (self Self, err error) {
	users, err := s.store.Users(ctx, actor.CompanyID, UserFilter{ID: actor.User.ID}, 0, 1)
	if err != nil {
		return self, err
	}
	keys, err := s.store.Keys(ctx, actor.CompanyID, actor.User.ID, actor.KeyID-1, 1)
	if err != nil {
		return self, err
	}
	companies, err := s.store.Companies(ctx)
	if err != nil {
		return self, err
	}
	at := slices.IndexFunc(companies, func(c Company) bool { return c.ID == actor.CompanyID })
	if len(users) == 0 || len(keys) == 0 || at < 0 {
		return self, fmt.Errorf("user %d with key %d of company %d is not stored", actor.User.ID, actor.KeyID, actor.CompanyID)
	}
	return Self{User: users[0], Company: companies[at], Key: keys[0]}, nil
}

// Find returns the user with an e-mail address, for the operator; the name
// of the company may be empty if no other company knows the address. Errors:
// KindNotFound for either; KindConflict that names the companies.
func (s *Users) Find(ctx context.Context, company, email string) (User, error) {
	users, err := s.store.UsersByEmail(ctx, email)
	if err != nil {
		return User{}, err
	}
	if company != "" {
		only, err := s.store.Company(ctx, company)
		if err != nil {
			return User{}, err
		}
		users = slices.DeleteFunc(users, func(u User) bool { return u.CompanyID != only.ID })
	}
	switch len(users) {
	case 0:
		return User{}, fault.NotFound("user")
	case 1:
		return users[0], nil
	}
	companies, err := s.store.Companies(ctx)
	if err != nil {
		return User{}, err
	}
	var names []string
	for _, c := range companies {
		if slices.ContainsFunc(users, func(u User) bool { return u.CompanyID == c.ID }) {
			names = append(names, fault.Quote(c.Name))
		}
	}
	return User{}, fault.Errorf(fault.KindConflict, "the user is of several companies; name one of %s", strings.Join(names, ", "))
}

// UserPatch says what to change of a user. Absent members stay as they are.
type UserPatch struct {
	FirstName patch.Field[string] // null: none
	LastName  patch.Field[string] // null: none
	Admin     patch.Field[bool]
	Disabled  patch.Field[bool]

	// The echoes of what the user is; they are checked, never written.
	ID          patch.Field[int64]
	Email       patch.Field[string]
	WasDisabled patch.Field[bool]
	fault.Findings
}

// ParseUserPatch reads the body of a PATCH.
func ParseUserPatch(body any) UserPatch {
	r := patch.NewReader(body, "")
	p := UserPatch{
		FirstName: patch.Checked(r, "firstName", patch.Text, checkPersonName),
		LastName:  patch.Checked(r, "lastName", patch.Text, checkPersonName),
		Admin:     patch.Member(r, "isAdmin", patch.Bool),
		Disabled:  patch.Member(r, "disabled", patch.Bool),

		ID:          patch.NotNull(r, "id", patch.Member(r, "id", patch.ID)),
		Email:       patch.Member(r, "email", patch.Text),
		WasDisabled: patch.Member(r, "isDisabled", patch.Bool),
	}
	p.Found = r.Offences
	return p
}

// Update applies a patch. Disabling a user revokes the keys and ends the
// logins, and enabling brings the password back, not the keys. Errors:
// KindNotFound; KindInvalid with every offence; KindConflict if that would take
// the company's last active admin.
func (s *Users) Update(ctx context.Context, actor Actor, id int64, p UserPatch) (User, error) {
	var changed patch.Changes
	mode := write.Mode[User]{Unsound: len(p.Found) > 0}
	after, err := write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (User, error) {
		before, err := tx.User(ctx, actor.CompanyID, id)
		if err != nil {
			return User{}, err
		}
		a := &patch.Applier{Offences: slices.Clip(p.Found)}
		checkEchoes(a, before, p)
		after := s.applyPatch(a, before, p)
		if err := s.checkAdmins(ctx, tx, a, before, after); err != nil {
			return User{}, err
		}
		if err := fault.Invalid(a.Offences); err != nil || after == before {
			return after, err
		}
		changed = a.Changes
		if after.Disabled() && !before.Disabled() {
			if err := tx.RevokeKeys(ctx, actor.CompanyID, id, s.clock.Now()); err != nil {
				return User{}, err
			}
		}
		if err := tx.UpdateUser(ctx, after); err != nil {
			return User{}, err
		}
		return after, audit.Add(ctx, tx, s.entry(actor, audit.UserUpdated, after.subject(), detailsOf(changed)))
	})
	if err == nil && changed != nil {
		s.record(ctx, actor, after, changesOfUser(changed))
	}
	return after, err
}

// checkEchoes notes what is sent of a user as it is, and is not so: it would be lost.
func checkEchoes(a *patch.Applier, u User, p UserPatch) {
	a.CheckID("user", p.ID, u.ID)
	if p.Email.IsSet() && p.Email.Value != u.Email {
		a.Offences.Add([]string{"email"}, "cannot be changed; leave it out, or send it as it was fetched")
	}
	if p.WasDisabled.IsSet() && p.WasDisabled.Value != u.Disabled() {
		a.Offences.Add([]string{"isDisabled"}, "tells whether the user is disabled; send disabled to change that")
	}
}

func (s *Users) applyPatch(a *patch.Applier, u User, p UserPatch) User {
	for _, name := range []*patch.Field[string]{&p.FirstName, &p.LastName} {
		if name.IsNull() {
			*name = patch.Set("")
		}
	}
	patch.SetValue(a, "firstName", &u.FirstName, p.FirstName, checkPersonName)
	patch.SetValue(a, "lastName", &u.LastName, p.LastName, checkPersonName)
	patch.SetValue(a, "isAdmin", &u.Admin, p.Admin, patch.Accept)
	disabled := u.Disabled()
	patch.SetValue(a, "disabled", &disabled, p.Disabled, patch.Accept)
	switch {
	case !disabled:
		u.DisabledAt = time.Time{}
	case !u.Disabled():
		u.DisabledAt = s.clock.Now()
	}
	return u
}

// checkAdmins notes an offence if the company would be left without an admin who
// can act.
func (s *Users) checkAdmins(ctx context.Context, tx Tx, a *patch.Applier, before, after User) error {
	if !before.actsAsAdmin() || after.actsAsAdmin() {
		return nil
	}
	admins, err := tx.CountAdmins(ctx, before.CompanyID)
	if err != nil || admins > 1 {
		return err
	}
	if after.Disabled() {
		a.Offences.Conflict([]string{"disabled"}, "must be false: this is the company's last active admin")
	}
	if !after.Admin {
		a.Offences.Conflict([]string{"isAdmin"}, "must be true: this is the company's last active admin")
	}
	return nil
}

// detailsOf are changes as the audit log has them.
func detailsOf(changes patch.Changes) map[string]any {
	details := make(map[string]any, len(changes))
	for member, change := range changes {
		details[member] = map[string]any{"before": change.Before, "after": change.After}
	}
	return details
}

// changesOfUser lists the members that changed, and no names.
func changesOfUser(changes patch.Changes) string {
	var words []string
	for _, member := range slices.Sorted(maps.Keys(changes)) {
		if value, ok := changes[member].After.(bool); ok {
			member = fmt.Sprintf("%s=%t", member, value)
		}
		words = append(words, member)
	}
	return strings.Join(words, " ")
}
