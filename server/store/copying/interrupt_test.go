package copying_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
)

var errCut = errors.New("the line is cut")

// cut is a target that cannot be reached any more when more of a table is to be
// loaded, or after all is.
type cut struct {
	copying.Database
	table string
	loads int // of the table that go well
}

func (c *cut) Load(ctx context.Context, s db.Session, table copying.Table, rows []copying.Row) error {
	if table.Name == c.table {
		if c.loads--; c.loads < 0 {
			return errCut
		}
	}
	return c.Database.Load(ctx, s, table, rows)
}

func (c *cut) Complete(ctx context.Context, counters map[string]int64, progress func(done, total int64)) error {
	if c.table == "" {
		return errCut
	}
	return c.Database.Complete(ctx, counters, progress)
}

// interrupt copies up to a table, or so many batches of it.
func (p *pair) interrupt(t testing.TB, table string, loads int) {
	t.Helper()
	p.between = func(to copying.Database) copying.Database { return &cut{to, table, loads} }
	if _, err := p.copy(t); !errors.Is(err, errCut) {
		t.Fatalf("got %v, want to be cut at %q", err, table)
	}
	p.between = nil
}

// wantAsIfNew compares the target with that of a copy that nothing has interrupted.
func (p *pair) wantAsIfNew(t testing.TB) {
	t.Helper()
	clean := &pair{from: p.from, to: p.to, source: p.source, target: p.to.empty(t)}
	clean.mustCopy(t)
	wantSame(t, p.to.dump(t, p.target), p.to.dump(t, clean.target))
}

// A copy that was interrupted goes on where it was. Until it is complete, no server
// takes what is there of it.
func TestResume(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		for i, before := range []string{"companies", "accounts", "mails", ""} {
			p.interrupt(t, before, 0)
			_, err := p.to.open(t.Context(), p.target)
			if err == nil || fault.KindOf(err) != fault.KindUnavailable {
				t.Errorf("a part of a copy is opened with %v", err)
			}
			if i > 0 {
				if _, err := p.to.source(t.Context(), p.target); err == nil {
					t.Error("a part of a copy can be copied")
				}
			}
		}
		result := p.mustCopy(t)
		rows := int64(0)
		for _, table := range result.Tables {
			rows += table.Rows
		}
		if result.Resumed != rows {
			t.Errorf("%d of %d rows had been copied", result.Resumed, rows)
		}
		p.wantAsIfNew(t)
	})
}

// Within a table a copy goes on behind the rows that it has.
func TestResumeWithinTable(t *testing.T) {
	t.Parallel()
	const entries = 900
	each(t, func(t *testing.T, p *pair) {
		p.from.in(t, p.source, func(s store.Store) {
			must(t, s.Write(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
				e := account.HistoryEntry{CompanyID: 1, AccountID: 1, Kind: account.ChangeUpdated, At: start, Fields: patch.Changes{"description": {After: long}}}
				for range entries {
					err = errors.Join(err, tx.AddHistory(ctx, &e))
				}
				return err
			}))
		})
		p.interrupt(t, "changes", 1)
		p.interrupt(t, "changes", 1)
		if result := p.mustCopy(t); result.Resumed < entries/4 || result.Resumed > entries {
			t.Errorf("%d rows had been copied", result.Resumed)
		}
		p.wantAsIfNew(t)
	})
}

// What was copied must still be so in the source, what was not may have changed.
func TestChangeBeforeResume(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.interrupt(t, "mails", 0)
		p.from.exec(t, p.source, `UPDATE mails SET attempts = 7`)
		p.interrupt(t, "", 0)
		p.from.exec(t, p.source, `UPDATE accounts SET value = 5 WHERE id = 1`)
		p.mustRefuse(t, "what was copied before the interruption has changed in the source; begin anew with --restart")
		p.restart = true
		if result := p.mustCopy(t); result.Resumed != 0 {
			t.Errorf("%d rows are left of before the restart", result.Resumed)
		}
		p.wantAsIfNew(t)
	})
}

// Of a table that has lost rows meanwhile the target would have too many.
func TestDeletionBeforeResume(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.interrupt(t, "mails", 0)
		p.from.exec(t, p.source, `DELETE FROM alias_leniencies`)
		p.mustRefuse(t, "what was copied before the interruption has changed in the source; begin anew with --restart")
	})
}

