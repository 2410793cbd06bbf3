package engine

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/store/db"
)

// maxLatest is how many of the statements a connection keeps of which there is
// no end: those that were run last.
const maxLatest = 32

// prepared is a statement that a connection has made of a text.
type prepared struct {
	stmt    *sqlite.Stmt
	row     db.Row
	params  int
	columns int
	busy    bool // it runs
	dropped bool // it is of no use after this run
}

// prepare returns the statement of a text, which end must follow.
func (c *Conn) prepare(st db.Statement) (*prepared, error) {
	p := c.kept[st.Text]
	if p == nil && st.Once {
		p, _ = c.latest.Get(st.Text)
	}
	if p != nil && !p.busy {
		p.busy = true
		return p, nil
	}
	again, text := p != nil, dialect.Expand(st.Text) // within a run of itself
	p = &prepared{busy: true, dropped: again}
	var err error
	if again || st.Once {
		var rest int
		if p.stmt, rest, err = c.conn.PrepareTransient(text); err == nil && rest > 0 {
			err = fmt.Errorf("more than one statement: %q", st.Text)
		}
	} else {
		p.stmt, err = c.conn.Prepare(text)
	}
	if err != nil {
		return nil, failed(err)
	}
	p.row, p.params, p.columns = db.NewRow(p), p.stmt.BindParamCount(), p.stmt.ColumnCount()
	switch {
	case again:
	case st.Once:
		c.latest.Add(st.Text, p)
	default:
		c.kept[st.Text] = p
	}
	return p, nil
}

// end makes the statement ready for another run.
func (p *prepared) end() {
	p.busy = false
	if p.dropped {
		_ = p.stmt.Finalize()
		return
	}
	_ = p.stmt.Reset() // What it says was said by the run.
}

// drop releases the statement, once it does not run.
func (p *prepared) drop() {
	if p.dropped = true; !p.busy {
		_ = p.stmt.Finalize()
	}
}

// run binds the arguments and calls scan for each row, until it returns an
// error.
func (p *prepared) run(args []any, scan func(*db.Row) error) error {
	if len(args) != p.params {
		return fmt.Errorf("%d arguments for %d parameters", len(args), p.params)
	}
	for i, arg := range args {
		if err := db.Bind(p, i, arg); err != nil {
			return err
		}
	}
	for {
		more, err := p.stmt.Step()
		if err != nil {
			return failed(err)
		}
		if !more {
			return nil
		}
		if scan == nil {
			continue
		}
		if err := scan(&p.row); err != nil {
			return err
		}
	}
}

// run runs a statement. If the context ends, so does the statement, with the
// context's error.
func (c *Conn) run(ctx context.Context, st db.Statement, args []any, scan func(*db.Row) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := c.prepare(st)
	if err != nil {
		return err
	}
	defer p.end()
	if st.Brief || ctx.Done() == nil {
		return p.run(args, scan)
	}
	defer c.watch(ctx)()
	if err = p.run(args, scan); code(err) == sqlite.ResultInterrupt && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
