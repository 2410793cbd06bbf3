package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// ndjsonReader reads the lines of a file of JSON objects.
type ndjsonReader struct {
	r    *bufio.Reader
	line int // the last one read
	keys []string
}

func newNDJSONReader(r *bufio.Reader, properties []account.Property) *ndjsonReader {
	n := &ndjsonReader{r: r}
	for _, p := range properties {
		n.keys = append(n.keys, customPrefix+p.Key)
	}
	return n
}

func (n *ndjsonReader) header() []string { return nil }

func (n *ndjsonReader) next() (row, error) {
	for {
		text, err := n.readLine()
		if err != nil {
			return row{}, err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return row{line: n.line, text: text}, nil
		}
	}
}

// readLine returns the next line, or io.EOF behind the last one.
func (n *ndjsonReader) readLine() ([]byte, error) {
	n.line++
	var line []byte
	for {
		part, err := n.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRow:
			return nil, tooLong(n.line)
		case err == nil || (errors.Is(err, io.EOF) && len(line) > 0):
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// decode returns the object that a row is, or that a rejected row was.
func decode(text []byte) (object map[string]any, nuls [][]string, err error) {
	value, nuls, err := jsonvalue.Decode(text)
	if err != nil {
		return nil, nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, nil, errNoObject
	}
	if !isRejected(object) {
		return object, nuls, nil
	}
	switch original := object["row"].(type) {
	case map[string]any:
		for i, path := range nuls {
			nuls[i] = path[1:]
		}
		return original, nuls, nil
	case string: // It was no JSON.
		return decode([]byte(original))
	}
	return nil, nil, errNoObject
}

var errNoObject = errors.New("not an object")

// isRejected tells whether a row is one of a file of rejected rows.
func isRejected(object map[string]any) bool {
	for _, name := range []string{"row", "line", "errors"} {
		if _, ok := object[name]; !ok {
			return false
		}
	}
	return len(object) == 3
}

func (n *ndjsonReader) names(r row) []string {
	object, _, err := decode(r.text)
	if err != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(object))
	custom, _ := object["custom"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(custom)) {
		names = append(names, customPrefix+key)
	}
	return names
}

func (n *ndjsonReader) unknown(name string) string {
	if slices.Contains(members, name) || slices.Contains(n.keys, name) {
		return ""
	}
	return fmt.Sprintf("member %s is not known%s", account.Quote(name), account.DidYouMean(name, slices.Concat(members, n.keys)))
}

func (n *ndjsonReader) read(r row) account.ImportRow {
	object, nuls, err := decode(r.text)
	if err != nil {
		return account.ImportRow{Unusable: true, Offences: []account.FieldError{{In: account.InBody, Message: explainJSON(err)}}}
	}
	patch, offences := readObject(object)
	for _, path := range nuls {
		offences = append(offences, offence(path, "must not contain a NUL character"))
	}
	return account.ImportRow{Patch: patch, Offences: offences}
}

// explainJSON says in our own words why a row is not an object.
func explainJSON(err error) string {
	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, errNoObject):
		return "the row must be a JSON object"
	case errors.Is(err, jsonvalue.ErrTooDeep):
		return fmt.Sprintf("the row nests deeper than %d levels", jsonvalue.MaxDepth)
	case errors.Is(err, jsonvalue.ErrTrailing):
		return "the row is not valid JSON: there is more text after the object"
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Sprintf("the row is not valid JSON: member %s appears twice in one object", account.Quote(syntax.JSONPointer.LastToken()))
	case isSyntax && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the row is not valid JSON: syntax error at byte %d", syntax.ByteOffset+1)
	}
	return "the row is not valid JSON: it ends too early"
}
