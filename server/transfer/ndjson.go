package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/schema"
)

// ndjsonReader reads the lines of a file of JSON objects.
type ndjsonReader struct {
	r     *bufio.Reader
	form  layout
	line  int // the last one read
	keys  []string
	parse parser
}

func newNDJSONReader(r *bufio.Reader, foreign bool, properties []schema.Property, parse parser) *ndjsonReader {
	n := &ndjsonReader{r: r, form: newLayout(foreign), parse: parse}
	for _, p := range properties {
		n.keys = append(n.keys, account.CustomPrefix+p.Key)
	}
	return n
}

func (n *ndjsonReader) layout() layout { return n.form }

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
			return nil, explainEncoding(err, n.line)
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
		names = append(names, account.CustomPrefix+key)
	}
	return names
}

func (n *ndjsonReader) unknown(name string) string {
	if slices.Contains(account.BodyNames(), name) || slices.Contains(n.keys, name) {
		return ""
	}
	return fmt.Sprintf("member %s is not known%s", fault.Quote(name), fault.DidYouMean(name, slices.Concat(account.BodyNames(), n.keys)))
}

func (n *ndjsonReader) read(r row) intake.ImportRow {
	object, nuls, err := decode(r.text)
	switch {
	case errors.Is(err, errNoObject):
		return unusable("the row must be a JSON object")
	case err != nil:
		words, _ := jsonvalue.Explain(err)
		return unusable("the row %s", words)
	}
	patch := n.parse(object)
	for _, path := range nuls {
		patch.Found.Add(path, "must not contain a NUL character")
	}
	return intake.ImportRow{Patch: patch}
}
