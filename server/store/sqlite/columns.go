package sqlite

import (
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

// accountColumn is a column of accounts. What is written, read and filtered is
// made of these at the start.
type accountColumn struct {
	name string
	// at is where a row has the value, to be written or read.
	at func(*accountRow) any
	// once is of what stays as it is inserted. The id is the database's.
	once bool
	// unread is of what only SQL looks at, last of what takes long to decode:
	// it is read behind the others, since lists may leave it out.
	unread, last bool
	// indexed with the company, so that it is written only with its member.
	indexed bool

	member   account.Member // of whom conditions ask the column; empty: none do
	compared bool           // the column is compared as the member is
	contains bool           // the column is searched as the member is
}

var columnsOfAccounts = []accountColumn{
	{name: "id", at: func(r *accountRow) any { return &r.account.ID }, once: true, indexed: true, member: account.MemberID, compared: true},
	{name: "company_id", at: func(r *accountRow) any { return &r.account.CompanyID }, once: true},
	{name: "number", at: func(r *accountRow) any { return &r.account.Number }, indexed: true, member: account.MemberNumber, compared: true},
	{name: "version", at: func(r *accountRow) any { return &r.account.Version }},
	{name: "title", at: func(r *accountRow) any { return &r.account.Title }},
	{name: "title_fold", at: func(r *accountRow) any { return &r.titleFold }, unread: true, indexed: true, member: account.MemberTitle, compared: true, contains: true},
	{name: "description", at: func(r *accountRow) any { return &r.account.Description }, member: account.MemberDescription},
	{name: "address", at: func(r *accountRow) any { return &r.address }, last: true},
	{name: "address_fold", at: func(r *accountRow) any { return &r.addressFold }, unread: true, indexed: true, member: account.MemberAddress},
	{name: "is_active", at: func(r *accountRow) any { return &r.account.Active }, member: account.MemberActive, compared: true},
	{name: "primary_email", at: func(r *accountRow) any { return &r.account.PrimaryEmail }, indexed: true, member: account.MemberEmail},
	{name: "primary_phone", at: func(r *accountRow) any { return &r.account.PrimaryPhone }, indexed: true, member: account.MemberPhone, compared: true},
	{name: "account_type", at: func(r *accountRow) any { return &r.account.Type }, member: account.MemberType, compared: true, contains: true},
	{name: "value", at: func(r *accountRow) any { return &r.account.Value }, member: account.MemberValue, compared: true},
	{name: "size", at: func(r *accountRow) any { return &r.account.Size }, member: account.MemberSize, compared: true},
	{name: "custom", at: func(r *accountRow) any { return &r.custom }, last: true},
	{name: "created_at", at: func(r *accountRow) any { return &r.createdAt }, once: true, member: account.MemberCreatedAt, compared: true},
	{name: "updated_at", at: func(r *accountRow) any { return &r.updatedAt }, member: account.MemberUpdatedAt, compared: true},
	{name: "created_by", at: func(r *accountRow) any { return &r.createdBy.id }, once: true, member: account.MemberCreatedBy, compared: true},
	{name: "updated_by", at: func(r *accountRow) any { return &r.updatedBy.id }, member: account.MemberUpdatedBy, compared: true},
}

// The columns by what is done with them.
var (
	scalarColumns   = columnsThat(func(c accountColumn) bool { return !c.unread && !c.last })
	lastColumns     = columnsThat(func(c accountColumn) bool { return c.last })
	insertedColumns = columnsThat(func(c accountColumn) bool { return c.name != "id" })
	updatedColumns  = columnsThat(func(c accountColumn) bool { return !c.once && !c.indexed })
	indexedColumns  = columnsThat(func(c accountColumn) bool { return !c.once && c.indexed })
	filteredColumns = columnsByMember()
)

func columnsThat(are func(accountColumn) bool) []accountColumn {
	var columns []accountColumn
	for _, c := range columnsOfAccounts {
		if are(c) {
			columns = append(columns, c)
		}
	}
	return columns
}

func columnsByMember() map[account.Member]accountColumn {
	columns := make(map[account.Member]accountColumn)
	for _, c := range columnsThat(func(c accountColumn) bool { return c.member != "" }) {
		columns[c.member] = c
	}
	return columns
}

// listed puts columns one after the other, each between two texts.
func listed(columns []accountColumn, before, after string) string {
	var text strings.Builder
	for i, c := range columns {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(before + c.name + after)
	}
	return text.String()
}

// appendAt appends where a row has the values of columns.
func appendAt(to []any, columns []accountColumn, row *accountRow) []any {
	for _, c := range columns {
		to = append(to, c.at(row))
	}
	return to
}
