package db

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

// The kinds say how a value is stored that databases do not have. A pointer to a
// field, converted to a pointer to its kind, is both what is written and what is
// read into.
type (
	// Time is a time in milliseconds.
	Time time.Time
	// OptionalTime is a Time, or NULL for the zero time.
	OptionalTime time.Time
	// ID is an id, or NULL for 0, which is nobody's.
	ID int64
	// Note is a text, or NULL for an empty one.
	Note string
	// Sum is a hash.
	Sum [32]byte
	// OptionalSum is a Sum, or NULL for the zero hash, which is nobody's.
	OptionalSum [32]byte
	// Blob is bytes that are never NULL, nor nil when they were read.
	Blob []byte
	// List is a list as JSON, never nil when it was read.
	List[T any] []T
	// Object is a map as JSON, never nil when it was read.
	Object[V any] map[string]V
)

// Bind writes what is stored.
func (t Time) Bind(p Parameter) error {
	p.Int(time.Time(t).UnixMilli())
	return nil
}

// Read reads what Bind stores.
func (t *Time) Read(c Column) error {
	ms, err := c.Int()
	*t = Time(time.UnixMilli(ms).UTC())
	return err
}

// Bind writes what is stored.
func (t OptionalTime) Bind(p Parameter) error {
	if !time.Time(t).IsZero() {
		return Time(t).Bind(p)
	}
	p.Null()
	return nil
}

// Read reads what Bind stores.
func (t *OptionalTime) Read(c Column) error {
	*t = OptionalTime{}
	if c.IsNull() {
		return nil
	}
	return (*Time)(t).Read(c)
}

// Bind writes what is stored.
func (i ID) Bind(p Parameter) error {
	if i == 0 {
		p.Null()
	} else {
		p.Int(int64(i))
	}
	return nil
}

// Read reads what Bind stores.
func (i *ID) Read(c Column) (err error) {
	*i = 0
	if !c.IsNull() {
		*(*int64)(i), err = c.Int()
	}
	return err
}

// Bind writes what is stored.
func (n Note) Bind(p Parameter) error {
	if n == "" {
		p.Null()
	} else {
		p.Text(string(n))
	}
	return nil
}

// Read reads what Bind stores.
func (n *Note) Read(c Column) (err error) {
	*n = ""
	if !c.IsNull() {
		*(*string)(n), err = c.Text()
	}
	return err
}

// Bind writes what is stored.
func (s Sum) Bind(p Parameter) error {
	p.Blob(s[:])
	return nil
}

// Read reads what Bind stores.
func (s *Sum) Read(c Column) error {
	// Nothing is allocated for as many bytes as there must be.
	blob, err := c.of.AppendBlob(s[:0], c.at)
	if err == nil && len(blob) != len(s) {
		return fmt.Errorf("the database has %d bytes where %d must be", len(blob), len(s))
	}
	return err
}

// Bind writes what is stored.
func (s OptionalSum) Bind(p Parameter) error {
	if s != (OptionalSum{}) {
		return Sum(s).Bind(p)
	}
	p.Null()
	return nil
}

// Read reads what Bind stores.
func (s *OptionalSum) Read(c Column) error {
	*s = OptionalSum{}
	if c.IsNull() {
		return nil
	}
	return (*Sum)(s).Read(c)
}

// Bind writes what is stored.
func (b Blob) Bind(p Parameter) error {
	p.Blob(b)
	return nil
}

// Read reads what Bind stores.
func (b *Blob) Read(c Column) (err error) {
	*(*[]byte)(b), err = c.Blob()
	return err
}

// Bind writes what is stored.
func (l List[T]) Bind(p Parameter) error {
	if len(l) == 0 {
		p.Text("[]")
		return nil
	}
	return encode(p, []T(l))
}

// Read reads what Bind stores.
func (l *List[T]) Read(c Column) error {
	*l = List[T]{}
	return decode(c, (*[]T)(l), "[]")
}

// Bind writes what is stored.
func (o Object[V]) Bind(p Parameter) error {
	if len(o) == 0 {
		p.Text("{}")
		return nil
	}
	return encode(p, map[string]V(o))
}

// Read reads what Bind stores.
func (o *Object[V]) Read(c Column) error {
	*o = Object[V]{}
	return decode(c, (*map[string]V)(o), "{}")
}

// Optional is a record as JSON, or NULL for none.
type Optional[T any] struct{ At **T }

// Bind writes what is stored.
func (o Optional[T]) Bind(p Parameter) error {
	if *o.At != nil {
		return encode(p, *o.At)
	}
	p.Null()
	return nil
}

// Read reads what Bind stores.
func (o Optional[T]) Read(c Column) error {
	*o.At = nil
	if c.IsNull() {
		return nil
	}
	return decode(c, o.At, "")
}

// OptionalText is a text of a type of its own, or NULL for none.
type OptionalText[T ~string] struct{ At **T }

// Bind writes what is stored.
func (o OptionalText[T]) Bind(p Parameter) error {
	bindOptional(p, *o.At, func(p Parameter, v T) { p.Text(string(v)) })
	return nil
}

// Read reads what Bind stores.
func (o OptionalText[T]) Read(c Column) (err error) {
	*o.At, err = optional(c, func(c Column) (T, error) {
		v, err := c.Text()
		return T(v), err
	})
	return err
}

func encode(p Parameter, v any) error {
	return p.JSON(func(b []byte) ([]byte, error) {
		if texts, ok := v.([]string); ok {
			return jsonvalue.AppendTexts(b, texts), nil
		}
		return jsonvalue.Append(b, v)
	})
}

// JSON binds what appendTo appends, which must be JSON.
func (p Parameter) JSON(appendTo func(b []byte) ([]byte, error)) error {
	buffer := buffers.Get().(*[]byte)
	defer giveBack(buffer)
	text, err := appendTo((*buffer)[:0])
	p.Text(string(text))
	*buffer = text
	return err
}

// buffers are for JSON on its way from or to the database, which nothing keeps.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the size of the largest buffer that is kept.
const maxKept = 64 << 10

func giveBack(buffer *[]byte) {
	if cap(*buffer) <= maxKept {
		buffers.Put(buffer)
	}
}

// borrow returns a buffer with the bytes of a text, to be given back.
func (c Column) borrow() (*[]byte, error) {
	buffer := buffers.Get().(*[]byte)
	text, err := c.AppendText((*buffer)[:0])
	*buffer = text
	return buffer, err
}

// decode reads JSON into v, which is as it must be for the empty one. Numbers of
// any kind keep their text.
func decode(c Column, v any, empty string) error {
	buffer, err := c.borrow()
	defer giveBack(buffer)
	text := *buffer
	if err != nil || string(text) == empty {
		return err
	}
	switch v := v.(type) {
	case *[]string:
		*v, err = jsonvalue.Texts(text)
		return err
	case *map[string]any:
		*v, err = jsonvalue.Object(text)
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// JSON reads the one JSON value of a text with fn: see jsonvalue.Read.
func (c Column) JSON(fn func(d *jsontext.Decoder) error) error {
	buffer, err := c.borrow()
	defer giveBack(buffer)
	if err != nil {
		return err
	}
	return jsonvalue.Read(*buffer, fn)
}
