package copying

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/store/db"
)

// Excerpt copies the records of one company, as they are in one state of a database,
// into one without records: all but those of some tables, to which no other refers.
// It is to be worked with for a while. So it is neither compared with the source nor
// complete enough to be served, and an Excerpt that was interrupted does not go on.
func Excerpt(ctx context.Context, from, to Database, companyID int64, but []string, progress func(done, total int64)) error {
	e := &excerpt{to: to, companyID: companyID, progress: progress}
	sources, err := from.Tables(ctx)
	if err != nil {
		return err
	}
	targets, err := to.Tables(ctx)
	if err != nil {
		return err
	}
	pairs, _, err := match(sources, targets)
	if err != nil {
		return err
	}
	pairs = slices.DeleteFunc(pairs, func(p pair) bool { return slices.Contains(but, p.to.Name) || p.from.owner() == "" })
	return from.Look(ctx, func(s db.Session) error { return e.copyAll(ctx, s, pairs) })
}

// owner is the column that says which company a row is of; empty: none does.
func (t Table) owner() string {
	switch {
	case t.Name == companies:
		return "id"
	case slices.Contains(t.ColumnNames(), "company_id"):
		return "company_id"
	}
	return ""
}

// companies is the table that the column company_id of others refers to.
const companies = "companies"

// excerpt is one call of Excerpt.
type excerpt struct {
	to          Database
	companyID   int64
	progress    func(done, total int64)
	done, total int64
	waiting     batch
}

func (e *excerpt) copyAll(ctx context.Context, s db.Session, pairs []pair) error {
	for _, p := range pairs {
		var n int64
		if err := s.Get(ctx, p.from.ofCompany(`count(*)`), []any{e.companyID}, &n); err != nil {
			return err
		}
		e.total += n
	}
	for _, p := range pairs {
		err := p.from.readBy(ctx, s, p.from.ofCompany(quoted(p.from.ColumnNames())), []any{e.companyID}, func(row Row) error { return e.add(ctx, p.to, row) })
		if err == nil {
			err = e.flush(ctx, p.to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ofCompany selects something of the rows of one company.
func (t Table) ofCompany(what string) db.Statement {
	return db.Statement{Thing: t.Name, Text: `SELECT ` + what + ` FROM "` + t.Name + `" WHERE "` + t.owner() + `" = ?`}
}

// add adds a row to those that wait to be written.
func (e *excerpt) add(ctx context.Context, table Table, row Row) error {
	e.waiting.add(row, table)
	if !e.waiting.isFull() {
		return nil
	}
	return e.flush(ctx, table)
}

// flush writes the rows that wait.
func (e *excerpt) flush(ctx context.Context, table Table) error {
	rows := e.waiting.rows
	e.waiting = batch{}
	if len(rows) == 0 {
		return nil
	}
	err := e.to.Write(ctx, func(ctx context.Context, s db.Session) error { return e.to.Load(ctx, s, table, rows) })
	e.done += int64(len(rows))
	e.progress(e.done, e.total)
	return err
}
