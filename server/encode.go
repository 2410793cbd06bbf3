package server

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// accountForm says in which form answers show accounts.
type accountForm struct {
	former   bool // with the former name of the type
	contacts bool
}

// ToAPIAccount converts an account with its contacts.
func ToAPIAccount(a account.Account) json.RawMessage {
	return appendAccount(nil, &account.Stored{Account: a}, accountForm{contacts: true})
}

// appendAccount appends an account as encoding/json would write an api.Account,
// for far less: what is stored as JSON is copied.
func appendAccount(b []byte, a *account.Stored, form accountForm) []byte {
	w := &object{append(b, '{')}
	w.member("id").integer(a.ID)
	w.member("createdAt").time(a.CreatedAt)
	w.member("updatedAt").time(a.UpdatedAt)
	w.member("title").text(a.Title)
	w.member("description").optional(a.Description)
	if w.member("address"); !w.stored(a.AddressJSON) {
		w.texts(a.Address)
	}
	w.member("isActive").boolean(a.Active)
	w.member("primaryEmail").optional(a.PrimaryEmail)
	w.member("primaryPhone").optional(a.PrimaryPhone)
	w.member("number").integer(a.Number)
	if w.member("custom"); !w.stored(a.CustomJSON) {
		w.custom(a.Custom)
	}
	w.member("accountType").optional((*string)(a.Type))
	if form.former {
		w.member("clientType").optional((*string)(a.Type))
	}
	if form.contacts {
		w.member("contacts").contacts(a.Contacts)
	}
	// These two are part of an account only once they are set.
	w.amount("value", a.Value)
	w.amount("size", a.Size)
	w.member("createdBy").user(a.CreatedBy)
	w.member("updatedBy").user(a.UpdatedBy)
	return append(w.b, '}')
}

// object writes an object of JSON member by member. It writes what encoding/json
// does, and leaves to it what takes more than copying.
type object struct{ b []byte }

// member begins a member.
func (w *object) member(name string) *object {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
	return w
}

func (w *object) raw(json string) { w.b = append(w.b, json...) }

func (w *object) integer(n int64) { w.b = strconv.AppendInt(w.b, n, 10) }

func (w *object) boolean(v bool) { w.b = strconv.AppendBool(w.b, v) }

func (w *object) time(t time.Time) {
	w.b = append(timestamp.Append(append(w.b, '"'), t), '"')
}

func (w *object) text(s string) { w.b = jsonvalue.AppendText(w.b, s) }

// encode writes what encoding/json makes of a value that it takes.
func (w *object) encode(v any) {
	text, _ := json.Marshal(v)
	w.b = append(w.b, text...)
}

func (w *object) optional(s *string) {
	if s == nil {
		w.raw("null")
	} else {
		w.text(*s)
	}
}

// orNull writes a text, of which an empty one stands for none.
func (w *object) orNull(s string) {
	if s == "" {
		w.raw("null")
	} else {
		w.text(s)
	}
}

// amount is a member that is there once it was set.
func (w *object) amount(name string, x *float64) {
	if x == nil {
		return
	}
	w.member(name)
	if size := math.Abs(*x); size != 0 && (size < 1e-6 || size >= 1e21) {
		w.encode(*x)
	} else {
		w.b = strconv.AppendFloat(w.b, *x, 'f', -1, 64)
	}
}

// stored writes the JSON that is stored, if it is at hand.
func (w *object) stored(text string) bool {
	w.raw(text)
	return text != ""
}

func (w *object) custom(values account.Custom) {
	w.b, _ = jsonvalue.Append(w.b, map[string]any(values)) // They were checked.
}

func (w *object) texts(items []string) { w.b = jsonvalue.AppendTexts(w.b, items) }

func (w *object) contacts(contacts []account.Contact) {
	w.raw("[")
	for i, c := range contacts {
		if i > 0 {
			w.raw(",")
		}
		w.contact(c)
	}
	w.raw("]")
}

func (w *object) contact(c account.Contact) {
	w.raw("{")
	w.member("id").integer(c.ID)
	w.member("name").text(c.Name)
	w.member("title").orNull(c.Title)
	w.member("emails").texts(c.Emails)
	w.member("phones").texts(c.Phones)
	w.raw("}")
}

func (w *object) user(u *identity.UserRef) {
	if u == nil {
		w.raw("null")
		return
	}
	w.raw("{")
	w.member("id").integer(u.ID)
	w.member("firstName").text(u.FirstName)
	w.member("lastName").text(u.LastName)
	w.member("email").orNull(u.Email)
	w.raw("}")
}
