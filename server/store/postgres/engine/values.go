package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/accountsd/accountsd/server/store/db"
)

// PostgreSQL has no NUL in a text. The mark stands for one where a second one does
// not follow it.
const mark = "\uE000"

var (
	toText   = strings.NewReplacer(mark, mark+mark, "\x00", mark+"0")
	fromText = strings.NewReplacer(mark+mark, mark, mark+"0", "\x00")
	fromJSON = strings.NewReplacer(mark+mark, mark, mark+"0", `\u0000`) // made of texts by the database
)

// arguments are what the parameters of a statement are bound to.
type arguments []any

var _ db.Parameters = arguments(nil)

func (a arguments) SetNull(at int)             { a[at] = nil }
func (a arguments) SetInt(at int, v int64)     { a[at] = v }
func (a arguments) SetFloat(at int, v float64) { a[at] = v }
func (a arguments) SetBool(at int, v bool)     { a[at] = v }

func (a arguments) SetText(at int, v string) {
	a[at] = Text(v)
}

func (a arguments) SetBlob(at int, v []byte) {
	if v == nil {
		v = []byte{}
	}
	a[at] = v
}

// bind returns what the driver takes for arguments.
func bind(args []any) (arguments, error) {
	bound := make(arguments, len(args))
	for i, arg := range args {
		if err := db.Bind(bound, i, arg); err != nil {
			return nil, err
		}
	}
	return bound, nil
}

// Text returns a text as PostgreSQL has it.
func Text(v string) string {
	if strings.IndexByte(v, 0) < 0 && !strings.Contains(v, mark) { // which is much quicker than ContainsAny
		return v
	}
	return toText.Replace(v)
}

// Texts returns values as texts that PostgreSQL casts to the types that they have;
// nil for NULL.
func Texts(values []any) ([]*string, error) {
	texts := textual{list: make([]*string, len(values)), kept: make([]string, len(values))}
	for i, value := range values {
		if err := db.Bind(texts, i, value); err != nil {
			return nil, err
		}
	}
	return texts.list, nil
}

// textual are arguments as texts.
type textual struct {
	list []*string
	kept []string // what the list points to
}

var _ db.Parameters = textual{}

func (t textual) set(at int, text string) { t.kept[at], t.list[at] = text, &t.kept[at] }

func (t textual) SetNull(at int)             { t.list[at] = nil }
func (t textual) SetInt(at int, v int64)     { t.set(at, strconv.FormatInt(v, 10)) }
func (t textual) SetFloat(at int, v float64) { t.set(at, strconv.FormatFloat(v, 'g', -1, 64)) }
func (t textual) SetBool(at int, v bool)     { t.set(at, strconv.FormatBool(v)) }
func (t textual) SetText(at int, v string)   { t.set(at, Text(v)) }
func (t textual) SetBlob(at int, v []byte)   { t.set(at, `\x`+hex.EncodeToString(v)) }

// columns are those of a row as they came, in the format that each has.
type columns struct {
	fields []pgconn.FieldDescription
	values [][]byte
}

var _ db.Columns = (*columns)(nil)

func (c *columns) Count() int         { return len(c.fields) }
func (c *columns) IsNull(at int) bool { return c.values[at] == nil }

func (c *columns) isBinary(at int) bool { return c.fields[at].Format == pgtype.BinaryFormatCode }

// wrong is the error of a column that has not what it must.
func (c *columns) wrong(at int, want string) error {
	if c.values[at] == nil {
		return fmt.Errorf("column %s of the database is NULL where %s must be", c.fields[at].Name, want)
	}
	return fmt.Errorf("column %s of the database has the type %d where %s must be", c.fields[at].Name, c.fields[at].DataTypeOID, want)
}

func (c *columns) Int(at int) (int64, error) {
	value := c.values[at]
	switch c.fields[at].DataTypeOID {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
	default:
		value = nil
	}
	switch {
	case value == nil:
		return 0, c.wrong(at, "an integer")
	case !c.isBinary(at):
		return strconv.ParseInt(string(value), 10, 64)
	case len(value) == 2:
		return int64(int16(binary.BigEndian.Uint16(value))), nil
	case len(value) == 4:
		return int64(int32(binary.BigEndian.Uint32(value))), nil
	case len(value) == 8:
		return int64(binary.BigEndian.Uint64(value)), nil
	}
	return 0, c.wrong(at, "an integer")
}

func (c *columns) Float(at int) (float64, error) {
	value := c.values[at]
	if value == nil || c.fields[at].DataTypeOID != pgtype.Float8OID {
		n, err := c.Int(at)
		return float64(n), err
	}
	if c.isBinary(at) {
		return math.Float64frombits(binary.BigEndian.Uint64(value)), nil
	}
	return strconv.ParseFloat(string(value), 64)
}

func (c *columns) Bool(at int) (bool, error) {
	value := c.values[at]
	if len(value) != 1 || c.fields[at].DataTypeOID != pgtype.BoolOID {
		return false, c.wrong(at, "a truth value")
	}
	return value[0] == 1 || value[0] == 't', nil
}

// text returns the bytes of a text or of JSON.
func (c *columns) text(at int) ([]byte, error) {
	switch c.fields[at].DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.JSONOID, pgtype.UnknownOID:
		if c.values[at] != nil {
			return c.values[at], nil
		}
	}
	return nil, c.wrong(at, "a text")
}

func (c *columns) Text(at int) (string, error) {
	value, err := c.text(at)
	text := string(value)
	if !strings.Contains(text, mark) {
		return text, err
	}
	if c.fields[at].DataTypeOID == pgtype.JSONOID {
		return fromJSON.Replace(text), err
	}
	return fromText.Replace(text), err
}

func (c *columns) AppendText(to []byte, at int) ([]byte, error) {
	text, err := c.Text(at)
	return append(to, text...), err
}

func (c *columns) AppendBlob(to []byte, at int) ([]byte, error) {
	value := c.values[at]
	switch {
	case value == nil || c.fields[at].DataTypeOID != pgtype.ByteaOID:
		return nil, c.wrong(at, "bytes")
	case c.isBinary(at):
		return append(to, value...), nil
	}
	return hex.AppendDecode(to, bytes.TrimPrefix(value, []byte(`\x`)))
}
