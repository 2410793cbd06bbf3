// Package account is about the account: its members, of which members.go has the
// one table, its patch, its deletion and history. It knows neither HTTP
// nor SQL.
package account

import (
	"time"

	"github.com/accountsd/accountsd/server/identity"
)

// Limits of an account's members. Lengths count characters, not bytes.
const (
	MaxTitle       = 255
	MaxDescription = 10_000
	maxAddresses   = 10
	maxAddress     = 500
	MaxNumber      = 1<<53 - 1 // the largest integer every JSON reader keeps exact
	MaxContacts    = 1000
	MaxAmount      = 1e15 // of value and size: below it a float64 holds cents exactly
)

// Type says what kind of customer an account is.
type Type string

// The account types, in the order in which messages list them.
const (
	TypeResidential Type = "RESIDENTIAL"
	TypeCommercial  Type = "COMMERCIAL"
)

// Types lists every account type.
var Types = []Type{TypeResidential, TypeCommercial}

// Account is one customer record of a company. A nil pointer is a member
// without a value.
type Account struct {
	ID        int64 // global, never reused
	CompanyID int64
	Number    int64 // small, unique in the company, from 1
	Version   int64 // 1 at creation, one more with every change

	Title        string
	Description  *string
	Address      []string
	Active       bool // false: archived
	PrimaryEmail *string
	PrimaryPhone *string
	Type         *Type
	Value        *float64
	Size         *float64
	Custom       Custom
	Contacts     []Contact // the linked ones, in the order of the links

	CreatedAt time.Time // UTC, whole milliseconds
	UpdatedAt time.Time // UTC, whole milliseconds
	CreatedBy *identity.UserRef
	UpdatedBy *identity.UserRef
}

// Custom holds an account's custom values by the property's key name. A value
// is a string, a bool, a json.Number, or a []any of these; never nil.
type Custom map[string]any

// Contact is a person who can be linked to accounts.
type Contact struct {
	ID        int64
	CompanyID int64
	Name      string
	Title     string
	Emails    []string // lower case
	Phones    []string // E.164 where they parse
	CreatedBy int64    // the user's id; 0: nobody known
	CreatedAt time.Time
	UpdatedAt time.Time

	// Accounts are the first of those that the contact is linked to, by id, and
	// AccountCount is how many there are. Only reads of contacts fill them.
	Accounts     []AccountRef
	AccountCount int64
}

// AccountRef names an account.
type AccountRef struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}
