// Package jsonvalue decodes JSON into plain values, strictly and without loss.
package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep arrays and objects may nest. Nothing in the API needs
// more than five.
const maxDepth = 64

// Errors of Decode other than *jsontext.SyntacticError.
var (
	ErrTooDeep  = errors.New("nested too deep")
	ErrTrailing = errors.New("more text after the value")
)

// Explain says in words of ours what is wrong with data that Decode refused, in
// words that follow its name, and where.
func Explain(err error) (words string, at jsontext.Pointer) {
	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	if isSyntax {
		at = syntax.JSONPointer
	}
	switch {
	case errors.Is(err, ErrTooDeep):
		return fmt.Sprintf("is not acceptable JSON: it nests deeper than %d levels", maxDepth), ""
	case errors.Is(err, ErrTrailing):
		return "is not valid JSON: there is more text after the value", ""
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Sprintf("is not valid JSON: member %s appears twice in one object", fault.Quote(at.LastToken())), at
	case isSyntax && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("is not valid JSON: syntax error at byte %d", syntax.ByteOffset+1), at
	}
	return "is not valid JSON: it ends too early", at
}

// Errors of Integer.
var (
	ErrFraction = errors.New("not an integer")
	ErrRange    = errors.New("not in the range of 64 bits")
)

// IsInteger tells whether a text is an integer as it is written: by digits
// without a zero ahead.
func IsInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || digits[0] == '0' {
		return text == "0"
	}
	return strings.Trim(digits, "0123456789") == ""
}

// Integer returns the integer that a number is, however it is written: 5, 5.0
// and 5e0 are one (JSON Schema Validation, section 6.1.1). The error is
// ErrFraction or ErrRange.
func Integer(number json.Number) (int64, error) {
	text := number.String()
	if strings.Trim(text, "-+.eE0123456789") != "" || !json.Valid([]byte(text)) {
		return 0, ErrFraction // It is not even a number.
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	digits, exponent := Scientific(text)
	switch {
	case digits == "":
		return 0, nil
	case exponent < len(digits):
		return 0, ErrFraction
	case exponent > maxDigits:
		return 0, ErrRange
	}
	sign := text[:len(text)-len(strings.TrimPrefix(text, "-"))]
	n, err := strconv.ParseInt(sign+digits+strings.Repeat("0", exponent-len(digits)), 10, 64)
	if err != nil {
		return 0, ErrRange
	}
	return n, nil
}

// maxDigits is how many digits an int64 may have.
const maxDigits = 19

// Scientific returns the digits of a JSON number without zeros at either end,
// and the exponent of ten for a point ahead of them. Zero has no digits. An
// exponent that no int holds is the nearest one.
func Scientific(text string) (digits string, exponent int) {
	text = strings.TrimPrefix(text, "-")
	if mantissa, e, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		text = mantissa
		exponent, _ = strconv.Atoi(e)
		exponent = min(max(exponent, -math.MaxInt32), math.MaxInt32)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits = whole + fraction
	exponent += len(whole)
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	return strings.TrimRight(trimmed, "0"), exponent
}

// unescape steps over an escaped backslash, so that what follows one stays.
var unescape = strings.NewReplacer(`\\`, `\\`, `\u0026`, `&`, `\u003c`, `<`, `\u003e`, `>`)

// Plain returns a JSON document without the escapes of & < > for HTML. Types
// that write themselves have them whatever an encoder is set to.
func Plain(document []byte) []byte {
	if !bytes.Contains(document, []byte(`\u00`)) {
		return document
	}
	return []byte(unescape.Replace(string(document)))
}

// Decode decodes the one JSON value that data must be (RFC 8259, and the
// stricter RFC 7493 in that it refuses duplicate names and lone surrogates).
// Numbers come back as json.Number, digit for digit. nuls are the paths of the
// strings and names that hold a NUL, which PostgreSQL could not store.
func Decode(data []byte) (value any, nuls [][]string, err error) {
	err = read(data, nil, func(d *decoder) error {
		value, err = d.value()
		nuls = d.nuls
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return value, nuls, nil
}

// ours are the options for JSON that was written here: no name is there twice
// but by intent.
var ours = []jsontext.Options{jsontext.AllowDuplicateNames(true)}

// Object decodes an object of JSON that was written here, as Decode does. Of
// names that are there twice the last one counts.
func Object(data []byte) (object map[string]any, err error) {
	err = read(data, ours, func(d *decoder) error {
		value, err := d.value()
		var ok bool
		if object, ok = value.(map[string]any); !ok {
			err = errors.Join(ErrForm, err)
		}
		return err
	})
	return object, err
}

// Read reads the one value of JSON that was written here with fn, which reads
// its tokens. The decoder is fn's until that returns.
func Read(data []byte, fn func(d *jsontext.Decoder) error) error {
	return read(data, ours, func(d *decoder) error { return fn(&d.Decoder) })
}

// ErrForm is of JSON that has another form than was asked for.
var ErrForm = errors.New("JSON of another form")

func read(data []byte, options []jsontext.Options, fn func(d *decoder) error) error {
	d := decoders.Get().(*decoder)
	d.nuls = nil
	d.text.Reset(data)
	d.Reset(&d.text, options...)
	if len(data) <= maxKept {
		defer decoders.Put(d) // A larger one has a buffer as large.
	}
	if err := fn(d); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return ErrTrailing
	}
	return nil
}

type decoder struct {
	jsontext.Decoder
	text bytes.Reader
	nuls [][]string
}

// decoders are kept for the next values. What they decoded has no part of them.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

// maxKept is the size of the largest value whose decoder is kept.
const maxKept = 64 << 10

// Names returns the names of an object's members, in order.
func Names[V any](object map[string]V) []string {
	return appendNames(make([]string, 0, len(object)), object)
}

func appendNames[V any](names []string, object map[string]V) []string {
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *decoder) value() (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.noted(token.String()), nil
	case '0':
		return json.Number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func (d *decoder) object() (any, error) {
	if d.StackDepth() > maxDepth {
		return nil, ErrTooDeep
	}
	object := make(map[string]any)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := d.noted(token.String())
		if object[name], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func (d *decoder) array() (any, error) {
	if d.StackDepth() > maxDepth {
		return nil, ErrTooDeep
	}
	array := []any{}
	for d.PeekKind() != ']' {
		item, err := d.value()
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := d.ReadToken()
	return array, err
}

// noted notes a string that holds a NUL. One more than an answer names is enough.
func (d *decoder) noted(s string) string {
	if len(d.nuls) <= fault.MaxOffences && strings.ContainsRune(s, 0) {
		d.nuls = append(d.nuls, slices.Collect(d.StackPointer().Tokens()))
	}
	return s
}
