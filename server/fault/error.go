// Package fault holds the errors that callers are told of, and the words for
// what is wrong with a request.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind classes errors by what the caller can do about them.
type Kind uint8

// The kinds of errors. An error that is not an *Error is KindInternal.
const (
	KindInternal     Kind = iota // a fault of ours: the caller can only report it
	KindInvalid                  // the request breaks rules; Fields names them
	KindConflict                 // the request clashes with another record
	KindNotFound                 // no such record in the caller's company
	KindPrecondition             // the record is not in the state the caller expects
	KindUnauthorized             // no valid key
	KindForbidden                // the key may not do this
	KindUnavailable              // for now; the same request may succeed later
	KindLimited                  // the caller has tried too often
)

// Error is a failure that the caller may be told of.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Offence // of what is the request's fault: every offence found
	Err     error     // the cause, for the log only

	RetryAfter time.Duration // after which to try again; 0: not said

	// Conflicts are of KindPrecondition: what others have changed of that which
	// the request changes.
	Conflicts []Conflict

	// MergedInto is the account that has taken the place of the one that was named; 0:
	// none has.
	MergedInto int64
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Errorf returns an Error of the kind, whose message is what fmt.Sprintf makes.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Location says which part of a request an Offence speaks of.
type Location string

// The parts of a request.
const (
	InBody   Location = "body"
	InQuery  Location = "query"
	InPath   Location = "path"
	InHeader Location = "header"
)

// Offence is one thing that is wrong with a request.
type Offence struct {
	In Location
	// Path leads to the member: object keys and list indexes from the body's
	// root, or the one name of a parameter.
	Path    []string
	Message string
	// Kind is KindConflict for a value that is well formed but taken,
	// KindPrecondition for a record that is not in the state that the value
	// names, and else KindInvalid or nothing.
	Kind Kind

	// more is set in the last of too many: how many it stands for.
	more int
}

func (f Offence) kind() Kind {
	if f.Kind == KindInternal {
		return KindInvalid
	}
	return f.Kind
}

// Under returns the offence as one of a larger body, in which its body is at
// the path.
func (f Offence) Under(path ...string) Offence {
	if f.more > 0 {
		return f
	}
	words := strings.TrimPrefix(f.Message, Label(f.Path))
	f.Path = slices.Concat(path, f.Path)
	f.Message = Label(f.Path) + words
	return f
}

// Within returns the offence as one of the part of its body that is so many steps down.
func (f Offence) Within(steps int) Offence {
	words := strings.TrimPrefix(f.Message, Label(f.Path))
	f.Path = f.Path[steps:]
	f.Message = Label(f.Path) + words
	return f
}

// Field names the member: "title", "custom.roof_type", "updates.3.set.title". A
// list index that ends the path is left out, so an item's offence is its list's.
func (f Offence) Field() string {
	path := f.Path
	for len(path) > 1 && isIndex(path[len(path)-1]) {
		path = path[:len(path)-1]
	}
	return strings.Join(path, ".")
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer is the RFC 6901 pointer to the member in the body.
func (f Offence) Pointer() string { return pointer(f.Path) }

func pointer(path []string) string {
	var b strings.Builder
	for _, segment := range path {
		b.WriteByte('/')
		b.WriteString(pointerEscapes.Replace(segment))
	}
	return b.String()
}

func isIndex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// MaxOffences is how many offences an error names; the others it counts. A body
// of nothing else could hold so many that the answer would be many times its
// size.
const MaxOffences = 100

// Invalid returns an error of the kind that all the offences are of, and of
// KindInvalid when they are of several. It returns nil when there are none.
func Invalid(fields []Offence) error {
	if len(fields) == 0 {
		return nil
	}
	var named Offences
	named.Append(fields...)
	kind := named[0].kind()
	for _, f := range named {
		if f.more == 0 && f.kind() != kind {
			kind = KindInvalid
		}
	}
	return &Error{Kind: kind, Message: named[0].Message, Fields: named}
}

// NotFound returns an error of KindNotFound for the named thing.
func NotFound(thing string) error {
	return &Error{Kind: KindNotFound, Message: thing + " not found"}
}

// Merged returns an error of KindConflict for an account that was merged into
// another one.
func Merged(id, into int64) error {
	return &Error{Kind: KindConflict, Message: fmt.Sprintf("account %d was merged into account %d; use that one", id, into), MergedInto: into}
}

// MergedInto returns the account that has taken the place of the one that an
// error tells of; 0 if none has.
func MergedInto(err error) int64 {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.MergedInto
	}
	return 0
}

