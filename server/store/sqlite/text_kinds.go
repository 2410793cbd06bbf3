package sqlite

import (
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// The kinds, with the columns that are made of account.Text and
// account.ContactText.
var (
	searchAccounts = textindex.Kind{
		Name:    textindex.Accounts,
		Columns: []string{"title", "description", "address", "email", "phone", "primary_name", "contacts"},
		Scan:    scanAccountText,
		ByID: db.Statement{Thing: "accounts", Text: fromAccounts +
			`WHERE a.id IN (SELECT value FROM json_each(?))`},
		From: db.Statement{Thing: "accounts", Text: fromAccounts +
			`WHERE a.id > ? ORDER BY a.id LIMIT ?`},
	}
	searchContacts = textindex.Kind{
		Name:    textindex.Contacts,
		Columns: []string{"text"},
		Scan:    scanContactText,
		ByID: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id IN (SELECT value FROM json_each(?))`},
		From: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id > ? ORDER BY c.id LIMIT ?`},
	}
	textKinds = []textindex.Kind{searchAccounts, searchContacts}
)

func scanAccountText(rows *sql.Rows) (textindex.Text, error) {
	a, err := scanAccount(rows)
	if err != nil {
		return textindex.Text{}, err
	}
	t := account.SearchText(a)
	return textindex.Text{
		CompanyID: a.CompanyID, ID: a.ID,
		Columns: [][]string{{t.Title}, {t.Description}, {t.Address}, {t.Email}, {t.Phone}, t.Contacts[:min(1, len(t.Contacts))], t.Contacts},
	}, nil
}

func scanContactText(rows *sql.Rows) (textindex.Text, error) {
	c, err := scanContact(rows)
	if err != nil {
		return textindex.Text{}, err
	}
	return textindex.Text{
		CompanyID: c.CompanyID, ID: c.ID,
		Columns: [][]string{account.ContactText(c)},
	}, nil
}
