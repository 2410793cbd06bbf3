package records

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// selectLinkedAccount selects an account with the version of its company's schema, and
// in further rows its contacts with the positions of their links. Lists have the contacts of each account in one value,
// which takes SQLite several times as long to make as to find them.
var selectLinkedAccount = db.Statement{Thing: "account", Brief: true, Text: storedColumns + `, (SELECT schema_version FROM companies WHERE id = ?2), NULL` + strings.Repeat(`, NULL`, len(contacts.Names())) + `
FROM accounts a WHERE a.id = ?1 AND a.company_id = ?2
UNION ALL SELECT NULL` + strings.Repeat(`, NULL`, len(new(accountRow).stored())) + `, l.position, ` + contacts.List("c.") + `
FROM account_contacts l {each contacts c l contact_id}
WHERE l.account_id = ?1 AND l.company_id = ?2`}

// linked reads an account into the variables of storedColumns, which are those of
// the row, and its contacts. It returns the version of the schema as well.
func (r Reader) linked(ctx context.Context, companyID, id int64, row *accountRow, dest []any) (schema int64, err error) {
	found, linked := false, links{contacts: []account.Contact{}}
	dest = append(dest, &schema)
	err = r.Session.Each(ctx, selectLinkedAccount, []any{id, companyID}, func(at *db.Row) error {
		if at.IsNull(0) { // It is no account's.
			return linked.add(at, len(dest))
		}
		found = true
		return at.ScanFrom(0, dest...)
	})
	if !slices.IsSorted(linked.positions) {
		sort.Sort(linked)
	}
	row.Contacts = linked.contacts
	if err == nil && !found {
		err = fault.NotFound("account")
	}
	return schema, err
}

// links are contacts with the positions of their links, by which they sort.
type links struct {
	contacts  []account.Contact
	positions []int64
}

// add reads a link from the columns of a row from one on.
func (l *links) add(row *db.Row, first int) error {
	last := len(l.contacts)
	l.contacts, l.positions = append(l.contacts, account.Contact{}), append(l.positions, 0)
	if err := row.ScanFrom(first, &l.positions[last]); err != nil {
		return err
	}
	return row.ScanFrom(first+1, contacts.At(&l.contacts[last])...)
}

func (l links) Len() int           { return len(l.contacts) }
func (l links) Less(i, j int) bool { return l.positions[i] < l.positions[j] }
func (l links) Swap(i, j int) {
	l.contacts[i], l.contacts[j] = l.contacts[j], l.contacts[i]
	l.positions[i], l.positions[j] = l.positions[j], l.positions[i]
}
