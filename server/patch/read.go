package patch

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// Reader reads the members of an object as it was decoded from JSON: numbers are
// json.Number. What is wrong with a member is among its Offences, and not in
// what is read.
type Reader struct {
	Region   string // of phone numbers without a country code, ISO 3166
	Offences fault.Offences

	object map[string]any
}

// NewReader returns a reader of a value that must be an object.
func NewReader(value any, region string) *Reader {
	r := &Reader{Region: region}
	r.object, _ = Object(r, nil, value)
	return r
}

// Has tells whether a member was sent.
func (r *Reader) Has(name string) bool {
	_, sent := r.object[name]
	return sent
}

// Refuse notes what is wrong with a member, in words that follow its name.
func (r *Reader) Refuse(name, wrong string) { r.Offences.Add([]string{name}, "%s", wrong) }

// Require notes the members that are not there.
func (r *Reader) Require(names ...string) {
	for _, name := range names {
		if !r.Has(name) {
			r.Refuse(name, fault.IsRequired)
		}
	}
}

// Unknown notes the members that are none of the known ones.
func (r *Reader) Unknown(known []string) { r.Offences.Unknown(nil, r.object, known) }

func (r *Reader) refuse(path []string, wrong string, got any) {
	r.Offences.Add(path, "%s; got %s", wrong, fault.Show(got))
}

// Converter makes a T of what a member holds, which is not null. If it cannot,
// it returns false after noting why at the path.
type Converter[T any] func(r *Reader, path []string, value any) (T, bool)

// Member reads a member.
func Member[T any](r *Reader, name string, convert Converter[T]) Field[T] {
	return Checked(r, name, convert, nil)
}

// Checked reads a member, and checks its value unless check is nil.
func Checked[T any](r *Reader, name string, convert Converter[T], check Checker[T]) Field[T] {
	value, ok := r.object[name]
	if !ok {
		return Field[T]{}
	}
	if value == nil {
		return Null[T]()
	}
	converted, ok := convert(r, []string{name}, value)
	switch {
	case !ok:
		return Field[T]{}
	case check == nil:
		return Set(converted)
	}
	stored, wrong := check(converted, r.Region)
	if wrong != "" {
		r.Refuse(name, asSent(wrong, value))
		return Field[T]{}
	}
	return Field[T]{Value: stored, state: checked}
}

// asSent makes a message show a number as it was sent, and not as what it was
// checked as.
func asSent(wrong string, value any) string {
	words, _, shows := strings.Cut(wrong, "; got ")
	if _, isNumber := value.(json.Number); !isNumber || !shows {
		return wrong
	}
	return words + "; got " + fault.Show(value)
}

// CheckedList reads a list, and checks its items.
func CheckedList(r *Reader, name string, l List) Field[[]string] {
	f := Member(r, name, Texts)
	if !f.IsSet() {
		return f
	}
	found := len(r.Offences)
	items := l.check(name, f.Value, r.Region, &r.Offences)
	if len(r.Offences) > found {
		return Field[[]string]{}
	}
	return Field[[]string]{Value: items, state: checked}
}

// Value returns a member that must not be null, or the zero value if it is not
// there.
func Value[T any](r *Reader, name string, convert Converter[T]) T {
	f := Member(r, name, convert)
	if f.IsNull() {
		r.Refuse(name, fault.MustNotBeNull)
	}
	return f.Value
}

// NotNull returns a field whose member must not be null.
func NotNull[T any](r *Reader, name string, f Field[T]) Field[T] {
	if f.IsNull() {
		r.Refuse(name, fault.MustNotBeNull)
		return Field[T]{}
	}
	return f
}

// as returns a value that must be of a type.
func as[T any](r *Reader, path []string, value any, wrong string) (T, bool) {
	typed, ok := value.(T)
	if !ok {
		r.refuse(path, wrong, value)
	}
	return typed, ok
}

// Text takes a string.
func Text(r *Reader, path []string, value any) (string, bool) {
	return as[string](r, path, value, "must be a string")
}

// Bool takes true or false.
func Bool(r *Reader, path []string, value any) (bool, bool) {
	return as[bool](r, path, value, "must be true or false")
}

// Object takes an object.
func Object(r *Reader, path []string, value any) (map[string]any, bool) {
	return as[map[string]any](r, path, value, "must be an object")
}

// Any takes everything.
func Any(_ *Reader, _ []string, value any) (any, bool) { return value, true }

// ID takes the id of a record.
func ID(r *Reader, path []string, value any) (int64, bool) {
	return integer(r, path, value, 1, math.MaxInt64)
}

// IntegerWithin takes an integer of a member that has bounds. Its check tells of what is
// beyond these, and the converter of what no int64 holds, in the same words.
func IntegerWithin(least, most int64) Converter[int64] {
	return func(r *Reader, path []string, value any) (int64, bool) {
		return integer(r, path, value, least, most)
	}
}

// integer takes a number without a fraction, however it is written: 5, 5.0 and
// 5e0 are the same integer (JSON Schema Validation, section 6.1.1).
func integer(r *Reader, path []string, value any, least, most int64) (int64, bool) {
	number, _ := value.(json.Number)
	n, err := jsonvalue.Integer(number)
	switch {
	case err == nil:
		return n, true
	case err == jsonvalue.ErrRange:
		r.Offences.Add(path, "must be an integer from %d to %d; got %s", least, most, fault.Show(value))
	default:
		r.refuse(path, "must be an integer", value)
	}
	return 0, false
}

// Number takes a number. One that no float64 holds is an infinity, for a check
// to refuse.
func Number(r *Reader, path []string, value any) (float64, bool) {
	number, _ := value.(json.Number)
	x, err := strconv.ParseFloat(number.String(), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || !json.Valid([]byte(number)) {
		r.refuse(path, "must be a number", value)
		return 0, false
	}
	return x, true
}

// Time takes an RFC 3339 date-time.
func Time(r *Reader, path []string, value any) (time.Time, bool) {
	text, _ := value.(string)
	t, err := timestamp.Parse(text)
	if err != nil {
		r.refuse(path, "must be "+fault.DateTime, value)
	}
	return t, err == nil
}

// ListOf takes a list of what the converter takes.
func ListOf[T any](convert Converter[T]) Converter[[]T] {
	return func(r *Reader, path []string, value any) ([]T, bool) {
		items, ok := as[[]any](r, path, value, "must be a list")
		if !ok {
			return nil, false
		}
		converted := make([]T, len(items))
		for i, item := range items {
			one, fits := convert(r, append(slices.Clip(path), strconv.Itoa(i)), item)
			converted[i] = one
			ok = ok && fits
		}
		return converted, ok
	}
}

// Texts takes a list of strings.
var Texts = ListOf(Text)

// IDs takes a list of ids.
var IDs = ListOf(ID)

// Each returns what parse makes of each item of a list, and notes what it finds wrong
// with them.
func Each[T any](r *Reader, name string, parse func(item any) (T, fault.Offences)) []T {
	var all []T
	for i, item := range Value(r, name, ListOf(Any)) {
		parsed, offences := parse(item)
		for _, offence := range offences {
			r.Offences.Append(offence.Under(name, strconv.Itoa(i)))
		}
		all = append(all, parsed)
	}
	return all
}

// OneOf takes one of some texts.
func OneOf[T ~string](known []T) Converter[T] {
	return func(r *Reader, path []string, value any) (T, bool) {
		text, ok := Text(r, path, value)
		if ok && !slices.Contains(known, T(text)) {
			r.Offences.Add(path, "must be one of %s; got %s", fault.Join(known), fault.Quote(text))
			return "", false
		}
		return T(text), ok
	}
}