func TestTargetIsNotEmpty(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.mustCopy(t)
		before := p.to.dump(t, p.target)
		for _, p.restart = range []bool{false, true} {
			p.mustRefuse(t, "the target has records already, in the table changes; copy into a new file or an empty database")
		}
		wantSame(t, p.to.dump(t, p.target), before)
	})
}

// at calls fn when a step begins.
func at(step copying.Step, fn func()) copying.Progress {
	begun := false
	return func(now copying.Step, _, _ int64) {
		if now == step && !begun {
			begun = true
			fn()
		}
	}
}

// The source may be written to while it is copied. The copy has nothing of that, and
// names the tables.
func TestWritesMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		clean := &pair{from: p.from, to: p.to, source: p.source, target: p.to.empty(t)}
		clean.mustCopy(t)
		p.progress = at(copying.Rows, func() { p.from.in(t, p.source, func(s store.Store) { addNewest(t, s, "meanwhile") }) })
		result, err := p.copy(t)
		must(t, err)
		if got, want := fmt.Sprint(result.Changed), "[changes companies accounts contacts]"; got != want {
			t.Errorf("changed: %s, want %s", got, want)
		}
		got, want := p.to.dump(t, p.target), p.to.dump(t, clean.target)
		delete(got, "ids") // Some that were taken meanwhile may be passed over.
		delete(want, "ids")
		wantSame(t, got, want)
	})
}

// A copy that is not what was read is of no use to anybody.
func TestWrongCopyIsFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		for change, want := range map[string]string{
			`UPDATE accounts SET value = 5 WHERE id = 1`: "accounts has other values in the target than in the source",
			`DELETE FROM mails WHERE company_id = 2`:     "mails has 2 rows in the target and 4 in the source",
		} {
			p.progress = at(copying.Verify, func() { p.to.exec(t, p.target, change) })
			_, err := p.copy(t)
			if want = "the copy is wrong, and cannot be used: " + want + "; begin anew with --restart, and let nobody else write to the target"; err == nil || err.Error() != want {
				t.Errorf("%s: got %v\nwant %s", change, err, want)
			}
			if _, err := p.to.open(t.Context(), p.target); err == nil {
				t.Error("a wrong copy can be opened")
			}
			p.restart, p.progress = true, nil
			p.mustCopy(t)
			p.restart, p.target = false, p.to.empty(t)
		}
	})
}

// Two copies into one target get in each other's way, and say so.
func TestTwoCopies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.progress = at(copying.Rows, func() { p.to.exec(t, p.target, `UPDATE unfinished_copy SET done = done + 1`) })
		p.mustRefuse(t, "another accountsd copy writes to the target")
	})
}

// PostgreSQL keeps only texts that are some. Once the one that is not is corrected, the
// copy goes on.
func TestTextThatIsNone(t *testing.T) {
	t.Parallel()
	p := &pair{from: file, to: server, source: file.filled(t), target: server.empty(t)}
	p.from.exec(t, p.source, `UPDATE accounts SET description = CAST(x'61FF' AS TEXT) WHERE id = 2`)
	p.mustRefuse(t, "description of the row of accounts with company_id 1, id 2 is not UTF-8, which PostgreSQL does not keep; correct it in the source, and copy again")
	p.from.exec(t, p.source, `UPDATE accounts SET description = 'a' WHERE id = 2`)
	if result := p.mustCopy(t); result.Resumed == 0 {
		t.Error("the copy has begun anew")
	}
}

// Tables that somebody has added are not copied, and named. A column that only one
// database has would be lost.
func TestStrangersAreNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.from.exec(t, p.source, `CREATE TABLE somebodys (id bigint PRIMARY KEY)`)
		result, err := p.copy(t)
		must(t, err)
		if got := fmt.Sprint(result.Unknown); got != "[somebodys]" {
			t.Errorf("unknown: %s", got)
		}
		p.from.exec(t, p.source, `ALTER TABLE accounts ADD COLUMN nickname text`)
		p.target = p.to.empty(t)
		if _, err := p.copy(t); err == nil || fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("a column that only the source has: %v", err)
		}
	})
}
