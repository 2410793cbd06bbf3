// Package alias is about the former path of accounts, /clients, and how users are
// moved off it one by one: who calls it, who was told, and the mails that tell
// them.
package alias

import (
	"fmt"
	"slices"
	"time"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// Limits of migrations off the alias.
const (
	maxMessage       = 4000
	maxRehearsal     = 7 * 24 * time.Hour
	maxRehearsals    = 100 // of one user that are not over
	DefaultQuietDays = 14
)

// State says where a user stands on the way off the alias, which is the
// former path of accounts.
type State string

// The states, in the order in which a user passes them.
const (
	Using    State = "using"    // nothing was said
	Notified State = "notified" // the user knows that the alias will end
	Migrated State = "migrated" // the alias is closed for the user
)

// States lists every state, in order.
var States = []State{Using, Notified, Migrated}

// Migration is where a user stands. A zero time is none.
type Migration struct {
	CompanyID  int64
	User       identity.UserRef
	State      State
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

// closedFor tells whether the alias is closed for a key of the user.
func (m Migration) closedFor(keyID int64, now time.Time) bool {
	return m.State == Migrated || slices.ContainsFunc(m.Rehearsals, func(r Rehearsal) bool {
		return (r.KeyID == 0 || r.KeyID == keyID) && !now.Before(r.From) && now.Before(r.Until)
	})
}

// StepKind says what a step was.
type StepKind string

// The kinds of steps.
const (
	StepNotified   StepKind = "notified"
	StepRehearsed  StepKind = "rehearsed"
	StepMigrated   StepKind = "migrated"
	StepRolledBack StepKind = "rolled_back"
)

// Step is one step of a user's migration, which is kept for good.
type Step struct {
	ID        int64
	CompanyID int64
	UserID    int64 // whose migration it is
	Kind      StepKind
	At        time.Time
	ByUser    int64 // who took it
	ByKey     int64 // with which key; 0: on the command line
	ByEmail   string
	Message   string     // of a notice
	Sunset    time.Time  // of a notice; zero: none
	Forced    bool       // of a migration that the rules did not allow
	Rehearsal *Rehearsal // that was ordered
	BackTo    State      // of a roll-back

	Mail *Mail // of a notice. Only reads fill it, without its text.
}

// migrate closes the alias for the user. Unless forced it returns what speaks
// against it, as an offence of the request.
func (r Report) migrate(now time.Time, quietDays int, force bool) (Migration, bool, error) {
	m := r.Migration
	if m.State == Migrated {
		return m, false, conflict("%s has already been migrated", m.User.Email)
	}
	objection := r.objection(now, quietDays)
	if objection != nil && !force {
		return m, false, objection
	}
	m.State, m.MigratedAt, m.Rehearsals = Migrated, now, nil
	return m, objection != nil, nil
}

// objection is what speaks against a migration: no notice, one whose mail did not
// go out, or a sunset that is still to come while the user has not been quiet for long
// enough.
func (r Report) objection(now time.Time, quietDays int) error {
	if r.State != Notified {
		return conflict("%s was not notified; do that first, or send force=true", r.User.Email)
	}
	if r.Mail != nil && r.Mail.State != MailSent && r.Mail.Failure != "" {
		return conflict("the notice has not reached %s: its mail is %s (%s); notify again, or tell the user otherwise and send force=true",
			r.User.Email, r.Mail.State, r.Mail.Failure)
	}
	if r.Sunset.IsZero() || !now.Before(r.Sunset) {
		return nil
	}
	if r.Quiet >= 0 && r.Quiet < quietDays {
		return conflict("the sunset of %s is %s, and the last call was %s ago; wait for that day or for %s without a call, or send force=true",
			r.User.Email, r.Sunset.Format(time.RFC3339), plural.Of(r.Quiet, "day", "days"), plural.Of(quietDays, "day", "days"))
	}
	return nil
}

// rollBack takes back what was done last.
func (m Migration) rollBack() (Migration, error) {
	switch {
	case len(m.Rehearsals) > 0:
		m.Rehearsals = nil
	case m.State == Migrated && !m.NotifiedAt.IsZero():
		m.State, m.MigratedAt = Notified, time.Time{}
	case m.State != Using:
		m.State, m.MigratedAt, m.NotifiedAt, m.Sunset = Using, time.Time{}, time.Time{}, time.Time{}
	default:
		return m, conflict("there is nothing to take back for %s", m.User.Email)
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

// conflict is an offence of the user that the path names.
func conflict(format string, args ...any) error {
	return fault.Invalid([]fault.Offence{{
		In: fault.InPath, Path: []string{"userId"}, Kind: fault.KindConflict, Message: fmt.Sprintf(format, args...),
	}})
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
