package db

import (
	sqldriver "database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The kinds say how a value is stored that SQLite does not have. A pointer to a
// field, converted to a pointer to its kind, is both what is written and what is
// read into.
type (
	// Time is a time in milliseconds.
	Time time.Time
	// OptionalTime is a Time, or NULL for the zero time.
	OptionalTime time.Time
	// ID is an id, or NULL for 0, which is nobody's.
	ID int64
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

// Value is what is stored.
func (t Time) Value() (sqldriver.Value, error) { return time.Time(t).UnixMilli(), nil }

// Scan reads what Value stores.
func (t *Time) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return unlike(t, src)
	}
	*t = Time(time.UnixMilli(ms).UTC())
	return nil
}

// Value is what is stored.
func (t OptionalTime) Value() (sqldriver.Value, error) {
	if time.Time(t).IsZero() {
		return nil, nil
	}
	return Time(t).Value()
}

// Scan reads what Value stores.
func (t *OptionalTime) Scan(src any) error {
	*t = OptionalTime{}
	if src == nil {
		return nil
	}
	return (*Time)(t).Scan(src)
}

// Value is what is stored.
func (i ID) Value() (sqldriver.Value, error) {
	if i == 0 {
		return nil, nil
	}
	return int64(i), nil
}

// Scan reads what Value stores.
func (i *ID) Scan(src any) error {
	id, ok := src.(int64)
	if !ok && src != nil {
		return unlike(i, src)
	}
	*i = ID(id)
	return nil
}

// Value is what is stored.
func (s Sum) Value() (sqldriver.Value, error) { return s[:], nil }

// Scan reads what Value stores.
func (s *Sum) Scan(src any) error {
	sum, ok := src.([]byte)
	if !ok || len(sum) != len(s) {
		return unlike(s, src)
	}
	*s = Sum(sum)
	return nil
}

// Value is what is stored.
func (s OptionalSum) Value() (sqldriver.Value, error) {
	if s == (OptionalSum{}) {
		return nil, nil
	}
	return s[:], nil
}

// Scan reads what Value stores.
func (s *OptionalSum) Scan(src any) error {
	*s = OptionalSum{}
	if src == nil {
		return nil
	}
	return (*Sum)(s).Scan(src)
}

// Value is what is stored.
func (b Blob) Value() (sqldriver.Value, error) { return append([]byte{}, b...), nil }

// Scan reads what Value stores.
func (b *Blob) Scan(src any) error {
	bytes, ok := src.([]byte)
	if !ok && src != nil { // as the driver has an empty one
		return unlike(b, src)
	}
	*b = append(Blob{}, bytes...)
	return nil
}

// Value is what is stored.
func (l List[T]) Value() (sqldriver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	return encode([]T(l))
}

// Scan reads what Value stores.
func (l *List[T]) Scan(src any) error {
	*l = List[T]{}
	if src == "[]" {
		return nil
	}
	return decode(src, (*[]T)(l))
}

// Value is what is stored.
func (o Object[V]) Value() (sqldriver.Value, error) {
	if len(o) == 0 {
		return "{}", nil
	}
	return encode(map[string]V(o))
}

// Scan reads what Value stores.
func (o *Object[V]) Scan(src any) error {
	*o = Object[V]{}
	if src == "{}" {
		return nil
	}
	return decode(src, (*map[string]V)(o))
}

// Optional is a record as JSON, or NULL for none.
type Optional[T any] struct{ At **T }

// Value is what is stored.
func (o Optional[T]) Value() (sqldriver.Value, error) {
	if *o.At == nil {
		return nil, nil
	}
	return encode(*o.At)
}

// Scan reads what Value stores.
func (o Optional[T]) Scan(src any) error {
	*o.At = nil
	if src == nil {
		return nil
	}
	return decode(src, o.At)
}

func encode(v any) (sqldriver.Value, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// decode reads JSON into v. Numbers of any kind keep their text.
func decode(src, v any) error {
	text, ok := src.(string)
	if !ok {
		return unlike(v, src)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}

func unlike(kind, src any) error {
	return fmt.Errorf("the database has a %T where a %T must be", src, kind)
}
