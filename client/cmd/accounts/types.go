package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

func typesCommand(t *terminal) *cli.Command {
	out := &cli.StringFlag{Name: "out", Usage: "write `FILE` instead of standard output, and make its folder"}
	return &cli.Command{
		Name: "types", Usage: "write the types of the company's custom members, for programs",
		Commands: []*cli.Command{
			{Name: "ts", Usage: "write them in TypeScript", Action: connected(t.writeTypes(typeScript)), Flags: []cli.Flag{out}},
			{
				Name: "go", Usage: "write a Go package on top of the client", Action: connected(t.writeTypes(goPackage)),
				Flags: []cli.Flag{out, &cli.StringFlag{Name: "package", Value: "custom", Usage: "name the package `NAME`", Validator: checkPackage}},
			},
		},
	}
}

func checkPackage(name string) error {
	if !token.IsIdentifier(name) || name == "_" || name == "client" || name == "json" {
		return usagef("a package cannot be named %q", name)
	}
	return nil
}

// writeTypes makes an action of what writes the members in a language.
func (t *terminal) writeTypes(write func(cmd *cli.Command, members []member) ([]byte, error)) func(context.Context, *cli.Command, *client.Client) error {
	return func(ctx context.Context, cmd *cli.Command, c *client.Client) error {
		if cmd.NArg() > 0 {
			return usagef("%q is one argument too many", cmd.Args().First())
		}
		document, err := c.OpenAPI(ctx)
		if err != nil {
			return err
		}
		members, err := readMembers(document)
		if err != nil {
			return err
		}
		text, err := write(cmd, members)
		if err != nil {
			return err
		}
		if name := cmd.String("out"); name != "" {
			return writeFile(name, text)
		}
		_, err = t.out.Write(text)
		return err
	}
}

// writeFile writes a file, and makes its folder: a package in Go has one of its own.
func writeFile(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// member is a custom member, as the document describes it.
type member struct {
	key     string
	name    string
	kind    string   // string, number or boolean
	options []string // none: any value of the kind
	many    bool
	date    bool
}

// memberSchema is what the document says of a value.
type memberSchema struct {
	Title string            `json:"title"`
	Type  string            `json:"type"`
	Enum  []string          `json:"enum"`
	AnyOf []json.RawMessage `json:"anyOf"` // of a date
	Items *memberSchema     `json:"items"`
}

// readMembers returns the custom members in a company's document, by their keys.
func readMembers(document []byte) ([]member, error) {
	var spec struct {
		Components struct {
			Schemas struct {
				CustomPatch  *struct{} // which only a company's document has
				CustomValues struct {
					Properties map[string]memberSchema `json:"properties"`
				}
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &spec); err != nil {
		return nil, fmt.Errorf("read the document of the API: %w", err)
	}
	if spec.Components.Schemas.CustomPatch == nil {
		return nil, errors.New("the server does not tell the types of custom members: it is older than this program")
	}
	properties := spec.Components.Schemas.CustomValues.Properties
	var members []member
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		value := properties[key]
		m := member{key: key, name: oneLine(value.Title), many: value.Items != nil}
		if m.many {
			value = *value.Items
		}
		m.kind, m.options, m.date = value.Type, value.Enum, len(value.AnyOf) > 0
		members = append(members, m)
	}
	return members, nil
}

// oneLine makes a name fit into a comment.
func oneLine(text string) string { return strings.Join(strings.Fields(plain(text)), " ") }

// names are the names that are taken in a scope.
type names map[string]bool

// take returns a name that is not taken yet: the one that is asked for, or that
// with a number.
func (n names) take(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	n[free] = true
	return free
}

// keyed is a key as a name. An underscore goes only where a capital tells of it, so
// that two keys never have one name, whichever others there are.
func keyed(key string) string {
	name := []byte(key)
	for i := len(name) - 2; i >= 0; i-- {
		if name[i] == '_' && unicode.IsLower(rune(name[i+1])) {
			name[i+1] -= 'a' - 'A'
			name = slices.Delete(name, i, i+1)
		}
	}
	return strings.ToUpper(key[:1]) + string(name[1:])
}

// camel makes part of a name of any text: its letters and digits, each word with
// a capital. A text that has none of them is told by its code points.
func camel(text string) string {
	var name strings.Builder
	start := true
	for _, r := range text {
		isPart := unicode.IsLetter(r) || unicode.IsDigit(r)
		switch {
		case isPart && start:
			name.WriteRune(unicode.ToUpper(r))
		case isPart:
			name.WriteRune(r)
		}
		start = !isPart
	}
	if name.Len() > 0 {
		return name.String()
	}
	for _, r := range text {
		fmt.Fprintf(&name, "U%04X", r)
	}
	return name.String()
}
