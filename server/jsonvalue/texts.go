package jsonvalue

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Texts decodes a list of strings of JSON that was written here. It is never nil.
func Texts(data []byte) (texts []string, err error) {
	if texts, ok := plainTexts(data); ok {
		return texts, nil
	}
	err = Read(data, func(d *jsontext.Decoder) error {
		texts, err = ReadTexts(d)
		return err
	})
	return texts, err
}

// plainTexts reads a list as AppendTexts writes one that has no escapes, which is
// cut at its quotes.
func plainTexts(data []byte) ([]string, bool) {
	rest, ok := strings.CutPrefix(string(data), `["`)
	if !ok || strings.Contains(rest, `\`) || !utf8.ValidString(rest) {
		return nil, false
	}
	rest, ok = strings.CutSuffix(rest, `"]`)
	texts := strings.Split(rest, `","`)
	ok = ok && !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, `"`) })
	return texts, ok
}

// ReadTexts reads a list of strings. It is never nil.
func ReadTexts(d *jsontext.Decoder) ([]string, error) {
	texts := []string{}
	if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
		return nil, errors.Join(ErrForm, err)
	}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		texts = append(texts, token.String())
	}
	if token, err := d.ReadToken(); err != nil || token.Kind() != ']' {
		return nil, errors.Join(ErrForm, err)
	}
	return texts, nil
}
