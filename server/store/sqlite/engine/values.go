package engine

import (
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/store/db"
)

// A statement is where db's values are bound to, and read from.
var (
	_ db.Parameters = (*prepared)(nil)
	_ db.Columns    = (*prepared)(nil)
)

func (p *prepared) SetNull(at int)             { p.stmt.BindNull(at + 1) }
func (p *prepared) SetInt(at int, v int64)     { p.stmt.BindInt64(at+1, v) }
func (p *prepared) SetFloat(at int, v float64) { p.stmt.BindFloat(at+1, v) }
func (p *prepared) SetBool(at int, v bool)     { p.stmt.BindBool(at+1, v) }
func (p *prepared) SetText(at int, v string)   { p.stmt.BindText(at+1, v) }
func (p *prepared) SetBlob(at int, v []byte)   { p.stmt.BindBytes(at+1, v) }

func (p *prepared) Count() int         { return p.columns }
func (p *prepared) IsNull(at int) bool { return p.stmt.ColumnIsNull(at) }

// is returns an error unless a column has a value of a type.
func (p *prepared) is(at int, t sqlite.ColumnType) error {
	if got := p.stmt.ColumnType(at); got != t {
		return fmt.Errorf("column %d of the database has a %s where a %s must be", at, got, t)
	}
	return nil
}

func (p *prepared) Int(at int) (int64, error) {
	return p.stmt.ColumnInt64(at), p.is(at, sqlite.TypeInteger)
}

func (p *prepared) Bool(at int) (bool, error) {
	n, err := p.Int(at)
	return n != 0, err
}

func (p *prepared) Float(at int) (float64, error) {
	if p.stmt.ColumnType(at) == sqlite.TypeInteger {
		return p.stmt.ColumnFloat(at), nil
	}
	return p.stmt.ColumnFloat(at), p.is(at, sqlite.TypeFloat)
}

func (p *prepared) Text(at int) (string, error) {
	if err := p.is(at, sqlite.TypeText); err != nil {
		return "", err
	}
	return p.stmt.ColumnText(at), nil
}

func (p *prepared) AppendText(to []byte, at int) ([]byte, error) {
	if err := p.is(at, sqlite.TypeText); err != nil {
		return to, err
	}
	return p.appendBytes(to, at), nil
}

func (p *prepared) AppendBlob(to []byte, at int) ([]byte, error) {
	if err := p.is(at, sqlite.TypeBlob); err != nil {
		return nil, err
	}
	return p.appendBytes(to, at), nil
}

// appendBytes appends those of a text or a blob.
func (p *prepared) appendBytes(to []byte, at int) []byte {
	n := p.stmt.ColumnLen(at)
	to = slices.Grow(to, n)
	end := len(to) + n
	p.stmt.ColumnBytes(at, to[len(to):end])
	return to[:end]
}
