package alias

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/write"
)

// MailState says what became of a mail.
type MailState string

// The states of mails.
const (
	MailNotSent MailState = "not_sent" // there was no way to send any, or what it says holds no more
	MailPending MailState = "pending"
	MailSent    MailState = "sent"
	MailFailed  MailState = "failed" // for good
)

// MailFailure is a kind of failure to send a mail. It holds nothing of the
// server's answer, which could name secrets.
type MailFailure string

// The kinds of failures.
const (
	MailConnection     MailFailure = "connection"
	MailTimeout        MailFailure = "timeout"
	MailTLS            MailFailure = "tls"
	MailAuthentication MailFailure = "authentication"
	MailDeferred       MailFailure = "deferred" // refused for now
	MailRejected       MailFailure = "rejected" // refused for good
)

// Mail is an e-mail to a user, which is kept until it is sent and afterwards.
type Mail struct {
	ID          int64
	CompanyID   int64
	StepID      int64 // the notice that it carries
	To          string
	Letter      Letter
	State       MailState
	Attempts    int
	CreatedAt   time.Time
	NextAttempt time.Time // of MailPending; zero otherwise
	SentAt      time.Time // zero: not sent
	Failure     MailFailure
}

// Letter is the text of a mail.
type Letter struct{ Subject, Text, HTML string }

// Composer writes letters.
type Composer interface {
	// Compose writes the letter that carries a notice to the report's user.
	Compose(r Report, notice Step) (Letter, error)
}

// Mailer sends mails.
type Mailer interface {
	// Send returns nil when a mail server has taken the mail. An error that is
	// a *MailError says how it failed.
	Send(ctx context.Context, m Mail) error
}

// MailError is a failure to send a mail.
type MailError struct {
	Failure MailFailure
	Err     error // the cause, for the log only
}

func (e *MailError) Error() string { return string(e.Failure) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *MailError) Unwrap() error { return e.Err }

// addNotice adds the mail of a notice to those that are to be sent.
func (s *Service) addNotice(ctx context.Context, tx Tx, r Report, step Step) error {
	m := Mail{CompanyID: r.CompanyID, StepID: step.ID, To: r.User.Email, State: MailNotSent, CreatedAt: step.At}
	if s.config.Composer != nil {
		letter, err := s.config.Composer.Compose(r, step)
		if err != nil {
			return fmt.Errorf("write the letter: %w", err)
		}
		m.Letter, m.State, m.NextAttempt = letter, MailPending, step.At
	}
	if err := tx.InsertMail(ctx, &m); err != nil {
		return fmt.Errorf("store mail: %w", err)
	}
	return nil
}

// withdrawMails keeps mails from being sent whose notices were taken back or are
// followed by another one: a mail that waits for its server would come after it.
func withdrawMails(ctx context.Context, tx Tx, steps []Step) error {
	for _, step := range steps {
		if step.Mail == nil || step.Mail.State != MailPending {
			continue
		}
		m := *step.Mail
		m.State, m.NextAttempt = MailNotSent, time.Time{}
		if err := tx.UpdateMail(ctx, m); err != nil && !fault.IsNotFound(err) {
			return fmt.Errorf("withdraw mail: %w", err)
		}
	}
	return nil
}

// How mails are sent. The times between attempts double, so that the last one
// is about two days after the first.
const (
	mailPoll     = 2 * time.Second // looks for mails that are due
	mailTimeout  = time.Minute     // of one attempt
	mailLease    = 2 * mailTimeout // after it, another server may try a mail whose attempt has no outcome
	mailFirst    = 30 * time.Second
	mailLongest  = 4 * time.Hour
	mailAttempts = 20
	mailBatch    = 20
)

// Outbox sends the mails that a store keeps. Several, also of several
// processes, may share a store: each mail is sent by one of them. A mail is
// sent twice only if a process dies between sending it and noting that.
type Outbox struct {
	Store  Store
	Mailer Mailer
	Clock  write.Clock
	Report func(failure error, mailID int64) // of each failure; nil: nobody
}

// Run sends mails until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	ticker := time.NewTicker(mailPoll)
	defer ticker.Stop()
	for {
		if err := o.Deliver(ctx); err != nil && ctx.Err() == nil {
			o.report(err, 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Deliver tries once to send each mail that is due. A failure to send is noted
// in the store and reported; an error is one of the store.
func (o *Outbox) Deliver(ctx context.Context) error {
	ids, err := o.Store.DueMails(ctx, o.Clock.Now(), mailBatch)
	if err != nil {
		return fmt.Errorf("load mails: %w", err)
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := o.Try(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// Try tries once to send one mail, if it is due. It returns errors as Deliver does.
func (o *Outbox) Try(ctx context.Context, id int64) error {
	var m Mail
	err := write.Do(ctx, o.Store, func(ctx context.Context, tx Tx) (err error) {
		now := o.Clock.Now()
		m, err = tx.ClaimMail(ctx, id, now, now.Add(mailLease))
		return err
	})
	if err != nil {
		if fault.IsNotFound(err) {
			return nil // Another server has it.
		}
		return fmt.Errorf("claim mail: %w", err)
	}
	attempt, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	failure := o.Mailer.Send(attempt, m)
	if failure != nil {
		o.report(failure, id)
	}
	m.conclude(failure, o.Clock.Now())
	// Also when the process is about to stop: else the mail would be sent twice.
	err = write.Do(context.WithoutCancel(ctx), o.Store, func(ctx context.Context, tx Tx) error { return tx.UpdateMail(ctx, m) })
	if err != nil && !fault.IsNotFound(err) { // One that was withdrawn meanwhile is not tried again.
		return fmt.Errorf("store mail: %w", err)
	}
	return nil
}

// conclude notes what became of an attempt.
func (m *Mail) conclude(failure error, now time.Time) {
	m.NextAttempt, m.Failure = time.Time{}, ""
	if failure == nil {
		m.State, m.SentAt = MailSent, now
		return
	}
	m.Failure = MailConnection
	if known, ok := errors.AsType[*MailError](failure); ok {
		m.Failure = known.Failure
	}
	if m.Failure == MailRejected || m.Attempts >= mailAttempts {
		m.State = MailFailed
		return
	}
	m.NextAttempt = now.Add(min(mailFirst<<min(m.Attempts-1, 16), mailLongest))
}

func (o *Outbox) report(failure error, mailID int64) {
	if o.Report != nil {
		o.Report(failure, mailID)
	}
}
