package transfer

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
)

// customPrefix starts the names of columns of custom members.
const customPrefix = "custom."

// members are the names of an account's members in the JSON form, as a patch
// takes them.
var members = []string{
	"id", "number", "title", "description", "address", "isActive", "primaryEmail", "primaryPhone", "accountType", "type",
	"value", "size", "contacts", "createdAt", "updatedAt", "createdBy", "updatedBy", "custom",
}

// objectReader makes a patch of an account's JSON form. Members that a patch
// does not write are passed over, the id excepted.
type objectReader struct {
	object   map[string]any
	patch    account.Patch
	offences []account.FieldError
}

// readObject returns the patch that an object is, and what is wrong with it.
// What is wrong is not in the patch.
func readObject(object map[string]any) (account.Patch, []account.FieldError) {
	r := &objectReader{object: object}
	p := &r.patch
	read(r, "id", &p.ID, r.integer)
	read(r, "number", &p.Number, r.integer)
	read(r, "title", &p.Title, r.text)
	read(r, "description", &p.Description, r.text)
	read(r, "address", &p.Address, r.texts)
	read(r, "isActive", &p.Active, r.boolean)
	read(r, "primaryEmail", &p.PrimaryEmail, r.text)
	read(r, "primaryPhone", &p.PrimaryPhone, r.text)
	read(r, "accountType", &p.Type, r.accountType)
	read(r, "type", &p.TypeAlias, r.accountType)
	read(r, "value", &p.Value, r.number)
	read(r, "size", &p.Size, r.number)
	read(r, "contacts", &p.Contacts, r.contacts)
	read(r, "custom", &p.Custom, r.custom)
	if p.ID.IsNull() {
		r.offend([]string{"id"}, "must not be null")
		p.ID = account.Field[int64]{}
	}
	return r.patch, r.offences
}

func (r *objectReader) offend(path []string, wrong string) {
	r.offences = append(r.offences, offence(path, wrong))
}

func offence(path []string, wrong string) account.FieldError {
	return account.FieldError{In: account.InBody, Path: path, Message: account.Label(path) + " " + wrong}
}

// read sets a field of the patch to what the member is. A converter returns
// false after noting an offence.
func read[T any](r *objectReader, member string, field *account.Field[T], convert func(path []string, value any) (T, bool)) {
	value, sent := r.object[member]
	if !sent {
		return
	}
	if value == nil {
		*field = account.Null[T]()
		return
	}
	if converted, ok := convert([]string{member}, value); ok {
		*field = account.Set(converted)
	}
}

// as returns a value that must be of a type.
func as[T any](r *objectReader, path []string, value any, words string) (T, bool) {
	typed, ok := value.(T)
	if !ok {
		r.offend(path, "must be "+words+"; got "+account.Show(value))
	}
	return typed, ok
}

func (r *objectReader) text(path []string, value any) (string, bool) {
	return as[string](r, path, value, "a string")
}

func (r *objectReader) accountType(path []string, value any) (account.Type, bool) {
	text, ok := r.text(path, value)
	return account.Type(text), ok
}

func (r *objectReader) boolean(path []string, value any) (bool, bool) {
	return as[bool](r, path, value, "true or false")
}

func (r *objectReader) integer(path []string, value any) (int64, bool) {
	number, _ := value.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || !isJSON(number) {
		r.offend(path, "must be an integer; got "+account.Show(value))
		return 0, false
	}
	return n, true
}

func (r *objectReader) number(path []string, value any) (float64, bool) {
	number, _ := value.(json.Number)
	x, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || !isJSON(number) {
		r.offend(path, "must be a number; got "+account.Show(value))
		return 0, false
	}
	return x, true
}

// isJSON tells whether a text that was taken for a number is one in JSON.
func isJSON(number json.Number) bool { return json.Valid([]byte(number)) }

func (r *objectReader) texts(path []string, value any) ([]string, bool) {
	return list(r, path, value, r.text)
}

// contacts takes ids, and contacts as they are shown.
func (r *objectReader) contacts(path []string, value any) ([]int64, bool) {
	return list(r, path, value, func(path []string, value any) (int64, bool) {
		if contact, ok := value.(map[string]any); ok {
			return r.integer(append(slices.Clip(path), "id"), contact["id"])
		}
		return r.integer(path, value)
	})
}

func (r *objectReader) custom(path []string, value any) (map[string]any, bool) {
	return as[map[string]any](r, path, value, "an object")
}

func list[T any](r *objectReader, path []string, value any, convert func([]string, any) (T, bool)) ([]T, bool) {
	items, ok := as[[]any](r, path, value, "a list")
	if !ok {
		return nil, false
	}
	converted := make([]T, len(items))
	for i, item := range items {
		one, fits := convert(append(slices.Clip(path), strconv.Itoa(i)), item)
		converted[i] = one
		ok = ok && fits
	}
	return converted, ok
}
