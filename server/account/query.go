package account

import "time"

// Page is a window of an ordered list.
type Page struct {
	Limit  int     // the most records to return, at least 1
	Offset int64   // records to skip; only without After and Before
	After  *Cursor // start behind this place in the list's order
	Before *Cursor // the last records ahead of this place, still in the list's order
}

// Cursor is a place in a list that is ordered by UpdatedAt and then ID: the one
// of a record with these values, whether or not it is still there. A record
// that does not change keeps its place.
type Cursor struct {
	UpdatedAt time.Time
	ID        int64
}

// AccountQuery selects accounts. They are ordered by UpdatedAt and then ID,
// the latest first unless Ascending.
type AccountQuery struct {
	Filter          Filter
	IncludeArchived bool
	Ascending       bool
	Page            Page
}

// ContactQuery selects contacts. They are ordered by UpdatedAt and then ID, the
// latest first unless Ascending.
type ContactQuery struct {
	Words         []string  // folded; all must be in the name, an email or a phone
	AccountID     int64     // linked to this account; 0: any
	UpdatedAfter  time.Time // strictly after; zero: no bound
	UpdatedBefore time.Time // strictly before; zero: no bound
	Ascending     bool
	Page          Page
}

// Filter is what a record must be like: all conditions hold, or with Any one of
// them. No conditions: every record.
type Filter struct {
	Conditions []Condition
	Any        bool
}

// Condition is one test of an account's member. A member with several values
// passes if one of them does. Exactly one of Ranges, Contains and Exists says
// what passes.
type Condition struct {
	Member   Member
	Property Property // the custom property, of MemberCustom
	Ranges   []Range  // a value lies in one of them
	Contains string   // a value holds this text; folded, or digits for phone numbers
	Exists   bool     // there is a value
	Negate   bool     // the test must fail: true also of a member without a value
}

// Range is an interval of values. A nil end is open to that side. Which types
// the ends have is the member's: see Member.
type Range struct {
	From, To         any
	FromOpen, ToOpen bool // the end itself is outside
}

// Member names what a condition tests.
type Member string

// The members, by the type of their values.
const (
	// Text, folded with Fold.
	MemberTitle       Member = "title"
	MemberDescription Member = "description"
	MemberAddress     Member = "address" // each line
	MemberEmail       Member = "primaryEmail"
	MemberPhone       Member = "primaryPhone" // as stored; Contains compares digits
	MemberType        Member = "accountType"  // as stored
	MemberPrimaryName Member = "primaryName"  // of the first linked contact
	// MemberText is all of title, description, address, email, phone and
	// the names of the linked contacts. It has Contains only.
	MemberText Member = "q"

	// int64
	MemberID        Member = "id"
	MemberNumber    Member = "number"
	MemberContacts  Member = "contacts" // the ids
	MemberCreatedBy Member = "createdBy"
	MemberUpdatedBy Member = "updatedBy"

	// float64
	MemberValue Member = "value"
	MemberSize  Member = "size"

	// bool
	MemberActive Member = "isActive"

	// time.Time
	MemberCreatedAt Member = "createdAt"
	MemberUpdatedAt Member = "updatedAt"

	// MemberCustom is a custom property. Its values are the strings of
	// Property.Keys, which sort as the values do.
	MemberCustom Member = "custom"
)
