// Requests writes what openapi.yaml says of requests as JSON, for the server to
// check them by: nothing of answers, of the deprecated operations, or that is for
// people or generators only. It is a sixth of the document, and plain enough to be
// read by types that have no more members than it.
package main

import (
	"encoding/json"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: requests OPENAPI OUTPUT")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(from, to string) error {
	doc, err := openapi3.NewLoader().LoadFromFile(from)
	if err != nil {
		return err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	var spec document
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	spec.prune()
	if text, err = json.MarshalIndent(spec, "", " "); err != nil {
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}

// document is the part of a spec that counts.
type document struct {
	Security   []any                                `json:"security"`
	Paths      map[string]map[string]any            `json:"paths"`
	Components map[string]map[string]map[string]any `json:"components"`
}

func (d *document) prune() {
	for path, item := range d.Paths {
		shared, _ := item["parameters"].([]any)
		delete(item, "parameters")
		for method, value := range item {
			operation := value.(map[string]any)
			if tags, _ := operation["tags"].([]any); slices.Contains(tags, "Clients") {
				delete(item, method)
				continue
			}
			own, _ := operation["parameters"].([]any)
			operation["parameters"] = slices.Concat(shared, own)
			delete(operation, "responses")
			delete(operation, "tags")
		}
		strip(item)
		if len(item) == 0 {
			delete(d.Paths, path)
		}
	}
	needed := make(map[string]map[string]map[string]any)
	d.collect(d.Paths, needed)
	d.Components = needed
}

// forOthers are the members that no request is checked by.
var forOthers = []string{"description", "summary", "example", "examples", "externalDocs", "deprecated"}

// isForOthers tells of the name of a member whether it is for people or generators.
func isForOthers(name string, _ any) bool {
	return slices.Contains(forOthers, name) || strings.HasPrefix(name, "x-") && name != "x-scope" && name != "x-merge"
}

// strip takes out what is for others.
func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		maps.DeleteFunc(v, isForOthers)
		for name, child := range v {
			if members, ok := child.(map[string]any); ok && name == "properties" {
				for _, member := range members { // whose names may be those above
					strip(member)
				}
				continue
			}
			strip(child)
		}
	case []any:
		for _, item := range v {
			strip(item)
		}
	}
}

var reference = regexp.MustCompile(`"#/components/(\w+)/(\w+)"`)

// collect adds the components that a part of the document refers to, and those
// that they refer to.
func (d *document) collect(part any, needed map[string]map[string]map[string]any) {
	text, _ := json.Marshal(part) // It was JSON before.
	for _, match := range reference.FindAllStringSubmatch(string(text), -1) {
		kind, name := match[1], match[2]
		if needed[kind] == nil {
			needed[kind] = make(map[string]map[string]any)
		}
		if needed[kind][name] == nil {
			component := d.Components[kind][name]
			strip(component)
			needed[kind][name] = component
			d.collect(component, needed)
		}
	}
}
