// Package house_test holds the house together: it fails, and says where, when
// openapi.yaml, the code and docs/architecture.md no longer say the same.
package house_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/gen"
)

// root is the folder of the module, module its name.
const (
	root   = "../.."
	module = "github.com/accountsd/accountsd"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loadSpec reads openapi.yaml as the code was generated from it.
func loadSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gen.OpenAPI)
	must(t, err)
	return doc
}

// operation is one that the server implements: not one of the alias.
type operation struct {
	*openapi3.Operation
	parameters []*openapi3.Parameter
}

func operations(t *testing.T) []operation {
	t.Helper()
	var found []operation
	for _, item := range loadSpec(t).Paths.Map() {
		for _, op := range item.Operations() {
			if slices.Contains(op.Tags, "Clients") {
				continue
			}
			o := operation{Operation: op}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				o.parameters = append(o.parameters, p.Value)
			}
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return found
}

// has tells whether the operation takes a parameter.
func (o operation) has(in, name string) bool {
	return slices.ContainsFunc(o.parameters, func(p *openapi3.Parameter) bool {
		return p.In == in && (name == "" || p.Name == name)
	})
}

// body is the schema of the operation's body; nil: it takes none.
func (o operation) body() *openapi3.Schema {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content.Get("application/json").Schema.Value
}

// code is package server with its types, and the packages that it imports.
type code struct {
	*types.Package
	info    *types.Info
	imports types.Importer
}

// load type-checks package server as it is in its folder. What it imports comes
// from the compiler.
var load = sync.OnceValues(func() (*code, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./server")
	list.Dir, list.Stderr = root, os.Stderr
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	set := token.NewFileSet()
	files, err := parseFolder(set, filepath.Join(root, "server"))
	if err != nil {
		return nil, err
	}
	c := &code{
		info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}},
		imports: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
			export, err := os.ReadFile(exports[path])
			return io.NopCloser(bytes.NewReader(export)), err
		}),
	}
	checker := types.Config{Importer: c.imports}
	c.Package, err = checker.Check(module+"/server", set, files, c.info)
	return c, err
})

func loadCode(t *testing.T) *code {
	t.Helper()
	c, err := load()
	must(t, err)
	return c
}

// parseFolder parses the Go files of a folder that are no tests.
func parseFolder(set *token.FileSet, folder string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// constants are the values of the constants of a type, by their names.
func (c *code) constants(t *testing.T, path, typeName string) map[string]string {
	t.Helper()
	pkg, err := c.imports.Import(module + "/" + path)
	must(t, err)
	found := make(map[string]string)
	for _, name := range pkg.Scope().Names() {
		constant, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		if named, ok := constant.Type().(*types.Named); ok && named.Obj().Name() == typeName && named.Obj().Pkg() == pkg {
			found[name] = strings.Trim(constant.Val().ExactString(), `"`)
		}
	}
	return found
}

// uses tells whether hand-written code of package server names something of
// another package.
func (c *code) uses(path, name string) bool {
	for _, object := range c.info.Uses {
		if object.Name() == name && object.Pkg() != nil && object.Pkg().Path() == path {
			return true
		}
	}
	return false
}
