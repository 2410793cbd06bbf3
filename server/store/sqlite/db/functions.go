package db

import (
	sqldriver "database/sql/driver"
	"encoding/json"

	driver "modernc.org/sqlite"

	"github.com/accountsd/accountsd/server/normal"
)

// NotASCII tests that a text has a character beyond ASCII. The functions for
// texts change no other one that is folded, so that they need not be called.
const NotASCII = " GLOB '*[^\x01-\x7f]*'"

// The functions that SQL has beside SQLite's own. No schema names them: other
// programs must be able to write the file.
func init() {
	for name, fn := range map[string]func(string) string{
		"fold":       normal.Fold,
		"fold_lines": foldLines,
		"unaccented": normal.Unaccented,
		"email_key":  normal.EmailKey,
	} {
		driver.MustRegisterDeterministicScalarFunction(name, 1, ofText(fn))
	}
}

// ofText makes a function of SQL, which returns what is no text as it is.
func ofText(fn func(string) string) func(*driver.FunctionContext, []sqldriver.Value) (sqldriver.Value, error) {
	return func(_ *driver.FunctionContext, args []sqldriver.Value) (sqldriver.Value, error) {
		switch text := args[0].(type) {
		case string:
			return fn(text), nil
		case []byte:
			return fn(string(text)), nil
		}
		return args[0], nil
	}
}

// foldLines is normal.FoldLines of a JSON list.
func foldLines(list string) string {
	var lines []string
	_ = json.Unmarshal([]byte(list), &lines) // What is no list has no lines.
	return normal.FoldLines(lines)
}
