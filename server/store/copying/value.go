package copying

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"github.com/accountsd/accountsd/server/store/db"
)

// Kind is what values a column has.
type Kind byte

// The kinds. SQLite keeps truth values as the integers 0 and 1.
const (
	Integer Kind = iota + 1
	Boolean
	Real
	Text
	Blob
)

var kindNames = [...]string{"of an unknown type", "integer", "truth value", "number", "text", "bytes"}

// String returns a name of the kind.
func (k Kind) String() string { return kindNames[k] }

// Value is a value of a column, in a form that all databases share.
type Value struct {
	Kind   Kind
	null   bool
	number int64 // of an integer, of a truth value, or the bits of a real one
	bytes  string
}

// Row is the values of a row, by the columns of its table.
type Row []Value

// Read reads a value of the kind.
func (v *Value) Read(c db.Column) (err error) {
	if v.null = c.IsNull(); v.null {
		return nil
	}
	switch v.Kind {
	case Boolean:
		var truth bool
		truth, err = c.Bool()
		v.number = asNumber(truth)
	case Real:
		var real float64
		real, err = c.Float()
		v.number = int64(math.Float64bits(real))
	case Text:
		v.bytes, err = c.Text()
	case Blob:
		var blob []byte
		blob, err = c.Blob()
		v.bytes = string(blob)
	default:
		v.number, err = c.Int()
	}
	return err
}

func asNumber(truth bool) int64 {
	if truth {
		return 1
	}
	return 0
}

// Bind binds a value as one of the kind.
func (v *Value) Bind(p db.Parameter) error {
	switch {
	case v.null:
		p.Null()
	case v.Kind == Boolean:
		p.Bool(v.number != 0)
	case v.Kind == Real:
		p.Float(math.Float64frombits(uint64(v.number)))
	case v.Kind == Text:
		p.Text(v.bytes)
	case v.Kind == Blob:
		p.Blob([]byte(v.bytes))
	default:
		p.Int(v.number)
	}
	return nil
}

// String is the value as a part of a key is shown.
func (v *Value) String() string {
	if v.Kind == Text || v.Kind == Blob {
		return strconv.Quote(v.bytes)
	}
	return strconv.FormatInt(v.number, 10)
}

// size is about how many bytes a value takes.
func (v *Value) size() int { return 48 + len(v.bytes) }

// canonical appends the value as it is in every database: whether it is NULL, a
// number or bytes, and the value so that nothing else looks like it.
func (v *Value) canonical(to []byte) []byte {
	switch {
	case v.null:
		return append(to, 'N')
	case v.Kind == Text || v.Kind == Blob:
		to = append(to, byte('A'+v.Kind))
		to = binary.BigEndian.AppendUint64(to, uint64(len(v.bytes)))
		return append(to, v.bytes...)
	case v.Kind == Real:
		to = append(to, 'R')
	default:
		to = append(to, 'I')
	}
	return binary.BigEndian.AppendUint64(to, uint64(v.number))
}

// Args are the values as the arguments of a statement.
func (r Row) Args() []any {
	args := make([]any, len(r))
	for i := range r {
		args[i] = &r[i]
	}
	return args
}

// Checksum is of rows in any order, since databases do not keep the same one: that
// of texts is another where they write a NUL another way.
type Checksum struct {
	Rows int64
	Sum  [sha256.Size]byte // of the SHA-256 of the rows, as numbers, modulo 2 to the 256
}

// add adds a row. The buffer is used for its canonical form, and returned.
func (c *Checksum) add(row Row, buffer []byte) []byte {
	buffer = buffer[:0]
	for i := range row {
		buffer = row[i].canonical(buffer)
	}
	sum, carry := sha256.Sum256(buffer), uint64(0)
	for at := len(sum) - 8; at >= 0; at -= 8 {
		var word uint64
		word, carry = bits.Add64(binary.BigEndian.Uint64(c.Sum[at:]), binary.BigEndian.Uint64(sum[at:]), carry)
		binary.BigEndian.PutUint64(c.Sum[at:], word)
	}
	c.Rows++
	return buffer
}
