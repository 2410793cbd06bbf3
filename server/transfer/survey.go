package transfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/accountsd/accountsd/server/schema"
)

// survey is what a look at the whole file tells before anything is written.
type survey struct {
	sum   [sha256.Size]byte // of the contents
	rows  int64
	names map[string]bool // of the members that a row may set
}

// maxUnknown bounds how many unknown names an error lists.
const maxUnknown = 10

// surveyFile reads a file to its end. Names that name no member are an error.
func surveyFile(file *os.File, o *Options, properties []schema.Property, parse parser) (survey, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return survey{}, err
	}
	hash := sha256.New()
	// What is hashed is what the import will read again.
	rows, err := newRowReader(io.TeeReader(file, hash), o, properties, parse)
	if err != nil {
		return survey{}, err
	}
	s := survey{names: map[string]bool{}}
	var wrong []string
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return survey{}, err
		}
		s.rows++
		wrong = s.note(rows, r, wrong)
	}
	for _, name := range rows.names(row{}) {
		s.names[name] = true // also of a header without rows
	}
	if len(wrong) > 0 {
		return survey{}, refuse("%s", strings.Join(wrong, "; "))
	}
	s.sum = [sha256.Size]byte(hash.Sum(nil))
	return s, nil
}

// note takes down the names of a row, and appends what is wrong with new ones.
func (s *survey) note(rows rowReader, r row, wrong []string) []string {
	for _, name := range rows.names(r) {
		if s.names[name] {
			continue
		}
		s.names[name] = true
		if unknown := rows.unknown(name); unknown != "" && len(wrong) < maxUnknown {
			wrong = append(wrong, fmt.Sprintf("line %d: %s", r.line, unknown))
		}
	}
	return wrong
}
