package records

import (
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// textColumns are the members that the text of accounts is made of, and the name
// of the first contact.
var textColumns = append(slices.Clone(account.TextMembers), account.MemberPrimaryName)

// The kinds, with the columns that are made of account.SearchText and
// contact.SearchText. Of accounts, only what those look at is read.
var (
	AccountTexts = Kind{
		Name:    "accounts",
		Columns: columnNames(textColumns),
		Scan:    scanAccountText,
		ByID: db.Statement{Thing: "accounts", Text: textsOfAccounts +
			`WHERE a.id IN ({ids ?}) ORDER BY a.id`},
		From: db.Statement{Thing: "accounts", Text: textsOfAccounts +
			`WHERE a.id > ? ORDER BY a.id LIMIT ?`},
		Among: db.Statement{Thing: "accounts", Text: textsOfAccounts +
			`WHERE a.company_id = ? AND a.id IN ({ids ?}) ORDER BY a.id`},
		Of: db.Statement{Thing: "accounts", Text: textsOfAccounts +
			`WHERE a.company_id = ? AND a.id > ? ORDER BY a.id LIMIT ?`},
	}
	textsOfAccounts = `SELECT a.company_id, a.id, ` + listed(searchedColumns, "a.", "") + `, ` + contactNames + ` FROM accounts a `
	searchedColumns = columnsThat(func(c accountColumn) bool { return !c.unread && slices.Contains(account.TextMembers, c.member) })
	ContactTexts    = Kind{
		Name:    "contacts",
		Columns: []string{"text"},
		Scan:    scanContactText,
		ByID: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id IN ({ids ?}) ORDER BY c.id`},
		From: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id > ? ORDER BY c.id LIMIT ?`},
		Among: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.company_id = ? AND c.id IN ({ids ?}) ORDER BY c.id`},
		Of: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.company_id = ? AND c.id > ? ORDER BY c.id LIMIT ?`},
	}
	TextKinds = []Kind{AccountTexts, ContactTexts}
)

// contactNames are those of an account's contacts.
const contactNames = `coalesce((SELECT {array}(c.name ORDER BY l.position) ` + linkedContactsOf + `), '[]')`

func scanAccountText(row *db.Row) (Text, error) {
	var a accountRow
	dest := appendAt([]any{&a.CompanyID, &a.ID}, searchedColumns, &a)
	if err := row.Scan(append(dest, (*namedContacts)(&a.Contacts))...); err != nil {
		return Text{}, err
	}
	return TextOfAccount(&a.Account), nil
}

// TextOfAccount is what is looked for words in of an account with its contacts.
func TextOfAccount(a *account.Account) Text {
	text := Text{CompanyID: a.CompanyID, ID: a.ID}
	for _, part := range append(account.SearchText(a), primaryName(*a)) {
		text.Columns = append(text.Columns, []string{part})
	}
	return text
}

// Part is the text of a column, by its place among those of AccountTexts.
type Part struct {
	Place int
	Text  string
}

// ChangedParts are those parts of an account's text that changes of its members are of.
func ChangedParts(a *account.Account, changes patch.Changes) []Part {
	var parts []Part
	for place, name := range account.TextMembers {
		if isChanged(changes, name) {
			parts = append(parts, Part{place, account.SearchTextOf(a, name)})
		}
	}
	return parts
}

// namedContacts are contacts of which only the names are read.
type namedContacts []account.Contact

// Read reads contactNames.
func (n *namedContacts) Read(c db.Column) error {
	var names db.List[string]
	err := names.Read(c)
	*n = make([]account.Contact, len(names))
	for i, name := range names {
		(*n)[i].Name = name
	}
	return err
}

func primaryName(a account.Account) string {
	if len(a.Contacts) == 0 {
		return ""
	}
	return normal.SearchFold(a.Contacts[0].Name)
}

func columnNames(members []query.Member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = string(m)
	}
	return names
}

func scanContactText(row *db.Row) (Text, error) {
	c, err := contacts.Scan(row)
	if err != nil {
		return Text{}, err
	}
	return textOfContact(c), nil
}

func textOfContact(c account.Contact) Text {
	return Text{CompanyID: c.CompanyID, ID: c.ID, Columns: [][]string{contact.SearchText(c)}}
}
