package records

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	aliasMigrations = db.NewTable(func(m *alias.Migration) []any {
		return []any{
			"company_id", &m.CompanyID, "user_id", &m.User.ID, "state", &m.State, "sunset", (*db.OptionalTime)(&m.Sunset),
			"notified_at", (*db.OptionalTime)(&m.NotifiedAt), "migrated_at", (*db.OptionalTime)(&m.MigratedAt),
			"rehearsals", (*db.List[alias.Rehearsal])(&m.Rehearsals),
		}
	})
	// A user without a migration is using the alias.
	userMigrations = db.NewTable(func(m *alias.Migration) []any {
		return []any{
			"u.company_id", &m.CompanyID, "u.id", &m.User.ID,
			"u.first_name", &m.User.FirstName, "u.last_name", &m.User.LastName, "u.email", &m.User.Email,
			"coalesce(m.state, 'using')", &m.State, "m.sunset", (*db.OptionalTime)(&m.Sunset),
			"m.notified_at", (*db.OptionalTime)(&m.NotifiedAt), "m.migrated_at", (*db.OptionalTime)(&m.MigratedAt),
			"coalesce(m.rehearsals, '[]')", (*db.List[alias.Rehearsal])(&m.Rehearsals),
		}
	})
	totals = db.NewTable(func(t *alias.Total) []any {
		return []any{
			"a.user_id", &t.UserID, "a.key_id", &t.KeyID, "k.name", &t.KeyName, "k.prefix", &t.KeyPrefix,
			"a.operation", &t.Operation, "a.user_agent", &t.UserAgent,
			sum("a.calls", "a.day >= ?1"), &t.Today, sum("a.calls", "a.day >= ?2"), &t.Week,
			sum("a.calls", "a.day >= ?3"), &t.Month, sum("a.refused", "a.day >= ?3"), &t.Refused,
			"min(a.first_at)", (*db.Time)(&t.First), "max(a.last_at)", (*db.Time)(&t.Last),
		}
	})
	dayTotals = db.NewTable(func(t *alias.DayTotal) []any {
		return []any{
			"a.user_id", &t.UserID, "a.day", (*db.Time)(&t.Start), sum("a.calls", "true"), &t.Calls, sum("a.refused", "true"), &t.Refused,
		}
	})
	uses = db.NewTable(func(u *alias.Use) []any {
		return []any{
			"company_id", &u.CompanyID, "user_id", &u.UserID, "key_id", &u.KeyID, "operation", &u.Operation, "user_agent", &u.UserAgent,
			"day", (*db.Time)(&u.Day), "calls", &u.Calls, "refused", &u.Refused,
			"first_at", (*db.Time)(&u.First), "last_at", (*db.Time)(&u.Last),
		}
	})
	leniencies = db.NewTable(func(l *alias.Leniency) []any {
		return []any{
			"company_id", &l.CompanyID, "user_id", &l.UserID, "key_id", &l.KeyID, "name", &l.Name,
			"day", (*db.Time)(&l.Day), "calls", &l.Calls, "last_at", (*db.Time)(&l.Last),
		}
	})
	leniencyTotals = db.NewTable(func(t *alias.LeniencyTotal) []any {
		return []any{
			"l.user_id", &t.UserID, "l.name", &t.Name, "l.key_id", &t.Key.ID, "k.name", &t.Key.Name, "k.prefix", &t.Key.Prefix,
			sum("l.calls", "true"), &t.Key.Calls, "max(l.last_at)", (*db.Time)(&t.Key.Last),
		}
	})
)

// sum is the column of a sum over some of the rows.
func sum(column, of string) string {
	return "CAST(coalesce(sum(" + column + ") FILTER (WHERE " + of + "), 0) AS BIGINT)"
}

