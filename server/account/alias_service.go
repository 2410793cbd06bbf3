package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// AliasNotice tells a user that the alias will end.
type AliasNotice struct {
	Message string
	Sunset  Field[time.Time] // absent: it stays as it is; null: there is none
}

// AliasMigrations reports on the users who have used the alias or were notified,
// in the order of their ids. The query's At is now.
func (s *Service) AliasMigrations(ctx context.Context, actor Actor, q AliasQuery) ([]AliasReport, error) {
	q.At = s.now()
	migrations, err := s.store.AliasMigrations(ctx, actor.CompanyID, q)
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	ids := make([]int64, len(migrations))
	for i, m := range migrations {
		ids[i] = m.User.ID
	}
	totals, err := s.store.AliasTotals(ctx, actor.CompanyID, ids, aliasPeriods(q.At))
	if err != nil {
		return nil, fmt.Errorf("load use of the alias: %w", err)
	}
	byUser := make(map[int64][]AliasTotal, len(ids))
	for _, t := range totals {
		byUser[t.UserID] = append(byUser[t.UserID], t)
	}
	reports := make([]AliasReport, len(migrations))
	for i, m := range migrations {
		reports[i] = newAliasReport(m, byUser[m.User.ID], q.At)
	}
	return reports, nil
}

// AliasMigration reports on one user. KindNotFound if the actor's company has no
// such user.
func (s *Service) AliasMigration(ctx context.Context, actor Actor, userID int64) (AliasReport, error) {
	now := s.now()
	m, err := s.store.AliasMigration(ctx, actor.CompanyID, userID, now)
	if err != nil {
		return AliasReport{}, err
	}
	return s.aliasReport(ctx, s.store, m, now)
}

func (s *Service) aliasReport(ctx context.Context, r Reader, m AliasMigration, now time.Time) (AliasReport, error) {
	totals, err := r.AliasTotals(ctx, m.CompanyID, []int64{m.User.ID}, aliasPeriods(now))
	if err != nil {
		return AliasReport{}, fmt.Errorf("load use of the alias: %w", err)
	}
	report := newAliasReport(m, totals, now)
	if report.Steps, err = r.AliasSteps(ctx, m.CompanyID, m.User.ID, maxAliasSteps); err != nil {
		return AliasReport{}, fmt.Errorf("load steps: %w", err)
	}
	return report, nil
}

// aliasChange is what one step does: it changes the report's migration, and
// fills the step.
type aliasChange func(ctx context.Context, tx Tx, r *AliasReport, step *AliasStep) error

// changeAlias carries out one step in one transaction, and returns what then
// is.
func (s *Service) changeAlias(ctx context.Context, actor Actor, userID int64, change aliasChange) (AliasReport, error) {
	var report AliasReport
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		now := s.now()
		m, err := tx.AliasMigrationForUpdate(ctx, actor.CompanyID, userID, now)
		if err != nil {
			return err
		}
		if report, err = s.aliasReport(ctx, tx, m, now); err != nil {
			return err
		}
		step := AliasStep{
			CompanyID: m.CompanyID, UserID: userID, At: now,
			ByUser: actor.User.ID, ByKey: actor.KeyID, ByEmail: actor.User.Email,
		}
		if err := change(ctx, tx, &report, &step); err != nil {
			return err
		}
		if err := tx.SaveAliasMigration(ctx, report.AliasMigration); err != nil {
			return fmt.Errorf("store migration: %w", err)
		}
		if report.Steps, err = tx.AliasSteps(ctx, m.CompanyID, userID, maxAliasSteps); err != nil {
			return fmt.Errorf("load steps: %w", err)
		}
		return nil
	})
	s.gate.forget(userID) // Also after an error: a read more does no harm.
	if err != nil {
		return AliasReport{}, err
	}
	return report, nil
}