// ConflictAt returns err, or if it is a conflict, one that names the member.
func ConflictAt(field Offence, err error) error {
	if KindOf(err) == KindConflict {
		return &Error{Kind: KindConflict, Message: field.Message, Fields: []Offence{field}, Err: err}
	}
	return err
}

// KindOf returns the kind of err: KindInternal of one that is no Error, and of nil.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// Offences collects the offences of one request: MaxOffences of them, and one
// more that counts the rest.
type Offences []Offence

// Add notes an offence of the member at the path; the words go on from its name.
func (f *Offences) Add(path []string, format string, args ...any) {
	f.add(KindInternal, path, format, args)
}

// Conflict notes an offence of a value that clashes with another record.
func (f *Offences) Conflict(path []string, format string, args ...any) {
	f.add(KindConflict, path, format, args)
}

// Outdated notes an offence of a value that names a state which the record is not in.
func (f *Offences) Outdated(path []string, format string, args ...any) {
	f.add(KindPrecondition, path, format, args)
}

func (f *Offences) add(kind Kind, path []string, format string, args []any) {
	if f.IsFull() {
		f.count(1)
		return
	}
	*f = append(*f, Offence{In: InBody, Path: path, Kind: kind, Message: Label(path) + " " + fmt.Sprintf(format, args...)})
}

// Append adds offences that were found elsewhere.
func (f *Offences) Append(others ...Offence) {
	for _, o := range others {
		switch {
		case o.more > 0:
			f.count(o.more)
		case f.IsFull():
			f.count(1)
		default:
			*f = append(*f, o)
		}
	}
}

// Unknown notes the members of the object at the path that are none of the known
// ones.
func (f *Offences) Unknown(path []string, object map[string]any, known []string) {
	var first []string // in order
	count := 0
	for name := range object {
		if slices.Contains(known, name) {
			continue
		}
		count++
		if at, _ := slices.BinarySearch(first, name); at < MaxOffences {
			first = slices.Insert(first, at, name)
			first = first[:min(len(first), MaxOffences)]
		}
	}
	for _, name := range first {
		f.Add(append(slices.Clip(path), name), "%s", Lazily(func() string { return unknownMember(name, known) }))
	}
	f.count(count - len(first))
}

// IsFull tells whether further offences are only counted.
func (f Offences) IsFull() bool { return len(f) >= MaxOffences }

// count notes n offences that are not named.
func (f *Offences) count(n int) {
	if n == 0 {
		return
	}
	if len(*f) == 0 || (*f)[len(*f)-1].more == 0 {
		*f = append(*f, Offence{In: InBody})
	}
	rest := &(*f)[len(*f)-1]
	rest.more += n
	rest.Message = fmt.Sprintf("and %d more", rest.more)
}

// Findings are part of what was read of a request's body: what is wrong with it.
// An operation that gets something of which anything is wrong writes nothing,
// and returns an error with that and all else that is wrong.
type Findings struct{ Found Offences }

// Offences returns what is wrong, to be added to.
func (f *Findings) Offences() *Offences { return &f.Found }

// Has tells whether there is an offence of the member.
func (f Offences) Has(field string) bool {
	return slices.ContainsFunc(f, func(o Offence) bool { return o.Field() == field })
}

// Distinct returns the first offence at each place, in order. What was counted
// was so by several who read one body, of whom the one who found most is right.
func (f Offences) Distinct() Offences {
	if len(f) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(f))
	var kept Offences
	more := 0
	for _, offence := range f {
		key := string(offence.In) + offence.Pointer()
		switch {
		case offence.more > 0:
			more = max(more, offence.more)
		case !seen[key]:
			seen[key] = true
			kept.Append(offence)
		}
	}
	kept.count(more)
	return kept
}

// InParameter returns an offence of a parameter of the query; the words go on
// from its name.
func InParameter(name, format string, args ...any) Offence {
	return Offence{In: InQuery, Path: []string{name}, Message: name + " " + fmt.Sprintf(format, args...)}
}

// IsAbsent tells whether err says that a record is not there: that there is none, or
// that another one has taken its place.
func IsAbsent(err error) bool { return IsNotFound(err) || MergedInto(err) != 0 }

// IsNotFound tells whether err says that there is no such record.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }
