package sqlite

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

// searchKind is a kind of records that are searched.
type searchKind struct {
	name    string   // of the queue's entries, and the start of the tables' names
	columns []string // of the tables
	scan    func(*sql.Rows) (recordText, error)
	byID    statement // selects the records of a list of ids
	from    statement // selects the records after an id
}

const (
	kindAccounts = "accounts"
	kindContacts = "contacts"
)

// The kinds, with the columns that are made of account.Text and
// account.ContactText.
var (
	searchAccounts = searchKind{
		name:    kindAccounts,
		columns: []string{"title", "description", "address", "email", "phone", "primary_name", "contacts"},
		scan:    scanAccountText,
		byID: statement{thing: "accounts", text: fromAccounts +
			`WHERE a.id IN (SELECT value FROM json_each(?))`},
		from: statement{thing: "accounts", text: fromAccounts +
			`WHERE a.id > ? ORDER BY a.id LIMIT ?`},
	}
	searchContacts = searchKind{
		name:    kindContacts,
		columns: []string{"text"},
		scan:    scanContactText,
		byID: statement{thing: "contacts", text: contactColumns + `
FROM contacts c WHERE c.id IN (SELECT value FROM json_each(?))`},
		from: statement{thing: "contacts", text: contactColumns + `
FROM contacts c WHERE c.id > ? ORDER BY c.id LIMIT ?`},
	}
	searchKinds = []searchKind{searchAccounts, searchContacts}
)

// table names the table of a company's records. Each company has its own, so
// that no search reads what is another's.
func (k searchKind) table(companyID int64) string { return fmt.Sprintf("%s_%d", k.name, companyID) }

// The tables keep no text, only where the trigrams are.
func (k searchKind) createTable(companyID int64) statement {
	return statement{thing: "search table", once: true, text: `CREATE VIRTUAL TABLE ` + k.table(companyID) + ` USING fts5(` +
		strings.Join(k.columns, ", ") + `, content='', contentless_delete=1, tokenize="trigram case_sensitive 1")`}
}

func (k searchKind) put(companyID int64) statement {
	return statement{thing: "search text", text: `INSERT OR REPLACE INTO ` + k.table(companyID) +
		` (rowid, ` + strings.Join(k.columns, ", ") + `) VALUES (?` + strings.Repeat(", ?", len(k.columns)) + `)`}
}

func (k searchKind) remove(companyID int64) statement {
	return statement{thing: "search text", text: `DELETE FROM ` + k.table(companyID) + ` WHERE rowid = ?`}
}

// recordID names a record. With an ID of 0, it names all of a company's.
type recordID struct {
	kind      string
	companyID int64
	id        int64
}

// recordText is what is searched of a record, by column.
type recordText struct {
	recordID
	columns []string
}

func scanAccountText(rows *sql.Rows) (recordText, error) {
	a, err := scanAccount(rows)
	if err != nil {
		return recordText{}, err
	}
	t := account.SearchText(a)
	primary := t.Contacts[:min(1, len(t.Contacts))]
	return recordText{
		recordID: recordID{kindAccounts, a.CompanyID, a.ID},
		columns:  []string{apart(t.Title), apart(t.Description), apart(t.Address), apart(t.Email), apart(t.Phone), apart(primary...), apart(t.Contacts...)},
	}, nil
}

func scanContactText(rows *sql.Rows) (recordText, error) {
	c, err := scanContact(rows)
	if err != nil {
		return recordText{}, err
	}
	return recordText{
		recordID: recordID{kindContacts, c.CompanyID, c.ID},
		columns:  []string{apart(account.ContactText(c)...)},
	}, nil
}

// unsearched stands between texts, and for what SQLite cannot hold in a text.
// No phrase has it.
const unsearched = "\uFFFD"

// apart puts texts in one column so that nothing is found that reaches from one
// into the next.
func apart(texts ...string) string {
	text := strings.ToValidUTF8(strings.Join(texts, unsearched), unsearched)
	return strings.ReplaceAll(text, "\x00", unsearched)
}
