package records

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/store/db"
)

// accountRow is an account beside its users, whose ids are 0 if there are none.
type accountRow struct {
	account.Stored
	creator, updater identity.UserRef
}

func toDBAccount(a account.Account) accountRow {
	return accountRow{Stored: account.Stored{Account: a}, creator: toDBUserRef(a.CreatedBy), updater: toDBUserRef(a.UpdatedBy)}
}

func fromDBAccount(row *accountRow) account.Stored {
	row.CreatedBy, row.UpdatedBy = fromDBUserRef(&row.creator), fromDBUserRef(&row.updater)
	return row.Stored
}

func toDBUserRef(u *identity.UserRef) identity.UserRef {
	if u == nil {
		return identity.UserRef{}
	}
	return *u
}

func fromDBUserRef(u *identity.UserRef) *identity.UserRef {
	if u.ID == 0 {
		return nil
	}
	return u
}

// nameOf is a column of the names and the address of the user whose id it is
// given. To join the users takes SQLite several times as long as to read the
// account.
func nameOf(id string) string {
	return "(SELECT first_name || '\x1f' || last_name || '\x1f' || email FROM users WHERE id = " + id + ")"
}

// userName reads a column of nameOf.
type userName identity.UserRef

// Read reads the names and the address, which hold no control character.
func (u *userName) Read(c db.Column) error {
	if c.IsNull() {
		return nil
	}
	text, err := c.Text()
	var rest string
	u.FirstName, rest, _ = strings.Cut(text, "\x1f")
	u.LastName, u.Email, _ = strings.Cut(rest, "\x1f")
	return err
}

// linkedContacts reads an account's contacts, behind its company.
type linkedContacts account.Account

// Read reads the last of accountColumns.
func (a *linkedContacts) Read(c db.Column) error {
	a.Contacts = []account.Contact{}
	return c.JSON(func(d *jsontext.Decoder) error {
		t := tokens{d: d}
		t.next()
		for t.err == nil && d.PeekKind() == '{' {
			t.next()
			contact := account.Contact{CompanyID: a.CompanyID}
			for t.err == nil && d.PeekKind() != '}' {
				t.member(&contact)
			}
			t.next()
			a.Contacts = append(a.Contacts, contact)
		}
		t.next()
		return t.err
	})
}

// tokens reads JSON whose form is known. After an error it reads nothing.
type tokens struct {
	d   *jsontext.Decoder
	err error
}

// member reads a member of a contact.
func (t *tokens) member(c *account.Contact) {
	switch name, _ := t.d.ReadValue(); string(name) {
	case `"id"`:
		c.ID = t.integer()
	case `"name"`:
		c.Name = t.next().String()
	case `"title"`:
		c.Title = t.next().String()
	case `"emails"`:
		c.Emails = t.texts()
	case `"phones"`:
		c.Phones = t.texts()
	case `"createdBy"`:
		c.CreatedBy = t.integer()
	case `"createdAt"`:
		c.CreatedAt = time.UnixMilli(t.integer()).UTC()
	case `"updatedAt"`:
		c.UpdatedAt = time.UnixMilli(t.integer()).UTC()
	default:
		t.err = fmt.Errorf("a contact has the member %s", name)
	}
}

func (t *tokens) next() (token jsontext.Token) {
	if t.err == nil {
		token, t.err = t.d.ReadToken()
	}
	return token
}

// integer reads an integer, or 0 for null.
func (t *tokens) integer() (n int64) {
	if token := t.next(); t.err == nil && token.Kind() != 'n' {
		n, t.err = token.Int()
	}
	return n
}

func (t *tokens) texts() (texts []string) {
	if t.err == nil {
		texts, t.err = jsonvalue.ReadTexts(t.d)
	}
	return texts
}
