package transfer

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/gen/cell"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// rejects is the file of the rows that were not imported, each with the
// reasons. It has the form of a file to import.
type rejects struct {
	path   string
	format Format
	layout layout
}

// rejectsPath is where the rejected rows of a file go unless it is said.
func rejectsPath(path string, format Format) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".rejected." + string(format)
}

// checkFree returns an error if there are rows of another import.
func (f rejects) checkFree() error {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && info.Size() == 0) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("file of rejected rows: %w", err)
	}
	return refuse("%s, where rejected rows would go, already exists; move it away, or name another with --rejected", f.path)
}

// write adds rows behind the first size bytes of the file, which are all that
// counts, and returns its new length.
func (f rejects) write(size int64, rows []row, rejected []intake.RejectedRow) (length int64, err error) {
	text, err := f.encode(size == 0, rows, rejected)
	if err == nil {
		err = f.replaceFrom(size, text)
	}
	switch {
	case fault.KindOf(err) == fault.KindInvalid:
		return 0, err
	case err != nil:
		return 0, fmt.Errorf("file of rejected rows: %w", err)
	}
	return size + int64(len(text)), nil
}

func (f rejects) encode(begin bool, rows []row, rejected []intake.RejectedRow) ([]byte, error) {
	var b bytes.Buffer
	if begin {
		b.WriteString(f.layout.mark)
	}
	if f.format == NDJSON {
		for _, r := range rejected {
			if err := encodeRejected(&b, rows[r.Index], r.Reasons); err != nil {
				return nil, err
			}
		}
		return b.Bytes(), nil
	}
	w := csv.NewWriter(&b)
	w.Comma = f.layout.comma
	if begin {
		if err := w.Write(f.withReasons(f.layout.header, lineColumn, errorsColumn)); err != nil {
			return nil, err
		}
	}
	for _, r := range rejected {
		if err := w.Write(f.withReasons(defused(rows[r.Index].cells), strconv.Itoa(rows[r.Index].line), strings.Join(r.Reasons, "\n"))); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// defused are cells that no spreadsheet runs: whoever corrects the rows opens them in one.
func defused(cells []string) []string {
	safe := make([]string, len(cells))
	for i, text := range cells {
		safe[i] = cell.Defuse(text)
	}
	return safe
}

// withReasons adds the cells of the columns of the line and of errors, or
// replaces those that are there. A row that is shorter or longer than the header
// stays so: filled up, it would pass the next time.
func (f rejects) withReasons(cells []string, line, reasons string) []string {
	header := f.layout.header
	at := slices.Index(header, errorsColumn)
	if at < 0 {
		return append(cells, line, reasons)
	}
	if len(cells) == len(header) {
		cells[at] = reasons
		if at := slices.Index(header, lineColumn); at >= 0 {
			cells[at] = line
		}
	}
	return cells
}

// encodeRejected writes a line.
func encodeRejected(b *bytes.Buffer, r row, reasons []string) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Row    any      `json:"row"`
		Line   int      `json:"line"`
		Errors []string `json:"errors"`
	}{original(r.text), r.line, reasons})
}

// original is a row as it was, or as it was before it was rejected the last
// time. One that is not JSON is a string.
func original(text []byte) any {
	value, _, err := jsonvalue.Decode(text)
	if err != nil {
		return string(text)
	}
	if object, ok := value.(map[string]any); ok && isRejected(object) {
		return object["row"]
	}
	return json.RawMessage(text)
}

// replaceFrom makes text all that follows the first size bytes.
func (f rejects) replaceFrom(size int64, text []byte) (err error) {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return refuse("%s lacks rows that were rejected earlier; put it back, or start over with --restart", f.path)
	}
	if err := file.Truncate(size); err != nil {
		return err
	}
	if _, err := file.WriteAt(text, size); err != nil {
		return err
	}
	return file.Sync() // The import will count on it.
}
