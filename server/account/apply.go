package account

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Env is what a patch is applied under.
type Env struct {
	Schema          Schema
	Contacts        map[int64]Contact // the company's contacts that the patch may link
	AllowNewOptions bool              // whether an unknown dropdown label becomes an option
	Region          string            // of phone numbers without a country code, ISO 3166
}

// Outcome is what Apply made. With Errors, Account is the one before, and there
// are no Changes and no NewOptions.
type Outcome struct {
	Account    Account
	Changes    Changes // empty: the patch changes nothing
	NewOptions []NewOption
	Errors     []FieldError // every offence of the patch, in the order of the members
}

// Apply returns what the patch makes of an account. It is a pure function: it
// changes neither argument, and shares no memory that it writes. Version and
// UpdatedAt are left to who stores the outcome.
func Apply(before Account, p Patch, env Env) Outcome {
	a := &applier{env: env, after: before}
	a.checkID("account", p.ID, before.ID)
	setValue(a, "title", &a.after.Title, p.Title, checkTitle)
	setPointer(a, "description", &a.after.Description, p.Description, checkDescription)
	a.setAddress(p.Address)
	setValue(a, "isActive", &a.after.Active, p.Active, accept[bool])
	setPointer(a, "primaryEmail", &a.after.PrimaryEmail, p.PrimaryEmail, checkEmail)
	setPointer(a, "primaryPhone", &a.after.PrimaryPhone, p.PrimaryPhone, phoneChecker(env.Region))
	setValue(a, "number", &a.after.Number, p.Number, checkNumber)
	setPointer(a, "accountType", &a.after.Type, a.mergeType(p), checkType)
	setPointer(a, "value", &a.after.Value, p.Value, checkAmount)
	setPointer(a, "size", &a.after.Size, p.Size, checkAmount)
	a.setCustom(p.Custom)
	a.setContacts(p.Contacts)
	if len(a.errors) > 0 {
		return Outcome{Account: before, Errors: a.errors}
	}
	return Outcome{Account: a.after, Changes: a.changes, NewOptions: a.options}
}

// applier is one run of Apply.
type applier struct {
	env     Env
	after   Account
	changes Changes
	options []NewOption
	errors  fieldErrors
}

// change notes that a member goes from one value to another; nil is no value.
func (a *applier) change(member string, before, after any) {
	if a.changes == nil {
		a.changes = make(Changes)
	}
	a.changes[member] = Change{Before: before, After: after}
}

// A checker returns the form of a value that is stored, or what is wrong with
// it, in words that follow the member's name.
type checker[T any] func(T) (T, string)

func accept[T any](value T) (T, string) { return value, "" }

const mustNotBeNull = "must not be null"

// setValue applies a member that always has a value.
func setValue[T comparable](a *applier, member string, target *T, f Field[T], check checker[T]) {
	if f.IsNull() {
		a.errors.add([]string{member}, "%s", mustNotBeNull)
	}
	if f.IsAbsent() || f.IsNull() {
		return
	}
	value, wrong := check(f.Value)
	switch {
	case wrong != "":
		a.errors.add([]string{member}, "%s", wrong)
	case value != *target:
		a.change(member, *target, value)
		*target = value
	}
}

// setPointer applies a member that null clears.
func setPointer[T comparable](a *applier, member string, target **T, f Field[T], check checker[T]) {
	if f.IsAbsent() {
		return
	}
	var before any
	if *target != nil {
		before = **target
	}
	if f.IsNull() {
		if *target != nil {
			a.change(member, before, nil)
			*target = nil
		}
		return
	}
	value, wrong := check(f.Value)
	switch {
	case wrong != "":
		a.errors.add([]string{member}, "%s", wrong)
	case *target == nil || **target != value:
		a.change(member, before, value)
		*target = &value
	}
}

// checkID refuses a body that was meant for another record. A record that is
// being created has no id yet.
func (a *applier) checkID(thing string, f Field[int64], id int64) {
	if !f.IsAbsent() && id != 0 && f.Value != id {
		a.errors.add([]string{"id"}, "must be the id of the %s being updated, %d; got %d", thing, id, f.Value)
	}
}

func (a *applier) setAddress(f Field[[]string]) {
	path := []string{"address"}
	switch {
	case f.IsAbsent():
		return
	case f.IsNull():
		a.errors.add(path, "%s", mustNotBeNull)
		return
	case len(f.Value) == 0:
		a.errors.add(path, "must contain at least 1 item")
		return
	case len(f.Value) > MaxAddresses:
		a.errors.add(path, "must contain at most %d items; got %d", MaxAddresses, len(f.Value))
		return
	}
	found := len(a.errors)
	for i, line := range f.Value {
		if wrong := checkText(line, MaxAddress); wrong != "" {
			a.errors.add([]string{"address", strconv.Itoa(i)}, "%s", wrong)
		} else if strings.TrimSpace(line) == "" {
			a.errors.add([]string{"address", strconv.Itoa(i)}, "%s", mustNotBeBlank)
		}
	}
	if len(a.errors) == found && !slices.Equal(a.after.Address, f.Value) {
		a.change("address", a.after.Address, f.Value)
		a.after.Address = slices.Clone(f.Value)
	}
}

