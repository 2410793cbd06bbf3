package account

import (
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
)

// The members that code names.
const (
	MemberID          query.Member = "id"
	MemberTitle       query.Member = "title"
	MemberDescription query.Member = "description"
	MemberAddress     query.Member = "address" // each line
	MemberEmail       query.Member = "primaryEmail"
	MemberPhone       query.Member = "primaryPhone"
	MemberNumber      query.Member = "number"
	MemberType        query.Member = "accountType"
	MemberContacts    query.Member = "contacts"    // their ids
	MemberPrimaryName query.Member = "primaryName" // of the first linked contact
	MemberActive      query.Member = "isActive"
	MemberValue       query.Member = "value"
	MemberSize        query.Member = "size"
	MemberCreatedAt   query.Member = "createdAt"
	MemberUpdatedAt   query.Member = "updatedAt"
	MemberCreatedBy   query.Member = "createdBy"
	MemberUpdatedBy   query.Member = "updatedBy"
)

const (
	memberCustom = string(query.MemberCustom)

	// CustomPrefix starts the names of custom members.
	CustomPrefix = query.CustomPrefix
)

// PathOf is where an account has a member.
func PathOf(member string) []string {
	if key, ok := strings.CutPrefix(member, CustomPrefix); ok {
		return []string{memberCustom, key}
	}
	return []string{member}
}

// members is the table of the members that every account has, in the order in
// which offences are listed. Everything that treats members one by one reads
// it: patches, creation, deletion, searches, text, import and export. A member
// that is added here and to the structs Account and Patch is complete but for
// its column in the stores, and its place in the answer.
var members = []member{
	idMember(),
	{
		name: "title", kind: query.Text, aliases: []string{"name"}, inText: true,
		read:  func(r *patch.Reader, p *Patch) { p.Title = patch.Checked(r, "title", patch.Text, checkTitle) },
		apply: func(a *applier, p *Patch) { patch.SetValue(&a.Applier, "title", &a.after.Title, p.Title, checkTitle) },
		value: func(a *Account) any { return a.Title },
		set:   setter("title", patch.Text, func(a *Account) *string { return &a.Title }),
	},
	nullable("description", patch.Text, textUpTo(MaxDescription),
		func(a *Account) **string { return &a.Description }, func(p *Patch) *patch.Field[string] { return &p.Description }).texted(),
	addressMember(),
	{
		name: "isActive", kind: query.Bool,
		read: func(r *patch.Reader, p *Patch) { p.Active = patch.Member(r, "isActive", patch.Bool) },
		apply: func(a *applier, p *Patch) {
			patch.SetValue(&a.Applier, "isActive", &a.after.Active, p.Active, patch.Accept)
		},
		reset: func(p *Patch, _ *Account) {
			if p.Active.IsAbsent() {
				p.Active = patch.Set(true)
			}
		},
		value: func(a *Account) any { return a.Active },
		set:   setter("isActive", patch.Bool, func(a *Account) *bool { return &a.Active }),
	},
	nullable("primaryEmail", patch.Text, normal.CheckEmail,
		func(a *Account) **string { return &a.PrimaryEmail }, func(p *Patch) *patch.Field[string] { return &p.PrimaryEmail }).texted().of(query.Email),
	nullable("primaryPhone", patch.Text, normal.CheckPhone,
		func(a *Account) **string { return &a.PrimaryPhone }, func(p *Patch) *patch.Field[string] { return &p.PrimaryPhone }).texted().of(query.Phone),
	{
		name: "number", kind: query.Integer, leads: true,
		read: func(r *patch.Reader, p *Patch) { p.Number = patch.Checked(r, "number", readNumber, checkNumber) },
		apply: func(a *applier, p *Patch) {
			patch.SetValue(&a.Applier, "number", &a.after.Number, p.Number, checkNumber)
		},
		value: func(a *Account) any { return a.Number },
		set:   setter("number", readNumber, func(a *Account) *int64 { return &a.Number }),
	},
	typeMember(),
	amount("value",
		func(a *Account) **float64 { return &a.Value }, func(p *Patch) *patch.Field[float64] { return &p.Value }),
	amount("size",
		func(a *Account) **float64 { return &a.Size }, func(p *Patch) *patch.Field[float64] { return &p.Size }),
	customMember(),
	contactsMember(),
	timeMember("createdAt", func(a *Account) any { return a.CreatedAt }),
	timeMember("updatedAt", func(a *Account) any { return a.UpdatedAt }),
	userMember("createdBy", func(a *Account) any { return userID(a.CreatedBy) }),
	userMember("updatedBy", func(a *Account) any { return userID(a.UpdatedBy) }),
}

func checkTitle(s, _ string) (title, wrong string) {
	s = normal.Trim(s)
	return s, normal.CheckName(s, MaxTitle)
}

// textUpTo takes a text of at most so many characters, whose space counts.
func textUpTo(limit int) patch.Checker[string] {
	return func(s, _ string) (text, wrong string) {
		s = normal.Strip(s)
		return s, normal.CheckText(s, limit)
	}
}

var addressLines = patch.List{Min: 1, Max: maxAddresses, Check: func(line, _ string) (string, string) {
	if line = normal.Strip(line); normal.Trim(line) == "" {
		return line, fault.MustNotBeBlank
	}
	return line, normal.CheckText(line, maxAddress)
}}
