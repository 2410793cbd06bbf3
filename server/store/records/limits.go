package records

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	failures = db.NewTable(func(f *identity.Failures) []any {
		return []any{
			"key", (*db.Sum)(&f.Key), "count", &f.Count, "last_at", (*db.Time)(&f.Last),
			"until_at", (*db.OptionalTime)(&f.Until), "told_at", (*db.OptionalTime)(&f.Told),
		}
	})

	selectFailures = db.Statement{Thing: "failed logins", Brief: true, Text: `SELECT ` + failures.List("") + ` FROM login_failures WHERE key = ?`}
	// lockFailures locks a row, which is made if there is none, so that there is one to lock.
	lockFailures = db.Statement{Thing: "failed logins", Text: failures.Insert("login_failures") + `
ON CONFLICT (key) DO UPDATE SET count = login_failures.count RETURNING ` + failures.List("")}
	changedFailures = failures.Without("key")
	saveFailures    = db.Statement{Thing: "failed logins", Text: changedFailures.Update("login_failures") + ` WHERE key = ?`}
	deleteFailures  = db.Statement{Thing: "failed logins", Text: `DELETE FROM login_failures WHERE key = ?`}

	addKeyCalls = db.Statement{Thing: "calls of a key", Text: `INSERT INTO key_calls (company_id, key_id, day, calls) VALUES (?, ?, ?, ?)
ON CONFLICT (company_id, key_id) DO UPDATE SET
	calls = excluded.calls + CASE WHEN key_calls.day < excluded.day THEN 0 ELSE key_calls.calls END,
	day = {greatest}(key_calls.day, excluded.day)
RETURNING calls`}
)

// LoginFailures returns the failed logins under keys, in their order.
func (r Reader) LoginFailures(ctx context.Context, keys []identity.KeyHash) ([]identity.Failures, error) {
	counted := make([]identity.Failures, len(keys))
	for i, key := range keys {
		counted[i].Key = key
		err := r.Session.Each(ctx, selectFailures, []any{db.Sum(key)}, func(row *db.Row) (err error) {
			counted[i], err = failures.Scan(row)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return counted, nil
}

// LoginFailuresForUpdate is LoginFailures of those that stay as they are.
func (t *Tx) LoginFailuresForUpdate(ctx context.Context, keys []identity.KeyHash) ([]identity.Failures, error) {
	counted := make([]identity.Failures, len(keys))
	for i, key := range keys {
		none := identity.Failures{Key: key, Last: time.UnixMilli(0)}
		var err error
		if counted[i], err = db.First(ctx, t.Session, lockFailures, failures.At(&none), failures.Scan); err != nil {
			return nil, err
		}
	}
	return counted, nil
}

// SaveLoginFailures writes failed logins that were read for update.
func (t *Tx) SaveLoginFailures(ctx context.Context, counted []identity.Failures) error {
	var save, drop [][]any
	for i := range counted {
		f := &counted[i]
		if f.Count == 0 {
			drop = append(drop, []any{db.Sum(f.Key)})
		} else {
			save = append(save, changedFailures.At(f, db.Sum(f.Key)))
		}
	}
	if _, err := t.Session.RunAll(ctx, saveFailures, save); err != nil {
		return err
	}
	_, err := t.Session.RunAll(ctx, deleteFailures, drop)
	return err
}

// DropLoginFailures drops failed logins whose last was before a time.
func (t *Tx) DropLoginFailures(ctx context.Context, before time.Time, limit int) (int, error) {
	var oldest db.Builder
	oldest.Add("SELECT key FROM login_failures WHERE last_at < ? ORDER BY last_at, key", db.Time(before))
	addMost(&oldest, int64(limit))
	drop := db.Statement{Thing: "failed logins", Text: "DELETE FROM login_failures WHERE key IN (" + oldest.String() + ")"}
	n, err := t.Session.Change(ctx, drop, oldest.Args...)
	return int(n), err
}

// AddKeyCalls adds to the calls of a key on a day.
func (t *Tx) AddKeyCalls(ctx context.Context, companyID, keyID int64, day time.Time, n int64) (total int64, err error) {
	err = t.Session.Get(ctx, addKeyCalls, []any{companyID, keyID, db.Time(day), n}, &total)
	return total, err
}
