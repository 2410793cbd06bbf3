package records

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// duplicateColumn is the column by which accounts have a member in common.
func duplicateColumn(reason account.DuplicateReason) string {
	return "a." + filteredColumns[query.Member(reason)].name
}

// duplicateKeys are the statements that find the values of a column that several
// accounts have, by nothing but its index.
var duplicateKeys = func() map[account.DuplicateReason]db.Statement {
	statements := make(map[account.DuplicateReason]db.Statement)
	for _, reason := range account.DuplicateReasons {
		column := duplicateColumn(reason)
		beyond, order := column+" > ?2", column
		if reason == account.DuplicateAddress {
			beyond, order = "{beyond "+column+" ?2}", "{sorted "+column+"}"
		}
		statements[reason] = db.Statement{Thing: "duplicates", Text: `SELECT ` + column + ` FROM accounts a WHERE a.company_id = ?1 AND ` + beyond + `
GROUP BY ` + order + ` HAVING count(*) > 1 ORDER BY ` + order + ` LIMIT ?3`}
	}
	return statements
}()

// DuplicateKeys returns values that several accounts have in common, archived or
// not, in order.
func (r Reader) DuplicateKeys(ctx context.Context, companyID int64, reason account.DuplicateReason, after string, limit int) ([]string, error) {
	return db.Collect(ctx, r.Session, duplicateKeys[reason], []any{companyID, after, limit}, db.Scan[string])
}

// Duplicates returns the accounts that have the values in common.
func (r Reader) Duplicates(ctx context.Context, companyID int64, reason account.DuplicateReason, keys []string, includeArchived bool) (groups []account.Duplicates, err error) {
	err = r.Session.Snapshot(ctx, func(s db.Session) error {
		members, err := db.Collect(ctx, s, duplicatesOf(reason, len(keys), includeArchived), duplicateArgs(companyID, keys), scanDuplicate(reason))
		if err != nil {
			return err
		}
		accounts, err := storedByID(ctx, s, companyID, members)
		if err != nil {
			return err
		}
		groups = grouped(keys, members, accounts)
		return nil
	})
	return groups, err
}

// duplicate is an account of a group.
type duplicate struct {
	id    int64
	group account.Duplicates // what is known of the group
}

// duplicatesOf finds the accounts that have one of n values, with what is true of
// all that have the same one.
func duplicatesOf(reason account.DuplicateReason, n int, includeArchived bool) db.Statement {
	var b db.Builder
	b.Add(`SELECT value, id, n`)
	for _, other := range account.DuplicateReasons {
		b.Add(`, same_` + string(other))
	}
	b.Add(` FROM (SELECT k.column1 AS value, a.id AS id, count(*) OVER g AS n, row_number() OVER (PARTITION BY k.column1 ORDER BY a.id) AS position`)
	for _, other := range account.DuplicateReasons {
		column := duplicateColumn(other)
		b.Add(`,
	count(` + column + `) OVER g = count(*) OVER g AND min(` + column + `) OVER g = max(` + column + `) OVER g AND min(` + column + `) OVER g <> '' AS same_` + string(other))
	}
	b.Add(`
FROM (VALUES (?)` + strings.Repeat(`, (?)`, n-1) + `) k {join} accounts a ON a.company_id = ? AND {same ` + duplicateColumn(reason) + ` k.column1}`)
	if !includeArchived {
		b.Add(` AND a.is_active`)
	}
	b.Add(`
WINDOW g AS (PARTITION BY k.column1)) found WHERE n > 1 AND position <= ? ORDER BY id`)
	return db.Statement{Thing: "duplicates", Text: b.String(), Once: true}
}

func duplicateArgs(companyID int64, keys []string) []any {
	args := make([]any, 0, len(keys)+2)
	for _, key := range keys {
		args = append(args, key)
	}
	return append(args, companyID, account.DuplicatesShown)
}

// scanDuplicate reads an account that was found by a reason.
func scanDuplicate(reason account.DuplicateReason) func(*db.Row) (duplicate, error) {
	return func(row *db.Row) (duplicate, error) {
		d := duplicate{group: account.Duplicates{Reasons: []account.DuplicateReason{reason}}}
		same := make([]bool, len(account.DuplicateReasons))
		dest := []any{&d.group.Key, &d.id, &d.group.Count}
		for i := range same {
			dest = append(dest, &same[i])
		}
		err := row.Scan(dest...)
		for i, other := range account.DuplicateReasons {
			if same[i] && other != reason {
				d.group.Reasons = append(d.group.Reasons, other)
			}
		}
		return d, err
	}
}

// storedByID returns the accounts of groups by their ids.
func storedByID(ctx context.Context, s db.Session, companyID int64, members []duplicate) (map[int64]account.Stored, error) {
	ids := make(db.List[int64], len(members))
	for i, m := range members {
		ids[i] = m.id
	}
	form := storedForm(false)
	st := db.Statement{Thing: "accounts", Text: form.columns + `FROM accounts a WHERE {-}a.company_id = ? AND a.id IN ({ids ?})`}
	list, err := db.Collect(ctx, s, st, []any{companyID, ids}, form.scan)
	accounts := make(map[int64]account.Stored, len(list))
	for _, a := range list {
		accounts[a.ID] = a
	}
	return accounts, err
}

// grouped puts accounts into groups, in the order of the keys.
func grouped(keys []string, members []duplicate, accounts map[int64]account.Stored) []account.Duplicates {
	groups := make(map[string]*account.Duplicates)
	for _, m := range members {
		if groups[m.group.Key] == nil {
			groups[m.group.Key] = &m.group
		}
		group := groups[m.group.Key]
		group.Accounts = append(group.Accounts, accounts[m.id])
	}
	list := make([]account.Duplicates, 0, len(groups))
	for _, key := range keys {
		if group := groups[key]; group != nil {
			list = append(list, *group)
		}
	}
	return list
}
