// Package lenient reads requests of clients that were written for the former
// API, and makes of them what the specification asks for. What is read so is the
// table in table.go, and nothing else.
package lenient

import (
	"net/url"
	"slices"
)

// PutForPatch is what is read leniently before a request has its operation: PUT
// on one record is the update of it.
const PutForPatch = "PUT read as PATCH"

// A rule is one thing that is read leniently. It stands in the table once, under
// the name that answers and reports give it, which must stay the same.
type rule struct {
	name string
	// Of a query: the rule holds where the operation has the parameter takes;
	// everywhere if that is empty.
	takes string
	query func(q url.Values) bool
	// Of a body: the rule holds for the operations on.
	on   []string
	body func(o object) bool
}

// object is an object of a body, as it was decoded from JSON.
type object = map[string]any

// Names returns the names of all rules.
func Names() []string {
	names := make([]string, len(table))
	for i, r := range table {
		names[i] = r.name
	}
	return names
}

// Query changes the query of an operation with these parameters, and returns the
// names of the rules that did.
func Query(parameters []string, q url.Values) (applied []string) {
	for _, r := range table {
		if r.query != nil && (r.takes == "" || slices.Contains(parameters, r.takes)) && r.query(q) {
			applied = append(applied, r.name)
		}
	}
	return applied
}

// Body changes the body of an operation as it was decoded from JSON, and returns
// the names of the rules that did.
func Body(operation string, body any) (applied []string) {
	all := records(operation, body)
	for _, r := range table {
		if r.body == nil {
			continue
		}
		changed := false
		for _, record := range all {
			changed = slices.Contains(r.on, record.operation) && r.body(record.object) || changed
		}
		if changed {
			applied = append(applied, r.name)
		}
	}
	return applied
}

// record is an object of a body that rules are about, as the body of an operation.
type record struct {
	operation string
	object    object
}

// records are those of a body: the whole body, or what each update and item of a batch
// has of an account.
func records(operation string, body any) (all []record) {
	o, ok := body.(object)
	if !ok {
		return nil
	}
	if operation != batchUpdate {
		return []record{{operation, o}}
	}
	for list, bodies := range inBatch {
		parts, _ := o[list].([]any)
		for _, part := range parts {
			p, _ := part.(object)
			for name, operation := range bodies {
				if of, ok := p[name].(object); ok {
					all = append(all, record{operation, of})
				}
			}
		}
	}
	return all
}

// inBatch are the members of a batch that have accounts in them, those that hold an
// account, and the operation that each of them is like.
var inBatch = map[string]map[string]string{
	"updates": {"set": batchUpdate},
	"items":   {"create": createAccount, "update": batchUpdate, "upsert": batchUpdate},
}
