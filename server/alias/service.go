package alias

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// Service moves users off the alias.
type Service struct {
	store  Store
	clock  write.Clock
	gate   *gate
	config Config
}

// Config is how a Service is set up.
type Config struct {
	Counter   *Counter // counts the calls of the alias; nil: they are not counted
	QuietDays int      // without a call, after which a user counts as moved off the alias; 0: DefaultQuietDays
	Composer  Composer // of notices; nil: they are recorded and not sent
}

// NewService returns a service over the store.
func NewService(store Store, clock write.Clock, config Config) *Service {
	config.QuietDays = cmp.Or(config.QuietDays, DefaultQuietDays)
	return &Service{store: store, clock: clock, gate: &gate{}, config: config}
}

// Notice tells a user that the alias will end.
type Notice struct {
	Message string
	Sunset  patch.Field[time.Time] // absent: it stays as it is; null: there is none
	fault.Findings
}

// ParseNotice reads the body of a notice, as it was decoded from JSON.
func ParseNotice(body any) Notice {
	r := patch.NewReader(body, "")
	n := Notice{Message: patch.Value(r, "message", patch.Text), Sunset: patch.Member(r, "sunset", patch.Time)}
	n.Found = r.Offences
	return n
}

// NewRehearsal is a rehearsal to hold.
type NewRehearsal struct {
	Rehearsal
	fault.Findings
}

// ParseRehearsal reads the body of a rehearsal, as it was decoded from JSON.
func ParseRehearsal(body any) NewRehearsal {
	r := patch.NewReader(body, "")
	n := NewRehearsal{Rehearsal: Rehearsal{
		From:  patch.Value(r, "from", patch.Time),
		Until: patch.Value(r, "until", patch.Time),
		KeyID: patch.Value(r, "keyId", patch.ID),
	}}
	n.Found = r.Offences
	return n
}

// Migrations reports on the users who have used the alias or were notified,
// in the order of their ids. The query's At is now.
func (s *Service) Migrations(ctx context.Context, actor identity.Actor, q Query) ([]Report, error) {
	q.At = s.clock.Now()
	migrations, err := s.store.AliasMigrations(ctx, actor.CompanyID, q)
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return usedBy(ctx, s.store, migrations, q.At)
}

// usedBy reports on how users of one company have used the alias.
func usedBy(ctx context.Context, r Reader, migrations []Migration, now time.Time) ([]Report, error) {
	if len(migrations) == 0 {
		return []Report{}, nil
	}
	ids := make([]int64, len(migrations))
	for i, m := range migrations {
		ids[i] = m.User.ID
	}
	company, periods := migrations[0].CompanyID, periods(now)
	totals, err := r.AliasTotals(ctx, company, ids, periods)
	if err != nil {
		return nil, fmt.Errorf("load use of the alias: %w", err)
	}
	dayTotals, err := r.AliasDays(ctx, company, ids, periods.Month)
	if err != nil {
		return nil, fmt.Errorf("load days: %w", err)
	}
	leniencies, err := r.AliasLeniencies(ctx, company, ids, periods.Month)
	if err != nil {
		return nil, fmt.Errorf("load leniencies: %w", err)
	}
	notices, err := r.AliasNotices(ctx, company, ids)
	if err != nil {
		return nil, fmt.Errorf("load notices: %w", err)
	}
	notified := byUser(notices, func(s Step) int64 { return s.UserID })
	calls := byUser(totals, func(t Total) int64 { return t.UserID })
	days := byUser(dayTotals, func(t DayTotal) int64 { return t.UserID })
	lenient := byUser(leniencies, func(t LeniencyTotal) int64 { return t.UserID })
	reports := make([]Report, len(migrations))
	for i, m := range migrations {
		reports[i] = newReport(m, calls[m.User.ID], lenient[m.User.ID], now)
		reports[i].Days = newDays(days[m.User.ID], periods.Month)
		for _, notice := range notified[m.User.ID] { // The last one counts.
			reports[i].Mail = notice.Mail
		}
	}
	return reports, nil
}

func byUser[T any](totals []T, userID func(T) int64) map[int64][]T {
	users := map[int64][]T{}
	for _, t := range totals {
		users[userID(t)] = append(users[userID(t)], t)
	}
	return users
}

