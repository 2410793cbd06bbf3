package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const aliasColumns = `u.company_id, u.id, u.first_name, u.last_name, u.email,
	coalesce(m.state, 'using'), m.sunset, m.notified_at, m.migrated_at, coalesce(m.rehearsals, '[]')
FROM users u LEFT JOIN alias_migrations m ON m.user_id = u.id `

var (
	selectAlias   = db.Statement{Thing: "user", Text: `SELECT ` + aliasColumns + `WHERE u.id = ? AND u.company_id = ?`}
	selectAliases = db.Statement{Thing: "users", Text: `SELECT ` + aliasColumns + `
WHERE u.company_id = ?1 AND u.id > ?2 AND (?3 = '' OR coalesce(m.state, 'using') = ?3)
	AND (m.user_id IS NOT NULL OR EXISTS (SELECT 1 FROM alias_use a WHERE a.user_id = u.id))
ORDER BY u.id LIMIT ?4`}
	saveAlias = db.Statement{Thing: "alias", Text: `INSERT INTO alias_migrations (
	user_id, state, sunset, notified_at, migrated_at, rehearsals) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET state = excluded.state, sunset = excluded.sunset,
	notified_at = excluded.notified_at, migrated_at = excluded.migrated_at, rehearsals = excluded.rehearsals`}
	selectTotals = db.Statement{Thing: "use of the alias", Text: `SELECT
	a.user_id, a.key_id, k.name, k.prefix, a.operation, a.user_agent,
	coalesce(sum(a.calls) FILTER (WHERE a.day >= ?1), 0),
	coalesce(sum(a.calls) FILTER (WHERE a.day >= ?2), 0),
	coalesce(sum(a.calls) FILTER (WHERE a.day >= ?3), 0),
	coalesce(sum(a.refused) FILTER (WHERE a.day >= ?3), 0),
	min(a.first_at), max(a.last_at)
FROM alias_use a JOIN api_keys k ON k.id = a.key_id
WHERE a.user_id IN (SELECT value FROM json_each(?4)) AND k.company_id = ?5
GROUP BY a.user_id, a.key_id, a.operation, a.user_agent
ORDER BY a.user_id, a.key_id, a.operation, a.user_agent`}
	addUse = db.Statement{Thing: "use of the alias", Text: `INSERT INTO alias_use (
	user_id, key_id, operation, user_agent, day, calls, refused, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, key_id, operation, user_agent, day) DO UPDATE SET
	calls = calls + excluded.calls, refused = refused + excluded.refused,
	first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`}
)

// AliasMigration returns where a user stands.
func (r reader) AliasMigration(ctx context.Context, companyID, userID int64, at time.Time) (account.AliasMigration, error) {
	var row aliasRow
	if err := r.session.Get(ctx, selectAlias, []any{userID, companyID}, row.dest()...); err != nil {
		return account.AliasMigration{}, err
	}
	m, err := fromDBAlias(row, at)
	return m, db.Interpret(err, selectAlias)
}

// AliasMigrationForUpdate is AliasMigration: the writer runs one transaction at
// a time.
func (t *transaction) AliasMigrationForUpdate(ctx context.Context, companyID, userID int64, at time.Time) (account.AliasMigration, error) {
	return t.AliasMigration(ctx, companyID, userID, at)
}

// AliasMigrations returns where those stand who have used the alias or have begun
// to move off it.
func (r reader) AliasMigrations(ctx context.Context, companyID int64, q account.AliasQuery) ([]account.AliasMigration, error) {
	args := []any{companyID, q.After, string(q.State), q.Limit}
	return db.Collect(ctx, r.session, selectAliases, args, func(rows *sql.Rows) (account.AliasMigration, error) {
		var row aliasRow
		if err := rows.Scan(row.dest()...); err != nil {
			return account.AliasMigration{}, err
		}
		return fromDBAlias(row, q.At)
	})
}

// aliasRow is where a user stands beside the columns that are not as in the
// domain.
type aliasRow struct {
	alias                          account.AliasMigration
	sunset, notifiedAt, migratedAt sql.Null[int64]
	rehearsals                     string
}

// dest are the variables of aliasColumns.
func (row *aliasRow) dest() []any {
	m := &row.alias
	return []any{
		&m.CompanyID, &m.User.ID, &m.User.FirstName, &m.User.LastName, &m.User.Email,
		&m.State, &row.sunset, &row.notifiedAt, &row.migratedAt, &row.rehearsals,
	}
}

// fromDBAlias leaves out the rehearsals that are over by a time.
func fromDBAlias(row aliasRow, at time.Time) (account.AliasMigration, error) {
	m := row.alias
	m.Sunset, m.NotifiedAt, m.MigratedAt = fromDBOptionalTime(row.sunset), fromDBOptionalTime(row.notifiedAt), fromDBOptionalTime(row.migratedAt)
	all, err := fromDBList[account.Rehearsal](row.rehearsals)
	for _, rehearsal := range all {
		if rehearsal.Until.After(at) {
			m.Rehearsals = append(m.Rehearsals, rehearsal)
		}
	}
	return m, err
}

// SaveAliasMigration writes where a user stands.
func (t *transaction) SaveAliasMigration(ctx context.Context, m account.AliasMigration) error {
	rehearsals, err := toDBList(m.Rehearsals)
	if err != nil {
		return db.Interpret(err, saveAlias)
	}
	_, err = t.session.Exec(ctx, saveAlias, m.User.ID, string(m.State),
		toDBOptionalTime(m.Sunset), toDBOptionalTime(m.NotifiedAt), toDBOptionalTime(m.MigratedAt), rehearsals)
	return err
}

// AliasTotals returns the use of users, added up over the days.
func (r reader) AliasTotals(ctx context.Context, companyID int64, userIDs []int64, p account.AliasPeriods) ([]account.AliasTotal, error) {
	users, err := toDBList(userIDs)
	if err != nil {
		return nil, db.Interpret(err, selectTotals)
	}
	args := []any{p.Today.UnixMilli(), p.Week.UnixMilli(), p.Month.UnixMilli(), users, companyID}
	return db.Collect(ctx, r.session, selectTotals, args, func(rows *sql.Rows) (account.AliasTotal, error) {
		var t account.AliasTotal
		var first, last int64
		err := rows.Scan(&t.UserID, &t.KeyID, &t.KeyName, &t.KeyPrefix, &t.Operation, &t.UserAgent,
			&t.Today, &t.Week, &t.Month, &t.Refused, &first, &last)
		t.First, t.Last = fromDBTime(first), fromDBTime(last)
		return t, err
	})
}

// AddAliasUse adds to the counts.
func (t *transaction) AddAliasUse(ctx context.Context, uses []account.AliasUse) error {
	for _, u := range uses {
		_, err := t.session.Exec(ctx, addUse, u.UserID, u.KeyID, u.Operation, u.UserAgent,
			u.Day.UnixMilli(), u.Calls, u.Refused, u.First.UnixMilli(), u.Last.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}