// NotifyAliasUser tells a user that the alias will end. The mail is sent later,
// by an Outbox. Errors: KindInvalid; KindNotFound; KindConflict if the user is
// migrated.
func (s *Service) NotifyAliasUser(ctx context.Context, actor Actor, userID int64, n AliasNotice) (AliasReport, error) {
	n.Message = strings.TrimSpace(n.Message)
	if err := s.checkNotice(n); err != nil {
		return AliasReport{}, err
	}
	return s.changeAlias(ctx, actor, userID, func(ctx context.Context, tx Tx, r *AliasReport, step *AliasStep) error {
		if r.State == AliasMigrated {
			return aliasConflict("%s has already been migrated", r.User.Email)
		}
		r.State, r.NotifiedAt = AliasNotified, step.At
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

func (s *Service) checkNotice(n AliasNotice) error {
	var offences fieldErrors
	switch {
	case n.Message == "":
		offences.add([]string{"message"}, mustNotBeBlank)
	case utf8.RuneCountInString(n.Message) > MaxAliasMessage:
		offences.add([]string{"message"}, "must be at most %d characters", MaxAliasMessage)
	}
	if !n.Sunset.IsAbsent() && !n.Sunset.IsNull() && n.Sunset.Value.Before(s.now()) {
		offences.add([]string{"sunset"}, "must not be in the past; got %s", n.Sunset.Value.Format(time.RFC3339))
	}
	return Invalid(offences)
}

// MigrateAliasUser closes the alias for a user. Errors: KindNotFound;
// KindConflict if the rules do not allow it and force is not set, or if the
// user is migrated.
func (s *Service) MigrateAliasUser(ctx context.Context, actor Actor, userID int64, force bool) (AliasReport, error) {
	if s.aliasCounter != nil { // The last call may still be in memory.
		if err := s.aliasCounter.Flush(ctx, s.store); err != nil {
			return AliasReport{}, fmt.Errorf("store counts: %w", err)
		}
	}
	return s.changeAlias(ctx, actor, userID, func(ctx context.Context, tx Tx, r *AliasReport, step *AliasStep) (err error) {
		step.Kind = StepMigrated
		if r.AliasMigration, step.Forced, err = r.migrate(step.At, r.Last, s.quietDays, force); err != nil {
			return err
		}
		return tx.AddAliasStep(ctx, step)
	})
}

// RollBackAliasUser takes back what was done last: rehearsals, the migration or
// the notice. Errors: KindNotFound; KindConflict if there is nothing.
func (s *Service) RollBackAliasUser(ctx context.Context, actor Actor, userID int64) (AliasReport, error) {
	return s.changeAlias(ctx, actor, userID, func(ctx context.Context, tx Tx, r *AliasReport, step *AliasStep) (err error) {
		if r.AliasMigration, err = r.rollBack(); err != nil {
			return err
		}
		step.Kind, step.BackTo = StepRolledBack, r.State
		return tx.AddAliasStep(ctx, step)
	})
}

// RehearseAlias closes the alias for a user, or one key of the user, for a
// while. A beginning that is zero or past is now. Errors: KindInvalid;
// KindNotFound; KindConflict if the user is migrated.
func (s *Service) RehearseAlias(ctx context.Context, actor Actor, userID int64, rehearsal Rehearsal) (AliasReport, error) {
	return s.changeAlias(ctx, actor, userID, func(ctx context.Context, tx Tx, r *AliasReport, step *AliasStep) error {
		if r.State == AliasMigrated {
			return aliasConflict("%s has already been migrated", r.User.Email)
		}
		if len(r.Rehearsals) >= MaxRehearsals {
			return aliasConflict("%s has %d rehearsals to come; take them back first", r.User.Email, len(r.Rehearsals))
		}
		ordered := rehearsal
		ordered.From = later(ordered.From.UTC().Truncate(time.Millisecond), step.At)
		ordered.Until = ordered.Until.UTC().Truncate(time.Millisecond)
		if err := checkRehearsal(ctx, tx, r.AliasMigration, ordered); err != nil {
			return err
		}
		r.Rehearsals = append(slices.Clip(r.Rehearsals), ordered)
		slices.SortStableFunc(r.Rehearsals, func(a, b Rehearsal) int { return a.From.Compare(b.From) })
		step.Kind, step.Rehearsal = StepRehearsed, &ordered
		return tx.AddAliasStep(ctx, step)
	})
}

func checkRehearsal(ctx context.Context, tx Tx, m AliasMigration, r Rehearsal) error {
	var offences fieldErrors
	switch {
	case !r.Until.After(r.From):
		offences.add([]string{"until"}, "must be in the future and after the beginning; got %s", r.Until.Format(time.RFC3339))
	case r.Until.Sub(r.From) > MaxRehearsal:
		offences.add([]string{"until"}, "must be at most %d days after the beginning; got %s", int(MaxRehearsal/(24*time.Hour)), r.Until.Format(time.RFC3339))
	}
	if r.KeyID != 0 {
		keys, err := tx.Keys(ctx, m.CompanyID, m.User.ID, r.KeyID-1, 1)
		if err != nil {
			return fmt.Errorf("load key: %w", err)
		}
		if len(keys) == 0 || keys[0].ID != r.KeyID {
			offences.add([]string{"keyId"}, "%d is not a key of %s", r.KeyID, m.User.Email)
		}
	}
	return Invalid(offences)
}
