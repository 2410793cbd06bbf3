// Package transfer writes accounts to files and reads them from files, as CSV
// or as JSON lines. What it reads, it imports by the rules of the domain.
package transfer

import (
	"path/filepath"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
)

// Format is how accounts are written in a file.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // RFC 4180, with a header
	NDJSON Format = "ndjson" // a JSON object on each line
)

// extensions are those of the files that need not say their format.
var extensions = map[string]Format{".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON}

// ParseFormat returns the format of the name, or if that is empty, the one of
// the file's extension.
func ParseFormat(name, path string) (Format, error) {
	if name != "" {
		if format := Format(name); format == CSV || format == NDJSON {
			return format, nil
		}
		return "", refuse("a format must be %s or %s; got %s", CSV, NDJSON, fault.Quote(name))
	}
	if format, ok := extensions[strings.ToLower(filepath.Ext(path))]; ok {
		return format, nil
	}
	return "", refuse("the format of %s cannot be told from its name; use --format %s or --format %s", path, CSV, NDJSON)
}

// refuse returns the error of an import that does not even begin.
func refuse(format string, args ...any) error {
	return fault.Errorf(fault.KindInvalid, format, args...)
}

// maxRow is the most bytes that a row may have, so that one that does not end
// does not fill the memory. It is many times the largest body of a request.
const maxRow = 16 << 20

func tooLong(line int) error {
	return refuse("line %d: a row must be at most %d MiB", line, maxRow>>20)
}
