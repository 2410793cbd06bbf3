package house_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
	"testing"
)

// unread are the parameters that change nothing, and say so in the spec.
var unread = map[string]string{
	"ChangePasswordParams.CompanyID":              "the login reads it, before the request is bound",
	"CreateKeyParams.CompanyID":                   "the login reads it, before the request is bound",
	"GetAccountParams.IncludeVirtualProperties":   "there are none",
	"ListAccountsParams.IncludeVirtualProperties": "there are none",
	"ListPropertiesParams.RecordType":             "all kinds of records have the same properties",
}

// A parameter that is declared and not read would be silently ignored.
func TestEveryParameterIsRead(t *testing.T) {
	t.Parallel()
	c := loadCode(t)
	read := c.fieldsRead()
	headers := c.headersRead()
	generated, err := c.imports.Import(module + "/gen/apiserver")
	must(t, err)
	for _, name := range generated.Scope().Names() {
		if !strings.HasSuffix(name, "RequestObject") {
			continue
		}
		object := generated.Scope().Lookup(name).Type().Underlying().(*types.Struct)
		for field := range object.Fields() {
			switch {
			case strings.HasSuffix(field.Name(), "Body"): // TestParsersReadEveryMember
			case field.Name() != "Params":
				c.expectRead(t, read, name, field)
			default:
				params := types.Unalias(field.Type()).(*types.Named)
				structure := params.Underlying().(*types.Struct)
				for i := range structure.NumFields() {
					if p := structure.Field(i); !headers[wireName(structure.Tag(i))] {
						c.expectRead(t, read, params.Obj().Name(), p)
					}
				}
			}
		}
	}
}

func (c *code) expectRead(t *testing.T, read map[string]bool, typeName string, field *types.Var) {
	t.Helper()
	name := typeName + "." + field.Name()
	_, excepted := unread[name]
	switch {
	case !read[name] && !excepted:
		t.Errorf("%s is a parameter of openapi.yaml that no code in server/ reads", name)
	case read[name] && excepted:
		t.Errorf("%s is read, so that it is no exception", name)
	}
}

// fieldsRead are the fields that package server selects, as "Type.Field".
func (c *code) fieldsRead() map[string]bool {
	read := make(map[string]bool)
	for _, selection := range c.info.Selections {
		of := selection.Recv()
		if pointer, ok := of.(*types.Pointer); ok {
			of = pointer.Elem()
		}
		if named, ok := types.Unalias(of).(*types.Named); ok {
			read[named.Obj().Name()+"."+selection.Obj().Name()] = true
		}
	}
	return read
}

// headersRead are the headers that middleware takes from the request itself.
func (c *code) headersRead() map[string]bool {
	read := make(map[string]bool)
	for call, value := range c.info.Types {
		expression, ok := call.(*ast.CallExpr)
		if !ok || !value.IsValue() || len(expression.Args) != 1 {
			continue
		}
		if selector, ok := expression.Fun.(*ast.SelectorExpr); ok && (selector.Sel.Name == "GetHeader" || selector.Sel.Name == "Values") {
			if name := c.info.Types[expression.Args[0]].Value; name != nil {
				read[constant.StringVal(name)] = true
			}
		}
	}
	return read
}

// wireName is the name of a parameter in requests.
func wireName(tag string) string {
	_, name, _ := strings.Cut(tag, `json:"`)
	name, _, _ = strings.Cut(name, `"`)
	name, _, _ = strings.Cut(name, ",")
	return name
}

// A list has the size that the spec says if none is asked for.
func TestDefaultPageSizeIsTheSpecs(t *testing.T) {
	t.Parallel()
	want := loadSpec(t).Components.Parameters["PageSize"].Value.Schema.Value.Default
	got := loadCode(t).Scope().Lookup("defaultPageSize").(*types.Const).Val().ExactString()
	if got != fmt.Sprint(want) {
		t.Errorf("page_size is %v by default in openapi.yaml, and %s in the code", want, got)
	}
}
