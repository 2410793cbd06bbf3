package account

import (
	"fmt"
	"time"
)

// Limits of migrations off the alias.
const (
	MaxAliasMessage  = 4000
	MaxRehearsal     = 7 * 24 * time.Hour
	MaxRehearsals    = 100 // of one user that are not over
	DefaultQuietDays = 14
)

// AliasState says where a user stands on the way off the alias, which is the
// former path of accounts.
type AliasState string

// The states, in the order in which a user passes them.
const (
	AliasUsing    AliasState = "using"    // nothing was said
	AliasNotified AliasState = "notified" // the user knows that the alias will end
	AliasMigrated AliasState = "migrated" // the alias is closed for the user
)

// AliasStates lists every state, in order.
var AliasStates = []AliasState{AliasUsing, AliasNotified, AliasMigrated}

// AliasMigration is where a user stands. A zero time is none.
type AliasMigration struct {
	CompanyID  int64
	User       UserRef
	State      AliasState
	Sunset     time.Time // when the alias will end, as the user was told
	NotifiedAt time.Time // of the last notice
	MigratedAt time.Time
	Rehearsals []Rehearsal // those that are not over, by their beginnings
}

// Rehearsal is a time in which the alias is closed as if the user was migrated.
type Rehearsal struct {
	KeyID int64     `json:"keyId"` // only with this key; 0: with all
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // from then on the alias is open again
}

// ClosedFor tells whether the alias is closed for a key of the user.
func (m AliasMigration) ClosedFor(keyID int64, now time.Time) bool {
	if m.State == AliasMigrated {
		return true
	}
	for _, r := range m.Rehearsals {
		if (r.KeyID == 0 || r.KeyID == keyID) && !now.Before(r.From) && now.Before(r.Until) {
			return true
		}
	}
	return false
}

// AliasStepKind says what a step was.
type AliasStepKind string

// The kinds of steps.
const (
	StepNotified   AliasStepKind = "notified"
	StepRehearsed  AliasStepKind = "rehearsed"
	StepMigrated   AliasStepKind = "migrated"
	StepRolledBack AliasStepKind = "rolled_back"
)

// AliasStep is one step of a user's migration, which is kept for good.
type AliasStep struct {
	ID        int64
	CompanyID int64
	UserID    int64 // whose migration it is
	Kind      AliasStepKind
	At        time.Time
	ByUser    int64 // who took it
	ByKey     int64 // with which key; 0: on the command line
	ByEmail   string
	Message   string     // of a notice
	Sunset    time.Time  // of a notice; zero: none
	Forced    bool       // of a migration that the rules did not allow
	Rehearsal *Rehearsal // that was ordered
	BackTo    AliasState // of a roll-back

	Mail *Mail // of a notice. Only reads fill it, without its text.
}

// migrate closes the alias for the user. Unless forced it returns what speaks
// against it, as an offence of the request.
func (m AliasMigration) migrate(now, lastCall time.Time, quietDays int, force bool) (AliasMigration, bool, error) {
	if m.State == AliasMigrated {
		return m, false, aliasConflict("%s has already been migrated", m.User.Email)
	}
	objection := m.objection(now, lastCall, quietDays)
	if objection != nil && !force {
		return m, false, objection
	}
	m.State, m.MigratedAt, m.Rehearsals = AliasMigrated, now, nil
	return m, objection != nil, nil
}

// objection is what speaks against a migration: no notice, or a sunset that is
// still to come while the user has not been quiet for long enough.
func (m AliasMigration) objection(now, lastCall time.Time, quietDays int) error {
	if m.State != AliasNotified {
		return aliasConflict("%s was not notified; do that first, or send force=true", m.User.Email)
	}
	if m.Sunset.IsZero() || !now.Before(m.Sunset) {
		return nil
	}
	if quiet := quietFor(now, lastCall); quiet >= 0 && quiet < quietDays {
		return aliasConflict("the sunset of %s is %s, and the last call was %s days ago, where %d days count as quiet; wait, or send force=true",
			m.User.Email, m.Sunset.Format(time.RFC3339), fmt.Sprint(quiet), quietDays)
	}
	return nil
}

// rollBack takes back what was done last.
func (m AliasMigration) rollBack() (AliasMigration, error) {
	switch {
	case len(m.Rehearsals) > 0:
		m.Rehearsals = nil
	case m.State == AliasMigrated && !m.NotifiedAt.IsZero():
		m.State, m.MigratedAt = AliasNotified, time.Time{}
	case m.State != AliasUsing:
		m.State, m.MigratedAt, m.NotifiedAt, m.Sunset = AliasUsing, time.Time{}, time.Time{}, time.Time{}
	default:
		return m, aliasConflict("there is nothing to take back for %s", m.User.Email)
	}
	return m, nil
}

// quietFor returns the whole days since the last call, or -1 if there was none.
func quietFor(now, lastCall time.Time) int {
	if lastCall.IsZero() {
		return -1
	}
	return max(0, int(now.Sub(lastCall)/(24*time.Hour)))
}

// aliasConflict is an offence of the user that the path names.
func aliasConflict(format string, args ...any) error {
	return Invalid([]FieldError{{
		In: InPath, Path: []string{"userId"}, Kind: KindConflict, Message: fmt.Sprintf(format, args...),
	}})
}