var (
	fromMigrations = `SELECT ` + userMigrations.List("") + `
FROM users u LEFT JOIN alias_migrations m ON m.company_id = u.company_id AND m.user_id = u.id `
	selectAlias   = db.Statement{Thing: "user", Text: fromMigrations + `WHERE u.id = ? AND u.company_id = ?`}
	selectAliases = db.Statement{Thing: "users", Text: fromMigrations + `WHERE u.company_id = ?1 AND u.id > ?2 AND (?3 = '' OR coalesce(m.state, 'using') = ?3)
	AND (m.user_id IS NOT NULL OR EXISTS (SELECT 1 FROM alias_use a WHERE a.company_id = u.company_id AND a.user_id = u.id))
ORDER BY u.id LIMIT ?4`}
	saveAlias    = db.Statement{Thing: "alias", Text: aliasMigrations.Upsert("alias_migrations", "company_id", "user_id")}
	selectTotals = db.Statement{Thing: "use of the alias", Text: `SELECT ` + totals.List("") + `
FROM alias_use a JOIN api_keys k ON k.id = a.key_id
WHERE a.user_id IN ({ids ?4}) AND a.company_id = ?5
GROUP BY a.user_id, a.key_id, k.name, k.prefix, a.operation, a.user_agent
ORDER BY a.user_id, a.key_id, a.operation, a.user_agent`}
	selectDays = db.Statement{Thing: "use of the alias", Text: `SELECT ` + dayTotals.List("") + `
FROM alias_use a
WHERE a.user_id IN ({ids ?}) AND a.company_id = ? AND a.day >= ?
GROUP BY a.user_id, a.day ORDER BY a.user_id, a.day`}
	selectLeniencies = db.Statement{Thing: "leniencies", Text: `SELECT ` + leniencyTotals.List("") + `
FROM alias_leniencies l JOIN api_keys k ON k.id = l.key_id
WHERE l.user_id IN ({ids ?}) AND l.company_id = ? AND l.day >= ?
GROUP BY l.user_id, l.name, l.key_id, k.name, k.prefix ORDER BY l.user_id, l.name, l.key_id`}
	addLeniency = db.Statement{Thing: "leniency", Text: leniencies.Insert("alias_leniencies") + `
ON CONFLICT (company_id, user_id, key_id, name, day) DO UPDATE SET
	calls = alias_leniencies.calls + excluded.calls, last_at = {greatest}(alias_leniencies.last_at, excluded.last_at)`}
	addUse = db.Statement{Thing: "use of the alias", Text: uses.Insert("alias_use") + `
ON CONFLICT (company_id, user_id, key_id, operation, user_agent, day) DO UPDATE SET
	calls = alias_use.calls + excluded.calls, refused = alias_use.refused + excluded.refused,
	first_at = {least}(alias_use.first_at, excluded.first_at), last_at = {greatest}(alias_use.last_at, excluded.last_at)`}
)

// AliasMigration returns where a user stands.
func (r Reader) AliasMigration(ctx context.Context, companyID, userID int64, at time.Time) (alias.Migration, error) {
	return db.First(ctx, r.Session, selectAlias, []any{userID, companyID}, scanMigration(at))
}

// AliasMigrationForUpdate is AliasMigration of a user who stays there.
func (t *Tx) AliasMigrationForUpdate(ctx context.Context, companyID, userID int64, at time.Time) (alias.Migration, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return alias.Migration{}, err
	}
	return t.AliasMigration(ctx, companyID, userID, at)
}

// AliasMigrations returns where those stand who have used the alias or have begun
// to move off it.
func (r Reader) AliasMigrations(ctx context.Context, companyID int64, q alias.Query) ([]alias.Migration, error) {
	args := []any{companyID, q.After, string(q.State), q.Limit}
	return db.Collect(ctx, r.Session, selectAliases, args, scanMigration(q.At))
}

// scanMigration leaves out the rehearsals that are over by a time.
func scanMigration(at time.Time) func(*db.Row) (alias.Migration, error) {
	return func(row *db.Row) (alias.Migration, error) {
		m, err := userMigrations.Scan(row)
		all := m.Rehearsals
		m.Rehearsals = nil
		for _, rehearsal := range all {
			if rehearsal.Until.After(at) {
				m.Rehearsals = append(m.Rehearsals, rehearsal)
			}
		}
		return m, err
	}
}

// SaveAliasMigration writes where a user stands.
func (t *Tx) SaveAliasMigration(ctx context.Context, m alias.Migration) error {
	return t.Session.Exec(ctx, saveAlias, aliasMigrations.At(&m)...)
}

// AliasTotals returns the use of users, added up over the days.
func (r Reader) AliasTotals(ctx context.Context, companyID int64, userIDs []int64, p alias.Periods) ([]alias.Total, error) {
	args := []any{db.Time(p.Today), db.Time(p.Week), db.Time(p.Month), db.List[int64](userIDs), companyID}
	return db.Collect(ctx, r.Session, selectTotals, args, totals.Scan)
}

// AliasDays returns the calls of users by day.
func (r Reader) AliasDays(ctx context.Context, companyID int64, userIDs []int64, since time.Time) ([]alias.DayTotal, error) {
	return db.Collect(ctx, r.Session, selectDays, []any{db.List[int64](userIDs), companyID, db.Time(since)}, dayTotals.Scan)
}

// AddAliasUse adds to the counts.
func (t *Tx) AddAliasUse(ctx context.Context, counted []alias.Use) error {
	_, err := t.Session.RunAll(ctx, addUse, uses.All(counted))
	return err
}

// AliasLeniencies returns what users' calls needed, added up over the days.
func (r Reader) AliasLeniencies(ctx context.Context, companyID int64, userIDs []int64, since time.Time) ([]alias.LeniencyTotal, error) {
	return db.Collect(ctx, r.Session, selectLeniencies, []any{db.List[int64](userIDs), companyID, db.Time(since)}, leniencyTotals.Scan)
}

// AddAliasLeniencies adds to the counts.
func (t *Tx) AddAliasLeniencies(ctx context.Context, counted []alias.Leniency) error {
	_, err := t.Session.RunAll(ctx, addLeniency, leniencies.All(counted))
	return err
}
