package records

import (
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// accountColumn is a column of accounts. What is written, read and filtered is
// made of these at the start.
type accountColumn struct {
	name string
	// at is where a row has the value, to be written or read: see db.NewTable.
	at func(*accountRow) any
	// text is where it has the JSON that is stored, to be read as it is.
	text func(*accountRow) any
	// once is of what stays as it is inserted, always of what every change
	// writes: the others it does with their member.
	once, always bool
	// unread is of what only SQL looks at, last of what takes long to decode:
	// it is read behind the others, since lists may leave it out.
	unread, last bool
	indexed      bool // with the company

	// member is whose value it has, empty if it is none's. Of a member with
	// two columns, conditions ask the last.
	member   query.Member
	compared bool // the column is compared as the member is
	contains bool // the column is searched as the member is
}

var columnsOfAccounts = []accountColumn{
	{name: "id", at: func(r *accountRow) any { return (*db.ID)(&r.ID) }, once: true, indexed: true, member: account.MemberID, compared: true},
	{name: "company_id", at: func(r *accountRow) any { return &r.CompanyID }, once: true},
	{name: "number", at: func(r *accountRow) any { return &r.Number }, indexed: true, member: account.MemberNumber, compared: true},
	{name: "version", at: func(r *accountRow) any { return &r.Version }, always: true},
	{name: "title", at: func(r *accountRow) any { return &r.Title }, member: account.MemberTitle},
	{name: "title_fold", at: func(r *accountRow) any { return normal.Fold(r.Title) }, unread: true, indexed: true, member: account.MemberTitle, compared: true, contains: true},
	{name: "description", at: func(r *accountRow) any { return &r.Description }, member: account.MemberDescription},
	{name: "address", at: func(r *accountRow) any { return (*db.List[string])(&r.Address) }, text: func(r *accountRow) any { return &r.AddressJSON }, last: true, member: account.MemberAddress},
	{name: "address_fold", at: func(r *accountRow) any { return normal.FoldLines(r.Address) }, unread: true, indexed: true, member: account.MemberAddress},
	{name: "is_active", at: func(r *accountRow) any { return &r.Active }, member: account.MemberActive, compared: true},
	{name: "primary_email", at: func(r *accountRow) any { return &r.PrimaryEmail }, member: account.MemberEmail},
	{name: "primary_email_key", at: func(r *accountRow) any { return emailKey(r.PrimaryEmail) }, unread: true, indexed: true, member: account.MemberEmail, compared: true},
	{name: "primary_phone", at: func(r *accountRow) any { return &r.PrimaryPhone }, indexed: true, member: account.MemberPhone, compared: true},
	{name: "account_type", at: func(r *accountRow) any { return db.OptionalText[account.Type]{At: &r.Type} }, member: account.MemberType, compared: true, contains: true},
	{name: "value", at: func(r *accountRow) any { return &r.Value }, member: account.MemberValue, compared: true},
	{name: "size", at: func(r *accountRow) any { return &r.Size }, member: account.MemberSize, compared: true},
	{name: "custom", at: func(r *accountRow) any { return (*db.Object[any])(&r.Custom) }, text: func(r *accountRow) any { return &r.CustomJSON }, last: true, member: query.MemberCustom},
	{name: "created_at", at: func(r *accountRow) any { return (*db.Time)(&r.CreatedAt) }, once: true, member: account.MemberCreatedAt, compared: true},
	{name: "updated_at", at: func(r *accountRow) any { return (*db.Time)(&r.UpdatedAt) }, always: true, member: account.MemberUpdatedAt, compared: true},
	{name: "created_by", at: func(r *accountRow) any { return (*db.ID)(&r.creator.ID) }, once: true, member: account.MemberCreatedBy, compared: true},
	{name: "updated_by", at: func(r *accountRow) any { return (*db.ID)(&r.updater.ID) }, always: true, member: account.MemberUpdatedBy, compared: true},
}

// emailKey is what an address is found by; nil: there is none.
func emailKey(email *string) any {
	if email == nil {
		return nil
	}
	return normal.EmailKey(*email)
}

// The columns by what is done with them.
var (
	scalarColumns   = columnsThat(func(c accountColumn) bool { return !c.unread && !c.last })
	lastColumns     = columnsThat(func(c accountColumn) bool { return c.last })
	alwaysColumns   = columnsThat(func(c accountColumn) bool { return c.always })
	changedColumns  = columnsThat(func(c accountColumn) bool { return !c.once && !c.always })
	filteredColumns = columnsByMember()
)

func columnsThat(are func(accountColumn) bool) []accountColumn {
	return slices.DeleteFunc(slices.Clone(columnsOfAccounts), func(c accountColumn) bool { return !are(c) })
}

func columnsByMember() map[query.Member]accountColumn {
	columns := make(map[query.Member]accountColumn)
	for _, c := range columnsOfAccounts {
		columns[c.member] = c
	}
	return columns
}

// AccountColumns are the names of the columns of accounts.
func AccountColumns() []string {
	names := make([]string, len(columnsOfAccounts))
	for i, c := range columnsOfAccounts {
		names[i] = c.name
	}
	return names
}

// ChangedColumns are the names of those that a change of an account may write.
func ChangedColumns() []string {
	var names []string
	for _, c := range columnsOfAccounts {
		if !c.once {
			names = append(names, c.name)
		}
	}
	return names
}

// AccountValues are what an account has in its columns, to be bound.
func AccountValues(a account.Account) []any {
	row := toDBAccount(a)
	return appendAt(make([]any, 0, len(columnsOfAccounts)), columnsOfAccounts, &row)
}

// listed puts columns one after the other, each between two texts.
func listed(columns []accountColumn, before, after string) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = before + c.name + after
	}
	return strings.Join(names, ", ")
}

// appendAt appends where a row has the values of columns.
func appendAt(to []any, columns []accountColumn, row *accountRow) []any {
	for _, c := range columns {
		to = append(to, c.at(row))
	}
	return to
}
