package db

import (
	"fmt"
	"reflect"

	"zombiezen.com/go/sqlite"
)

// Row is a row of a query, until the next one.
type Row struct{ stmt *sqlite.Stmt }

// Scan reads the columns into what the pointers point to. Only a pointer to a
// pointer, and some of the kinds, take NULL.
func (r *Row) Scan(dest ...any) error {
	if n := r.stmt.ColumnCount(); n != len(dest) {
		return fmt.Errorf("%d variables for %d columns", len(dest), n)
	}
	for i, d := range dest {
		if err := read(Column{r.stmt, i}, d); err != nil {
			return err
		}
	}
	return nil
}

type (
	// Parameter is a parameter of a statement, to be bound to one value.
	Parameter struct {
		stmt *sqlite.Stmt
		at   int
	}
	// Column is a column of a row.
	Column struct {
		stmt *sqlite.Stmt
		at   int
	}
	// binder is what binds itself to a parameter, and reader what reads itself
	// from a column.
	binder interface{ Bind(Parameter) error }
	reader interface{ Read(Column) error }
)

// Int binds an integer.
func (p Parameter) Int(v int64) { p.stmt.BindInt64(p.at, v) }

// Text binds a text.
func (p Parameter) Text(v string) { p.stmt.BindText(p.at, v) }

// Blob binds bytes. None are an empty blob.
func (p Parameter) Blob(v []byte) { p.stmt.BindBytes(p.at, v) }

// Null binds NULL.
func (p Parameter) Null() { p.stmt.BindNull(p.at) }

// IsNull tells whether there is no value.
func (c Column) IsNull() bool { return c.stmt.ColumnIsNull(c.at) }

// is returns an error unless the column has a value of a type.
func (c Column) is(t sqlite.ColumnType) error {
	if got := c.stmt.ColumnType(c.at); got != t {
		return fmt.Errorf("column %d of the database has a %s where a %s must be", c.at, got, t)
	}
	return nil
}

// Int reads an integer.
func (c Column) Int() (int64, error) { return c.stmt.ColumnInt64(c.at), c.is(sqlite.TypeInteger) }

// Text reads a text.
func (c Column) Text() (string, error) {
	if err := c.is(sqlite.TypeText); err != nil {
		return "", err
	}
	return c.stmt.ColumnText(c.at), nil
}

// Blob reads bytes, which are the caller's.
func (c Column) Blob() ([]byte, error) {
	if err := c.is(sqlite.TypeBlob); err != nil {
		return nil, err
	}
	return c.bytes(), nil
}

// bytes are those of a text or a blob.
func (c Column) bytes() []byte {
	v := make([]byte, c.stmt.ColumnLen(c.at))
	c.stmt.ColumnBytes(c.at, v)
	return v
}

// float reads a number.
func (c Column) float() (float64, error) {
	if c.stmt.ColumnType(c.at) == sqlite.TypeInteger {
		return c.stmt.ColumnFloat(c.at), nil
	}
	return c.stmt.ColumnFloat(c.at), c.is(sqlite.TypeFloat)
}

// bind binds a value, or what a pointer points to. A nil pointer is NULL.
func bind(p Parameter, value any) error {
	switch v := value.(type) {
	case nil:
		p.Null()
	case binder:
		return v.Bind(p)
	case int64:
		p.Int(v)
	case *int64:
		bindOptional(p, v, Parameter.Int)
	case int:
		p.Int(int64(v))
	case string:
		p.Text(v)
	case *string:
		bindOptional(p, v, Parameter.Text)
	case **string:
		bindOptional(p, *v, Parameter.Text)
	case float64:
		p.stmt.BindFloat(p.at, v)
	case **float64:
		bindOptional(p, *v, func(p Parameter, f float64) { p.stmt.BindFloat(p.at, f) })
	case **int64:
		bindOptional(p, *v, Parameter.Int)
	case *bool:
		bindOptional(p, v, func(p Parameter, b bool) { p.stmt.BindBool(p.at, b) })
	case []byte:
		p.Blob(v)
	default:
		return bindByKind(p, reflect.ValueOf(value))
	}
	return nil
}

func bindOptional[T any](p Parameter, v *T, bind func(Parameter, T)) {
	if v == nil {
		p.Null()
	} else {
		bind(p, *v)
	}
}

// bindByKind binds what is seldom written.
func bindByKind(p Parameter, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		p.Null()
	case v.Kind() == reflect.Pointer:
		return bind(p, v.Elem().Interface())
	case v.CanInt():
		p.Int(v.Int())
	case v.CanFloat():
		p.stmt.BindFloat(p.at, v.Float())
	case v.Kind() == reflect.String:
		p.Text(v.String())
	case v.Kind() == reflect.Bool:
		p.stmt.BindBool(p.at, v.Bool())
	default:
		return fmt.Errorf("SQLite has no value for a %s", v.Type())
	}
	return nil
}

// read reads a column into what a pointer points to.
func read(c Column, dest any) (err error) {
	switch d := dest.(type) {
	case reader:
		return d.Read(c)
	case *int64:
		*d, err = c.Int()
	case *string:
		*d, err = c.Text()
	case *bool:
		var n int64
		n, err = c.Int()
		*d = n != 0
	case *int:
		var n int64
		n, err = c.Int()
		*d = int(n)
	case **string:
		*d, err = optional(c, Column.Text)
	case **float64:
		*d, err = optional(c, Column.float)
	case **int64:
		*d, err = optional(c, Column.Int)
	case *float64:
		*d, err = c.float()
	case *[]byte:
		*d, err = c.Blob()
	default:
		err = readByKind(c, reflect.ValueOf(dest))
	}
	return err
}

// optional reads a value, or nil for NULL.
func optional[T any](c Column, read func(Column) (T, error)) (*T, error) {
	if c.IsNull() {
		return nil, nil
	}
	v, err := read(c)
	return &v, err
}

// readByKind reads what is seldom read.
func readByKind(c Column, dest reflect.Value) (err error) {
	if dest.Kind() != reflect.Pointer {
		return fmt.Errorf("%s is no pointer to read into", dest.Type())
	}
	switch v := dest.Elem(); {
	case v.Kind() == reflect.Pointer && c.IsNull():
		v.SetZero()
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return read(c, v.Interface())
	case v.CanInt():
		var n int64
		n, err = c.Int()
		v.SetInt(n)
	case v.Kind() == reflect.String:
		var text string
		text, err = c.Text()
		v.SetString(text)
	default:
		return fmt.Errorf("SQLite has no value for a %s", v.Type())
	}
	return err
}