// Migration reports on one user. KindNotFound if the actor's company has no
// such user.
func (s *Service) Migration(ctx context.Context, actor identity.Actor, userID int64) (Report, error) {
	now := s.clock.Now()
	m, err := s.store.AliasMigration(ctx, actor.CompanyID, userID, now)
	if err != nil {
		return Report{}, err
	}
	return s.report(ctx, s.store, m, now)
}

func (s *Service) report(ctx context.Context, r Reader, m Migration, now time.Time) (Report, error) {
	reports, err := usedBy(ctx, r, []Migration{m}, now)
	if err != nil {
		return Report{}, err
	}
	report := reports[0]
	if report.Steps, err = r.AliasSteps(ctx, m.CompanyID, m.User.ID, maxSteps); err != nil {
		return Report{}, fmt.Errorf("load steps: %w", err)
	}
	return report, nil
}

// change is what one step does: it changes the report's migration, and
// fills the step.
type change func(ctx context.Context, tx Tx, r *Report, step *Step) error

// step carries out one step in one transaction, and returns what then
// is.
func (s *Service) step(ctx context.Context, actor identity.Actor, userID int64, change change) (Report, error) {
	report, err := write.Run(ctx, s.store, write.Mode[Report]{}, func(ctx context.Context, tx Tx) (Report, error) {
		m, err := tx.AliasMigrationForUpdate(ctx, actor.CompanyID, userID, s.clock.Now())
		if err != nil {
			return Report{}, err
		}
		now := s.clock.Now() // not before those steps that this one has waited for
		report, err := s.report(ctx, tx, m, now)
		if err != nil {
			return Report{}, err
		}
		step := Step{
			CompanyID: m.CompanyID, UserID: userID, At: now,
			ByUser: actor.User.ID, ByKey: actor.KeyID, ByEmail: actor.User.Email,
		}
		if err := change(ctx, tx, &report, &step); err != nil {
			return Report{}, err
		}
		if err := audit.Add(ctx, tx, step.entry(actor, m.User)); err != nil {
			return Report{}, err
		}
		if err := tx.SaveAliasMigration(ctx, report.Migration); err != nil {
			return Report{}, fmt.Errorf("store migration: %w", err)
		}
		return s.report(ctx, tx, report.Migration, now)
	})
	s.gate.forget(userID) // Also after an error: a read more does no harm.
	return report, err
}

// actions are the steps in the audit log.
var actions = map[StepKind]audit.Action{
	StepNotified: audit.AliasNotified, StepRehearsed: audit.AliasRehearsed, StepMigrated: audit.AliasMigrated, StepRolledBack: audit.AliasRolledBack,
}

// entry is the step of a user in the audit log.
func (s Step) entry(actor identity.Actor, user identity.UserRef) audit.Entry {
	details := map[string]any{"step": s.ID}
	if s.Forced {
		details["forced"] = true
	}
	return audit.Entry{
		CompanyID: s.CompanyID, At: s.At, By: actor.By(), Action: actions[s.Kind],
		Subject: audit.Subject{ID: user.ID, Name: user.Email}, Details: details,
	}
}

// Notify tells a user that the alias will end. The mail is sent later,
// by an Outbox. Errors: KindInvalid; KindNotFound; KindConflict if the user is
// migrated.
func (s *Service) Notify(ctx context.Context, actor identity.Actor, userID int64, n Notice) (Report, error) {
	n.Message = normal.Trim(n.Message)
	if err := s.checkNotice(n); err != nil {
		return Report{}, err
	}
	return s.step(ctx, actor, userID, func(ctx context.Context, tx Tx, r *Report, step *Step) error {
		if r.State == Migrated {
			return conflict("%s has already been migrated", r.User.Email)
		}
		if err := withdrawMails(ctx, tx, r.Steps); err != nil {
			return err
		}
		r.State, r.NotifiedAt = Notified, step.At
		if !n.Sunset.IsAbsent() {
			r.Sunset = n.Sunset.Value.UTC()
		}
		step.Kind, step.Message, step.Sunset = StepNotified, n.Message, r.Sunset
		if err := tx.AddAliasStep(ctx, step); err != nil {
			return fmt.Errorf("store step: %w", err)
		}
		return s.addNotice(ctx, tx, *r, *step)
	})
}

