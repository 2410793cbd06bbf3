// Package jsonvalue decodes JSON into plain values, strictly and without loss.
package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest. Nothing in the API needs
// more than five.
const MaxDepth = 64

// Errors of Decode other than *jsontext.SyntacticError.
var (
	ErrTooDeep  = errors.New("nested too deep")
	ErrTrailing = errors.New("more text after the value")
)

// Decode decodes the one JSON value that data must be (RFC 8259, and the
// stricter RFC 7493 in that it refuses duplicate names and lone surrogates).
// Numbers come back as json.Number, digit for digit. nuls are the paths of the
// strings and names that hold a NUL, which PostgreSQL could not store.
func Decode(data []byte) (value any, nuls [][]string, err error) {
	d := &decoder{Decoder: jsontext.NewDecoder(bytes.NewReader(data))}
	if value, err = d.value(); err != nil {
		return nil, nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, nil, ErrTrailing
	}
	return value, d.nuls, nil
}

type decoder struct {
	*jsontext.Decoder
	nuls [][]string
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
		return d.text(token.String()), nil
	case '0':
		return json.Number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func (d *decoder) object() (any, error) {
	if d.StackDepth() > MaxDepth {
		return nil, ErrTooDeep
	}
	object := make(map[string]any)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := d.text(token.String())
		if object[name], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func (d *decoder) array() (any, error) {
	if d.StackDepth() > MaxDepth {
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

// text notes a string that holds a NUL.
func (d *decoder) text(s string) string {
	if strings.ContainsRune(s, 0) {
		d.nuls = append(d.nuls, slices.Collect(d.StackPointer().Tokens()))
	}
	return s
}
