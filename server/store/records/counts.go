package records

import (
	"context"
	"maps"
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
)

// counts are what a transaction counts on a company's row. To write the row for each
// entry of many would take longer with each: so it is written ahead, a few times, and
// put right at the end.
type counts struct {
	sequence, reserved int64 // of history: given out, and on the row
	step               int64 // how many are reserved next
	number             int64 // the last one assigned; 0: none was
	ahead              bool  // of the one on the row
}

// maxStep is how many sequences are reserved at once.
const maxStep = 1024

var (
	reserveSequences = db.Statement{Thing: "company", Text: `UPDATE companies SET last_sequence = last_sequence + ?2 WHERE id = ?1 RETURNING last_sequence`}
	returnSequences  = db.Statement{Thing: "company", Text: `UPDATE companies SET last_sequence = ?2 WHERE id = ?1`}
	saveNumber       = db.Statement{Thing: "company", Text: `UPDATE companies SET last_number = ?2 WHERE id = ?1`}
	assignNumber     = db.Statement{Thing: "company", Text: `UPDATE companies SET last_number = ` + numberAfter("last_number") + `
WHERE id = ?1 RETURNING last_number`}
	selectNumber = db.Statement{Thing: "company", Text: `SELECT ` + numberAfter("CAST(?2 AS BIGINT)") + ` FROM companies WHERE id = ?1`}
)

// numberAfter is the first number after another one that no account of the company
// has. Where there are taken ones, it is one above an account's.
func numberAfter(last string) string {
	return strings.ReplaceAll(`CASE
	WHEN NOT EXISTS (SELECT 1 FROM accounts WHERE company_id = ?1 AND number = LAST + 1) THEN LAST + 1
	ELSE (SELECT a.number + 1 FROM accounts a
		WHERE a.company_id = ?1 AND a.number > LAST
			AND NOT EXISTS (SELECT 1 FROM accounts b WHERE b.company_id = a.company_id AND b.number = a.number + 1)
		ORDER BY a.number LIMIT 1)
	END`, "LAST", last)
}

// nextNumber returns the number of the next account that comes without one.
func (t *Tx) nextNumber(ctx context.Context, companyID int64) (int64, error) {
	c := t.counts[companyID]
	st, args := assignNumber, []any{companyID}
	if c.number > 0 {
		st, args, c.ahead = selectNumber, []any{companyID, c.number}, true
	}
	if err := t.Session.Get(ctx, st, args, &c.number); err != nil {
		return 0, err
	}
	t.count(companyID, c)
	return c.number, nil
}

// nextSequence returns the sequence of the next entry of a company's history.
func (t *Tx) nextSequence(ctx context.Context, companyID int64) (int64, error) {
	c := t.counts[companyID]
	if c.sequence == c.reserved {
		c.step = min(max(1, 4*c.step), maxStep)
		if err := t.Session.Get(ctx, reserveSequences, []any{companyID, c.step}, &c.reserved); err != nil {
			return 0, err
		}
		c.sequence = c.reserved - c.step
	}
	c.sequence++
	t.count(companyID, c)
	return c.sequence, nil
}

func (t *Tx) count(companyID int64, c counts) {
	if t.counts == nil {
		t.counts = make(map[int64]counts)
	}
	t.counts[companyID] = c
}

// LastChange is that of Reader, and of what the transaction has added.
func (t *Tx) LastChange(ctx context.Context, companyID int64) (int64, error) {
	if c := t.counts[companyID]; c.reserved > 0 {
		return c.sequence, nil
	}
	return t.Reader.LastChange(ctx, companyID)
}

// Finish writes what was counted, as the last thing before the commit.
func (t *Tx) Finish(ctx context.Context) error {
	for companyID, c := range t.counts {
		if c.sequence < c.reserved {
			if err := t.Session.Exec(ctx, returnSequences, companyID, c.sequence); err != nil {
				return err
			}
		}
		if c.ahead {
			if err := t.Session.Exec(ctx, saveNumber, companyID, c.number); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepCounts returns what makes the counts those that they are now.
func (t *Tx) keepCounts() (restore func()) {
	kept := maps.Clone(t.counts)
	return func() { t.counts = kept }
}
