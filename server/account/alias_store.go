package account

import (
	"context"
	"time"
)

// AliasReader is the part of Reader about the use of the alias.
type AliasReader interface {
	// AliasMigration returns where a user stands, with the rehearsals that end
	// after the time at. A user of whom nothing is stored is AliasUsing.
	// KindNotFound if the company has no such user.
	AliasMigration(ctx context.Context, companyID, userID int64, at time.Time) (AliasMigration, error)

	// AliasMigrations returns where those users stand who have used the alias
	// or of whom a migration is stored, in the order of ids.
	AliasMigrations(ctx context.Context, companyID int64, q AliasQuery) ([]AliasMigration, error)

	// AliasTotals returns the use of users, added up over the days, by user,
	// key, operation and user agent, in this order.
	AliasTotals(ctx context.Context, companyID int64, userIDs []int64, p AliasPeriods) ([]AliasTotal, error)

	// AliasSteps returns a user's steps with their mails, newest first, at
	// most limit.
	AliasSteps(ctx context.Context, companyID, userID int64, limit int) ([]AliasStep, error)

	// DueMails returns the ids of mails that are to be sent by now, the
	// longest due first, at most limit.
	DueMails(ctx context.Context, now time.Time, limit int) ([]int64, error)
}

// AliasTx is the part of Tx about the use of the alias.
type AliasTx interface {
	// AliasMigrationForUpdate is AliasMigration, and keeps other transactions
	// from changing the migration until this one ends.
	AliasMigrationForUpdate(ctx context.Context, companyID, userID int64, at time.Time) (AliasMigration, error)

	// SaveAliasMigration writes every member of m but the user's own.
	SaveAliasMigration(ctx context.Context, m AliasMigration) error

	// AddAliasStep adds a step without its mail, and sets its ID.
	AddAliasStep(ctx context.Context, s *AliasStep) error

	// AddAliasUse adds to the counts: what is there for the same user, key,
	// operation, user agent and day is added to, whoever wrote it.
	AddAliasUse(ctx context.Context, uses []AliasUse) error

	// InsertMail adds a mail, and sets its ID.
	InsertMail(ctx context.Context, m *Mail) error

	// ClaimMail returns a mail that is to be sent by now after it noted one
	// more attempt, and that the next one is due at the time until.
	// KindNotFound if the mail is not due, so that of those who claim it at
	// once one gets it.
	ClaimMail(ctx context.Context, id int64, now, until time.Time) (Mail, error)

	// UpdateMail writes what became of an attempt: the state, the times and
	// the error. KindNotFound if there is no such mail.
	UpdateMail(ctx context.Context, m Mail) error
}

// AliasQuery selects users of the alias.
type AliasQuery struct {
	State AliasState // empty: any
	After int64      // ids above this one
	Limit int
	At    time.Time // leave out rehearsals that are over by then
}

// AliasUse is how often one program called one operation with one key on a day.
type AliasUse struct {
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

// AliasPeriods are the first days of the periods that totals are made for.
type AliasPeriods struct{ Today, Week, Month time.Time }

// AliasTotal is the use of one key, operation and user agent over the days.
type AliasTotal struct {
	UserID               int64
	KeyID                int64
	KeyName, KeyPrefix   string
	Operation, UserAgent string
	Today, Week, Month   int64 // calls since then
	Refused              int64 // of Month
	First, Last          time.Time
}