func (s *Service) checkNotice(n Notice) error {
	offences := slices.Clip(n.Found)
	switch {
	case n.Message == "":
		offences.Add([]string{"message"}, fault.MustNotBeBlank)
	case utf8.RuneCountInString(n.Message) > maxMessage:
		offences.Add([]string{"message"}, "must be at most %d characters", maxMessage)
	}
	if n.Sunset.IsSet() && n.Sunset.Value.Before(s.clock.Now()) {
		offences.Add([]string{"sunset"}, "must not be in the past; got %s", n.Sunset.Value.Format(time.RFC3339))
	}
	return fault.Invalid(offences)
}

// Migrate closes the alias for a user. Errors: KindNotFound;
// KindConflict if the rules do not allow it and force is not set, or if the
// user is migrated.
func (s *Service) Migrate(ctx context.Context, actor identity.Actor, userID int64, force bool) (Report, error) {
	if s.config.Counter != nil { // The last call may still be in memory.
		if err := s.config.Counter.Flush(ctx, s.store); err != nil {
			return Report{}, fmt.Errorf("store counts: %w", err)
		}
	}
	return s.step(ctx, actor, userID, func(ctx context.Context, tx Tx, r *Report, step *Step) (err error) {
		step.Kind = StepMigrated
		if r.Migration, step.Forced, err = r.migrate(step.At, s.config.QuietDays, force); err != nil {
			return err
		}
		return tx.AddAliasStep(ctx, step)
	})
}

// RollBack takes back what was done last: rehearsals, the migration or
// the notice. Errors: KindNotFound; KindConflict if there is nothing.
func (s *Service) RollBack(ctx context.Context, actor identity.Actor, userID int64) (Report, error) {
	return s.step(ctx, actor, userID, func(ctx context.Context, tx Tx, r *Report, step *Step) (err error) {
		if r.Migration, err = r.rollBack(); err != nil {
			return err
		}
		step.Kind, step.BackTo = StepRolledBack, r.State
		if r.State == Using {
			if err := withdrawMails(ctx, tx, r.Steps); err != nil {
				return err
			}
		}
		return tx.AddAliasStep(ctx, step)
	})
}

// Rehearse closes the alias for a user, or one key of the user, for a
// while. A beginning that is zero or past is now. Errors: KindInvalid;
// KindNotFound; KindConflict if the user is migrated.
func (s *Service) Rehearse(ctx context.Context, actor identity.Actor, userID int64, rehearsal NewRehearsal) (Report, error) {
	if err := fault.Invalid(rehearsal.Found); err != nil {
		return Report{}, err
	}
	return s.step(ctx, actor, userID, func(ctx context.Context, tx Tx, r *Report, step *Step) error {
		if r.State == Migrated {
			return conflict("%s has already been migrated", r.User.Email)
		}
		if len(r.Rehearsals) >= maxRehearsals {
			return conflict("%s has %s to come; take them back first", r.User.Email, plural.Of(len(r.Rehearsals), "rehearsal", "rehearsals"))
		}
		ordered := rehearsal.Rehearsal
		ordered.From = later(ordered.From.UTC().Truncate(time.Millisecond), step.At)
		ordered.Until = ordered.Until.UTC().Truncate(time.Millisecond)
		if err := checkRehearsal(ctx, tx, r.Migration, ordered); err != nil {
			return err
		}
		r.Rehearsals = append(slices.Clip(r.Rehearsals), ordered)
		slices.SortStableFunc(r.Rehearsals, func(a, b Rehearsal) int { return a.From.Compare(b.From) })
		step.Kind, step.Rehearsal = StepRehearsed, &ordered
		return tx.AddAliasStep(ctx, step)
	})
}

func checkRehearsal(ctx context.Context, tx Tx, m Migration, r Rehearsal) error {
	var offences fault.Offences
	switch {
	case !r.Until.After(r.From):
		offences.Add([]string{"until"}, "must be in the future and after the beginning; got %s", r.Until.Format(time.RFC3339))
	case r.Until.Sub(r.From) > maxRehearsal:
		offences.Add([]string{"until"}, "must be at most %d days after the beginning; got %s", int(maxRehearsal/(24*time.Hour)), r.Until.Format(time.RFC3339))
	}
	if r.KeyID != 0 {
		keys, err := tx.Keys(ctx, m.CompanyID, m.User.ID, r.KeyID-1, 1)
		if err != nil {
			return fmt.Errorf("load key: %w", err)
		}
		if len(keys) == 0 || keys[0].ID != r.KeyID {
			offences.Add([]string{"keyId"}, "%d is not a key of %s", r.KeyID, m.User.Email)
		}
	}
	return fault.Invalid(offences)
}
