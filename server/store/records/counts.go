package records

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
)

// counts are what a transaction counts on a company's row. To write the row for each
// entry of many would take longer with each: so it is read once, and written at the
// end.
type counts struct {
	companyID int64
	known     bool  // whether the next two are
	sequence  int64 // of the last entry of history
	head      Hash  // of that entry
	number    int64 // the last one assigned; 0: none was
	ahead     bool  // of the one on the row
	end       int64 // the first number above that is taken; 0: it is not known
}

var (
	selectChain  = db.Statement{Thing: "company", Brief: true, Text: `SELECT last_sequence, last_hash FROM companies WHERE id = ?`}
	saveChain    = db.Statement{Thing: "company", Late: true, Text: `UPDATE companies SET last_sequence = ?2, last_hash = ?3 WHERE id = ?1`}
	saveNumber   = db.Statement{Thing: "company", Late: true, Text: `UPDATE companies SET last_number = ?2 WHERE id = ?1`}
	assignNumber = db.Statement{Thing: "company", Text: `UPDATE companies SET last_number = ` + numberAfter("last_number") + `
WHERE id = ?1 RETURNING last_number`}
	selectNumber = db.Statement{Thing: "company", Text: `SELECT ` + numberAfter("CAST(?2 AS BIGINT)") + ` FROM companies WHERE id = ?1`}
	selectEnd    = db.Statement{Thing: "number", Text: `SELECT coalesce(min(number), ` + strconv.Itoa(math.MaxInt64) + `) FROM accounts WHERE company_id = ? AND number > ?`}
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
	c := t.countsOf(companyID)
	if c.number+1 < c.end {
		c.number++
		return c.number, nil
	}
	if c.number == 0 {
		number, err := t.Session.Number(ctx, assignNumber, companyID)
		c.number = number
		return number, err
	}
	number, err := t.Session.Number(ctx, selectNumber, companyID, c.number)
	if err != nil {
		return 0, err
	}
	c.ahead, c.number = true, number
	c.end, err = t.Session.Number(ctx, selectEnd, companyID, number)
	return number, err
}

// takeNumber notes that an account gets a number, and tells whether that is known to be
// nobody's.
func (t *Tx) takeNumber(companyID, number int64) bool {
	if c := t.countsOf(companyID); c.number < number && number < c.end {
		c.end = number
	}
	return t.sure.numbers.take(freeNumber{companyID, number})
}

// chainOf returns the counts of a company with the end of its history, which no other
// transaction adds to until this one ends.
func (t *Tx) chainOf(ctx context.Context, companyID int64) (*counts, error) {
	c := t.countsOf(companyID)
	if c.known {
		return c, nil
	}
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return nil, err
	}
	if err := t.Session.GetBy(ctx, selectChain, companyID, &c.sequence, &c.head); err != nil {
		return nil, err
	}
	c.known = true
	return c, nil
}

// countsOf returns the counts of a company. There are hardly ever those of two.
func (t *Tx) countsOf(companyID int64) *counts {
	for i := range t.counts {
		if t.counts[i].companyID == companyID {
			return &t.counts[i]
		}
	}
	t.counts = append(t.counts, counts{companyID: companyID})
	return &t.counts[len(t.counts)-1]
}

// LastChange is that of Reader, and of what the transaction has added.
func (t *Tx) LastChange(ctx context.Context, companyID int64) (int64, error) {
	if c := t.countsOf(companyID); c.known {
		return c.sequence, nil
	}
	return t.Reader.LastChange(ctx, companyID)
}

// Finish writes what was counted, as the last thing before the commit.
func (t *Tx) Finish(ctx context.Context) error {
	for i := range t.counts {
		c := &t.counts[i]
		if c.known {
			if err := t.Session.Exec(ctx, saveChain, &c.companyID, &c.sequence, &c.head); err != nil {
				return err
			}
		}
		if c.ahead {
			if err := t.Session.Exec(ctx, saveNumber, c.companyID, c.number); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepCounts returns what makes the counts those that they are now. Nothing is sure then:
// what was found may have been undone.
func (t *Tx) keepCounts() (restore func()) {
	kept := slices.Clone(t.counts)
	return func() { t.counts, t.sure = kept, sure{} }
}