// mergeType reads accountType and its former name, which must agree.
func (a *applier) mergeType(p Patch) Field[Type] {
	if p.Type.IsAbsent() {
		return p.TypeAlias
	}
	if !p.TypeAlias.IsAbsent() && p.TypeAlias != p.Type {
		a.errors.add([]string{"type"}, "is the former name of accountType, and must have the same value; send only one")
	}
	return p.Type
}

func (a *applier) setContacts(f Field[[]int64]) {
	if f.IsAbsent() {
		return
	}
	if len(f.Value) > MaxContacts {
		a.errors.add([]string{"contacts"}, "must contain at most %d items; got %d", MaxContacts, len(f.Value))
		return
	}
	found := len(a.errors)
	linked := make([]Contact, 0, len(f.Value))
	ids := make([]int64, 0, len(f.Value))
	for i, id := range f.Value {
		contact, ok := a.env.Contacts[id]
		if !ok {
			a.errors.add([]string{"contacts", strconv.Itoa(i)}, "must be the id of a contact of this company; got %d", id)
		} else if !slices.Contains(ids, id) {
			ids = append(ids, id)
			linked = append(linked, contact)
		}
	}
	before := contactIDs(a.after.Contacts)
	if len(a.errors) == found && !slices.Equal(before, ids) {
		a.change("contacts", before, ids)
		a.after.Contacts = linked
	}
}

func contactIDs(contacts []Contact) []int64 {
	ids := make([]int64, len(contacts))
	for i, c := range contacts {
		ids[i] = c.ID
	}
	return ids
}

func (a *applier) setCustom(f Field[map[string]any]) {
	if f.IsNull() {
		a.errors.add([]string{"custom"}, "%s", mustNotBeNull)
	}
	if len(f.Value) == 0 {
		return
	}
	custom := maps.Clone(a.after.Custom)
	if custom == nil {
		custom = make(Custom)
	}
	for _, key := range slices.Sorted(maps.Keys(f.Value)) {
		path := []string{"custom", key}
		property, ok := a.env.Schema[key]
		if !ok {
			a.errors.add(path, "is not a property of this company%s", DidYouMean(key, slices.Sorted(maps.Keys(a.env.Schema))))
			continue
		}
		before := custom[key]
		after := a.customValue(path, property, f.Value[key])
		switch {
		case equalValues(before, after):
			continue
		case after == nil:
			delete(custom, key)
		default:
			custom[key] = after
		}
		a.change("custom."+key, before, after)
		a.after.Custom = custom
	}
}

const mustNotBeBlank = "must not be blank"

// checkText returns what is wrong with a text, of any member.
func checkText(s string, limit int) string {
	switch length := utf8.RuneCountInString(s); {
	case length > limit:
		return fmt.Sprintf("must be at most %d characters; got %d", limit, length)
	case strings.ContainsRune(s, 0):
		return "must not contain a NUL character"
	case !utf8.ValidString(s):
		return "must be valid UTF-8"
	}
	return ""
}

func checkTitle(s string) (string, string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return s, mustNotBeBlank
	}
	return s, checkText(s, MaxTitle)
}

func checkDescription(s string) (string, string) { return s, checkText(s, MaxDescription) }

func checkEmail(s string) (string, string) {
	email, ok := NormalizeEmail(s)
	if !ok {
		return s, "must be an e-mail address; got " + Quote(s)
	}
	return email, checkText(email, MaxEmail)
}

// phoneChecker checks phone numbers as dialled in the region.
func phoneChecker(region string) checker[string] {
	return func(s string) (string, string) {
		if wrong := checkText(s, MaxPhone); wrong != "" {
			return s, wrong
		}
		if !strings.ContainsAny(s, "0123456789") {
			return s, "must contain a digit; got " + Quote(s)
		}
		return NormalizePhone(s, region), ""
	}
}

func checkNumber(n int64) (int64, string) {
	if n < 1 || n > MaxNumber {
		return n, fmt.Sprintf("must be an integer from 1 to %d; got %d", int64(MaxNumber), n)
	}
	return n, ""
}

func checkType(t Type) (Type, string) {
	if !slices.Contains(Types, t) {
		return t, fmt.Sprintf("must be one of %s; got %s", joined(Types), Quote(string(t)))
	}
	return t, ""
}

func checkAmount(x float64) (float64, string) {
	if math.IsNaN(x) || math.Abs(x) > MaxAmount {
		return x, fmt.Sprintf("must be a number from %.16g to %.16g; got %g", -MaxAmount, MaxAmount, x)
	}
	return x, ""
}

// joined lists names for a message.
func joined[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
