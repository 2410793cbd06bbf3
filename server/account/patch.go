package account

import (
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
)

// Patch says what to change of an account. Absent members stay as they are.
type Patch struct {
	Title        patch.Field[string]
	Description  patch.Field[string]
	Address      patch.Field[[]string]
	Active       patch.Field[bool]
	PrimaryEmail patch.Field[string]
	PrimaryPhone patch.Field[string]
	Number       patch.Field[int64]
	Type         patch.Field[Type]
	TypeAlias    patch.Field[Type] // the deprecated member "type"
	Value        patch.Field[float64]
	Size         patch.Field[float64]
	// Custom values by key name, as decoded from JSON with numbers kept as
	// json.Number. A nil value clears the property.
	Custom patch.Field[map[string]any]
	// Contacts are the ids to link, in order. Null unlinks all.
	Contacts patch.Field[[]int64]
	// ID is the echo of the record's id; it is checked, never written.
	ID patch.Field[int64]

	// What to add, to remove, and to fill where there is no value; nil: nothing.
	// They have only members that the table has a function for.
	Add, Remove, Fill *Patch

	fault.Findings
}

// ParsePatch reads the body of a PATCH or a POST, as it was decoded from JSON,
// or what else has its form: an update of a batch, a line of NDJSON, a row of
// CSV. Phone numbers without a country code are read as dialled in the region.
// What is wrong is among the findings, and else not in the patch.
func ParsePatch(body any, region string) Patch {
	r := patch.NewReader(body, region)
	var p Patch
	for i := range members {
		members[i].read(r, &p)
	}
	readParts(r, body, &p)
	r.Unknown(bodyNames)
	p.Found = r.Offences
	return p
}

// bodyNames are the members that a body may have.
var bodyNames = func() []string {
	var names []string
	for _, m := range members {
		names = append(names, m.name)
		if m.former != "" {
			names = append(names, m.former)
		}
	}
	for _, q := range parts {
		names = append(names, q.name)
	}
	slices.Sort(names)
	return names
}()

// BodyNames returns the names of the members that a body may have, sorted.
func BodyNames() []string { return slices.Clone(bodyNames) }

// RecordedNames returns the names that the fields of a change can have, beside those of
// custom members, and the one of all custom members together.
func RecordedNames() []string {
	var names []string
	for _, m := range members {
		if m.apply != nil {
			names = append(names, m.name)
		}
	}
	return names
}
