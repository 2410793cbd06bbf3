package engine

import (
	"encoding/json"

	"zombiezen.com/go/sqlite"

	"github.com/accountsd/accountsd/server/normal"
)

// notASCII tests that a text has a character beyond ASCII. The functions for
// texts change no other one that is folded, so that they need not be called.
const notASCII = " GLOB '*[^\x01-\x7f]*'"

// functions are those that SQL has beside SQLite's own. No schema names them:
// other programs must be able to write the file.
var functions = map[string]func(string) string{
	"fold":       normal.Fold,
	"fold_lines": foldLines,
	"unaccented": normal.Unaccented,
	"email_key":  normal.EmailKey,
}

func addFunctions(conn *sqlite.Conn) error {
	for name, fn := range functions {
		err := conn.CreateFunction(name, &sqlite.FunctionImpl{NArgs: 1, Deterministic: true, Scalar: ofText(fn)})
		if err != nil {
			return err
		}
	}
	return nil
}

// ofText makes a function of SQL, which returns what is no text as it is.
func ofText(fn func(string) string) func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) {
	return func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
		if t := args[0].Type(); t != sqlite.TypeText && t != sqlite.TypeBlob {
			return args[0], nil
		}
		return sqlite.TextValue(fn(string(args[0].Blob()))), nil
	}
}

// foldLines is normal.FoldLines of a JSON list.
func foldLines(list string) string {
	var lines []string
	_ = json.Unmarshal([]byte(list), &lines) // What is no list has no lines.
	return normal.FoldLines(lines)
}
