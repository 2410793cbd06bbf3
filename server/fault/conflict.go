package fault

import "slices"

// Conflict is a member that a request and somebody else have changed, from the
// value that it had when the request was made to two others. A nil value is none.
type Conflict struct {
	Member              string   // as the history names it
	Path                []string // to it in the request's body
	Base, Current, Mine any

	// Merged is what becomes of a list to which both changes are made. It is nil
	// if that cannot be: then they clash.
	Merged []any
}

// Clashes tells whether the two changes cannot both be made.
func (c Conflict) Clashes() bool { return c.Merged == nil }

// Under returns the conflict as one of a larger body, in which its body is at the
// path.
func (c Conflict) Under(path ...string) Conflict {
	c.Path = slices.Concat(path, c.Path)
	return c
}

// Pointer is the RFC 6901 pointer to the member in the body.
func (c Conflict) Pointer() string { return pointer(c.Path) }
