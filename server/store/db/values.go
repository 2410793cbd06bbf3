package db

import (
	"fmt"
	"reflect"
)

type (
	// Columns are those of a row, by their places, as a database has them. Values
	// of another type than is asked for are errors.
	Columns interface {
		Count() int
		IsNull(at int) bool
		Int(at int) (int64, error)
		Float(at int) (float64, error)
		Bool(at int) (bool, error)
		Text(at int) (string, error)
		AppendText(to []byte, at int) ([]byte, error)
		AppendBlob(to []byte, at int) ([]byte, error)
	}
	// Parameters are those of a statement, by their places, which a database binds.
	Parameters interface {
		SetNull(at int)
		SetInt(at int, v int64)
		SetFloat(at int, v float64)
		SetBool(at int, v bool)
		SetText(at int, v string)
		SetBlob(at int, v []byte)
	}
)

// Row is a row of a query, until the next one.
type Row struct{ columns Columns }

// NewRow returns a row of columns.
func NewRow(columns Columns) Row { return Row{columns} }

// Scan reads the columns into what the pointers point to. Only a pointer to a
// pointer, and some of the kinds, take NULL.
func (r *Row) Scan(dest ...any) error {
	if n := r.columns.Count(); n != len(dest) {
		return fmt.Errorf("%d variables for %d columns", len(dest), n)
	}
	return r.ScanFrom(0, dest...)
}

// ScanFrom is Scan of the columns from one on, of which there may be more.
func (r *Row) ScanFrom(first int, dest ...any) error {
	if n := r.columns.Count(); first+len(dest) > n {
		return fmt.Errorf("%d variables from column %d on, of %d", len(dest), first, n)
	}
	for i, d := range dest {
		if err := read(Column{r.columns, first + i}, d); err != nil {
			return err
		}
	}
	return nil
}

// IsNull tells whether a column has no value.
func (r *Row) IsNull(at int) bool { return r.columns.IsNull(at) }

type (
	// Parameter is a parameter of a statement, to be bound to one value.
	Parameter struct {
		of Parameters
		at int
	}
	// Column is a column of a row.
	Column struct {
		of Columns
		at int
	}
	// binder is what binds itself to a parameter, and reader what reads itself
	// from a column.
	binder interface{ Bind(Parameter) error }
	reader interface{ Read(Column) error }
)

// Int binds an integer.
func (p Parameter) Int(v int64) { p.of.SetInt(p.at, v) }

// Text binds a text.
func (p Parameter) Text(v string) { p.of.SetText(p.at, v) }

// Blob binds bytes. None are an empty blob.
func (p Parameter) Blob(v []byte) { p.of.SetBlob(p.at, v) }

// Null binds NULL.
func (p Parameter) Null() { p.of.SetNull(p.at) }

// Float binds a number.
func (p Parameter) Float(v float64) { p.of.SetFloat(p.at, v) }

// Bool binds a truth value.
func (p Parameter) Bool(v bool) { p.of.SetBool(p.at, v) }

// IsNull tells whether there is no value.
func (c Column) IsNull() bool { return c.of.IsNull(c.at) }

// Int reads an integer.
func (c Column) Int() (int64, error) { return c.of.Int(c.at) }

// Text reads a text.
func (c Column) Text() (string, error) { return c.of.Text(c.at) }

// Blob reads bytes, which are the caller's.
func (c Column) Blob() ([]byte, error) { return c.of.AppendBlob([]byte{}, c.at) }

// AppendText appends a text.
func (c Column) AppendText(to []byte) ([]byte, error) { return c.of.AppendText(to, c.at) }

// Float reads a number.
func (c Column) Float() (float64, error) { return c.of.Float(c.at) }

// Bool reads a truth value.
func (c Column) Bool() (bool, error) { return c.of.Bool(c.at) }

// Bind binds a value, or what a pointer points to, to a parameter. A nil pointer is
// NULL.
func Bind(to Parameters, at int, value any) error { return bind(Parameter{to, at}, value) }

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
		p.Float(v)
	case **float64:
		bindOptional(p, *v, Parameter.Float)
	case **int64:
		bindOptional(p, *v, Parameter.Int)
	case *bool:
		bindOptional(p, v, Parameter.Bool)
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
		p.Float(v.Float())
	case v.Kind() == reflect.String:
		p.Text(v.String())
	case v.Kind() == reflect.Bool:
		p.Bool(v.Bool())
	default:
		return fmt.Errorf("the database has no value for a %s", v.Type())
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
		*d, err = c.Bool()
	case *int:
		var n int64
		n, err = c.Int()
		*d = int(n)
	case **string:
		*d, err = optional(c, Column.Text)
	case **float64:
		*d, err = optional(c, Column.Float)
	case **int64:
		*d, err = optional(c, Column.Int)
	case *float64:
		*d, err = c.Float()
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
		return fmt.Errorf("the database has no value for a %s", v.Type())
	}
	return err
}
