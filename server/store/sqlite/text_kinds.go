package sqlite

import (
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// textColumns are the members that the text of accounts is made of, and the name
// of the first contact.
var textColumns = append(slices.Clone(account.TextMembers), account.MemberPrimaryName)

// The kinds, with the columns that are made of account.SearchText and
// contact.SearchText.
var (
	accountTexts = textindex.Kind{
		Name:    textindex.Accounts,
		Columns: columnNames(textColumns),
		Scan:    scanAccountText,
		ByID: db.Statement{Thing: "accounts", Text: fromAccounts +
			`WHERE a.id IN (SELECT value FROM json_each(?))`},
		From: db.Statement{Thing: "accounts", Text: fromAccounts +
			`WHERE a.id > ? ORDER BY a.id LIMIT ?`},
	}
	contactTexts = textindex.Kind{
		Name:    textindex.Contacts,
		Columns: []string{"text"},
		Scan:    scanContactText,
		ByID: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id IN (SELECT value FROM json_each(?))`},
		From: db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE c.id > ? ORDER BY c.id LIMIT ?`},
	}
	textKinds = []textindex.Kind{accountTexts, contactTexts}
)

func scanAccountText(row *db.Row) (textindex.Text, error) {
	a, err := scanAccount(row)
	if err != nil {
		return textindex.Text{}, err
	}
	text := textindex.Text{CompanyID: a.CompanyID, ID: a.ID}
	for _, part := range append(account.SearchText(&a), primaryName(a)) {
		text.Columns = append(text.Columns, []string{part})
	}
	return text, nil
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

func scanContactText(row *db.Row) (textindex.Text, error) {
	c, err := contacts.Scan(row)
	if err != nil {
		return textindex.Text{}, err
	}
	return textindex.Text{
		CompanyID: c.CompanyID, ID: c.ID,
		Columns: [][]string{contact.SearchText(c)},
	}, nil
}
