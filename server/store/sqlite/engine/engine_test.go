package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// newPool returns a pool of so many connections to a new file.
func newPool(t *testing.T, size int) *engine.Pool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	if err := engine.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	pool := engine.NewPool(engine.File(path, engine.LockTimeout), size, func(*engine.Conn) {})
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func newSession(pool *engine.Pool) db.Session { return db.Session{Runner: engine.NewRunner(pool)} }

var (
	endless = db.Statement{Thing: "numbers", Text: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`}
	rows    = db.Statement{Thing: "numbers", Text: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`}
	one     = db.Statement{Thing: "number", Text: `SELECT 1`}
)

// A context ends what runs and what waits for a connection, and no more: the
// next one finds the connection as it was.
func TestCancellation(t *testing.T) {
	t.Parallel()
	s := newSession(newPool(t, 1))
	for name, read := range map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { return s.Exec(ctx, endless) },
		"snapshot": func(ctx context.Context) error {
			return s.Snapshot(ctx, func(s db.Session) error { return s.Exec(ctx, endless) })
		},
		"waiting": func(ctx context.Context) error {
			return s.Snapshot(t.Context(), func(db.Session) error { return s.Exec(ctx, one) })
		},
		"rows": func(ctx context.Context) error {
			return s.Each(ctx, rows, nil, func(*db.Row) error { return nil })
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
		n := 0
		if err := s.Get(t.Context(), one, nil, &n); err != nil || n != 1 {
			t.Errorf("after %s: %d, %v", name, n, err)
		}
	}
}

// Of the texts of which there is no end, a connection keeps the latest, and one
// that runs stays.
func TestOnce(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 1)
	rows := 0
	err := newSession(pool).Snapshot(t.Context(), func(s db.Session) error {
		return s.Each(t.Context(), db.Statement{Text: `VALUES (1), (2), (3)`, Once: true}, nil, func(*db.Row) error {
			rows++
			for i := range 100 {
				st := db.Statement{Text: fmt.Sprint("SELECT ", i), Once: true}
				if n, err := db.First(t.Context(), s, st, nil, db.Scan[int]); err != nil || n != i {
					return fmt.Errorf("got %d, %w, want %d", n, err, i)
				}
			}
			return nil
		})
	})
	if err != nil || rows != 3 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if n := pool.Kept(); n < 10 || n > 50 {
		t.Errorf("%d statements are kept", n)
	}
}

type word string

// What is written is read again; a value that does not fit is an error.
func TestValues(t *testing.T) {
	t.Parallel()
	s := newSession(newPool(t, 1))
	text, number, float, flag, name := "é\x00", int64(-1), 0.5, true, word("w")
	for i, c := range []struct{ in, out, want any }{
		{text, new(string), text},
		{&text, new(string), text},
		{number, new(int64), number},
		{int8(7), new(int), 7},
		{float, new(float64), float},
		{7, new(float64), 7.0},
		{&flag, new(bool), true},
		{name, new(word), name},
		{&name, new(word), name},
		{[]byte{}, new([]byte), []byte{}},
		{"7", new(int64), nil},
		{7, new(string), nil},
		{nil, new(string), nil},
		{nil, new(int64), nil},
		{"short", new(db.Sum), nil},
	} {
		err := s.Get(t.Context(), db.Statement{Text: `SELECT ?`}, []any{c.in}, c.out)
		if c.want == nil && err == nil || c.want != nil && err != nil {
			t.Errorf("%d: read %v as a %T: %v", i, c.in, c.out, err)
		}
		got := reflect.ValueOf(c.out).Elem().Interface()
		if c.want != nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d: got %v, want %v", i, got, c.want)
		}
	}
	if err := s.Get(t.Context(), db.Statement{Text: `SELECT ?`}, nil, &text); err == nil {
		t.Error("a parameter went without a value")
	}
	if err := s.Get(t.Context(), one, nil, &text, &number); err == nil {
		t.Error("a variable went without a column")
	}
}

// A row is read within a read of another one, and none is left from the one before.
func TestOneRow(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 2)
	s, nothing := newSession(pool), db.Statement{Thing: "sum", Text: `SELECT 1 WHERE false`}
	sum := db.Statement{Thing: "sum", Text: `SELECT ? + ?`}
	err := s.Snapshot(t.Context(), func(s db.Session) error {
		return s.Each(t.Context(), db.Statement{Text: `VALUES (1), (2)`}, nil, func(row *db.Row) error {
			outer, err := db.Scan[int64](row)
			inner, failed := s.Number(t.Context(), sum, outer, 10)
			if err != nil || failed != nil || inner != outer+10 {
				t.Errorf("%d within %d: %v, %v", inner, outer, err, failed)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	n := int64(7)
	if err := s.Get(t.Context(), nothing, nil, &n); !fault.IsNotFound(err) || err.Error() != "sum not found" || n != 7 {
		t.Errorf("no row: %d, %v", n, err)
	}
	if n, err := s.Number(t.Context(), nothing); !fault.IsNotFound(err) || n != 0 {
		t.Errorf("no row: %d, %v", n, err)
	}
	for name, ids := range map[string][]int64{"too few": {1}, "too many": {1, 2, 3}} {
		if n, err := s.Number(t.Context(), sum, ids...); err == nil {
			t.Errorf("%s ids: %d", name, n)
		}
	}
}

// A member is found by its name wherever else that stands, and no other is
// decoded.
func TestMembers(t *testing.T) {
	t.Parallel()
	session := newSession(newPool(t, 1))
	for text, want := range map[string]any{
		`{}`:                          nil,
		`{"zone":"a"}`:                "a",
		`{"a":1, "zone" : "b" }`:      "b",
		`{"zone":"é \"q\""}`:          `é "q"`,
		`{"zone":1.50,"b":2}`:         json.Number("1.50"),
		`{"zone":["a",true],"b":[]}`:  []any{"a", true},
		`{"zone":null}`:               nil,
		`{"zone":false}`:              false,
		`{"a":"zone","zones":"x"}`:    nil,
		`{"a":"\"zone\":1","zone":2}`: json.Number("2"),
		`{"a":"x\"zone","zone":"y"}`:  "y",
		`{"a":["zone"],"zone":"z"}`:   "z",
	} {
		var members db.Members
		if err := session.Get(t.Context(), db.Statement{Text: "SELECT ?"}, []any{text}, &members); err != nil {
			t.Fatal(err)
		}
		got, err := members.Value("zone")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
		if plain, ok := members.Plain("zone"); ok && plain != want {
			t.Errorf("%s: got %q as a plain text, want %v", text, plain, want)
		}
	}
}
