package alias

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about the use of the alias.
type Store interface {
	Reader
	write.Transactor[Tx]
}

// Reader reads the use of the alias.
type Reader interface {
	identity.Reader

	// AliasMigration returns where a user stands, with the rehearsals that end
	// after the time at. A user of whom nothing is stored is Using.
	// KindNotFound if the company has no such user.
	AliasMigration(ctx context.Context, companyID, userID int64, at time.Time) (Migration, error)

	// AliasMigrations returns where those users stand who have used the alias
	// or of whom a migration is stored, in the order of ids.
	AliasMigrations(ctx context.Context, companyID int64, q Query) ([]Migration, error)

	// AliasTotals returns the use of users, added up over the days, by user,
	// key, operation and user agent, in this order.
	AliasTotals(ctx context.Context, companyID int64, userIDs []int64, p Periods) ([]Total, error)

	// AliasDays returns the calls of users by day, since a day, by user and day,
	// in this order. Days without calls are left out.
	AliasDays(ctx context.Context, companyID int64, userIDs []int64, since time.Time) ([]DayTotal, error)

	// AliasLeniencies returns what users' calls needed to be read leniently since
	// a day, added up over the days, by user, name and key, in this order.
	AliasLeniencies(ctx context.Context, companyID int64, userIDs []int64, since time.Time) ([]LeniencyTotal, error)

	// AliasSteps returns a user's steps with their mails, newest first, at
	// most limit.
	AliasSteps(ctx context.Context, companyID, userID int64, limit int) ([]Step, error)

	// AliasNotices returns the last notices of those users who were notified, each
	// with its mail, by user.
	AliasNotices(ctx context.Context, companyID int64, userIDs []int64) ([]Step, error)

	// DueMails returns the ids of mails that are to be sent by now, the
	// longest due first, at most limit.
	DueMails(ctx context.Context, now time.Time, limit int) ([]int64, error)
}

// Tx writes the use of the alias.
type Tx interface {
	Reader
	write.Tx
	audit.Tx

	// AliasMigrationForUpdate is AliasMigration, and keeps other transactions
	// from changing the migration until this one ends.
	AliasMigrationForUpdate(ctx context.Context, companyID, userID int64, at time.Time) (Migration, error)

	// SaveAliasMigration writes every member of m but the user's own.
	SaveAliasMigration(ctx context.Context, m Migration) error

	// AddAliasStep adds a step without its mail, and sets its ID.
	AddAliasStep(ctx context.Context, s *Step) error

	// AddAliasUse adds to the counts: what is there for the same user, key,
	// operation, user agent and day is added to, whoever wrote it.
	AddAliasUse(ctx context.Context, uses []Use) error

	// AddAliasLeniencies adds to the counts as AddAliasUse does.
	AddAliasLeniencies(ctx context.Context, leniencies []Leniency) error

	// InsertMail adds a mail, and sets its ID.
	InsertMail(ctx context.Context, m *Mail) error

	// ClaimMail returns a mail that is to be sent by now after it noted one
	// more attempt, and that the next one is due at the time until.
	// KindNotFound if the mail is not due, so that of those who claim it at
	// once one gets it.
	ClaimMail(ctx context.Context, id int64, now, until time.Time) (Mail, error)

	// UpdateMail writes what became of a mail: the state, the times and the
	// error. KindNotFound if there is no such mail, or if it was pending no more
	// and was not sent all the same.
	UpdateMail(ctx context.Context, m Mail) error
}

// Query selects users of the alias.
type Query struct {
	State State // empty: any
	After int64 // ids above this one
	Limit int
	At    time.Time // leave out rehearsals that are over by then
}

// Use is how often one program called one operation with one key on a day.
type Use struct {
	CompanyID int64
	UserID    int64
	KeyID     int64
	Operation string // method and canonical path, as in "PATCH /v1/accounts/{accountId}"
	UserAgent string
	Day       time.Time // its beginning, in UTC
	Calls     int64     // those that were refused included
	Refused   int64     // because the alias was closed
	First     time.Time
	Last      time.Time
}

// add adds other counts of the same calls.
func (u *Use) add(other Use) {
	u.Calls += other.Calls
	u.Refused += other.Refused
	if other.First.Before(u.First) {
		u.First = other.First
	}
	if other.Last.After(u.Last) {
		u.Last = other.Last
	}
}

// Leniency is how many calls with one key needed one thing to be read leniently
// on a day.
type Leniency struct {
	CompanyID int64
	UserID    int64
	KeyID     int64
	Name      string    // see package lenient
	Day       time.Time // its beginning, in UTC
	Calls     int64
	Last      time.Time
}

// LeniencyTotal is the calls with one key that needed one thing, over the days.
type LeniencyTotal struct {
	UserID int64
	Name   string
	Key    KeyUse
}

// DayTotal is a user's calls of one day.
type DayTotal struct {
	UserID int64
	Day
}

// Periods are the first days of the periods that totals are made for.
type Periods struct{ Today, Week, Month time.Time }

// Total is the use of one key, operation and user agent over the days.
type Total struct {
	UserID               int64
	KeyID                int64
	KeyName, KeyPrefix   string
	Operation, UserAgent string
	Today, Week, Month   int64 // calls since then
	Refused              int64 // of Month
	First, Last          time.Time
}
