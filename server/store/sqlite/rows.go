package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// accountRow is an account beside the columns that are not as in the domain.
type accountRow struct {
	account                   account.Account
	titleFold, addressFold    string
	address, custom, contacts string // JSON
	createdAt, updatedAt      int64
	createdBy, updatedBy      userRef
}

// userRef is the result of an outer join with users.
type userRef struct {
	id                         sql.Null[int64]
	firstName, lastName, email sql.Null[string]
}

func toDBAccount(a account.Account) (accountRow, error) {
	row := accountRow{
		account:     a,
		titleFold:   account.Fold(a.Title),
		addressFold: account.FoldAddress(a.Address),
		createdAt:   a.CreatedAt.UnixMilli(),
		updatedAt:   a.UpdatedAt.UnixMilli(),
		createdBy:   toDBUserRef(a.CreatedBy),
		updatedBy:   toDBUserRef(a.UpdatedBy),
	}
	var err error
	if row.address, err = toDBList(a.Address); err != nil {
		return accountRow{}, fmt.Errorf("encode address: %w", err)
	}
	if row.custom, err = toDBObject(a.Custom); err != nil {
		return accountRow{}, fmt.Errorf("encode custom values: %w", err)
	}
	return row, nil
}

func fromDBAccount(row accountRow) (account.Account, error) {
	a := row.account
	a.CreatedAt, a.UpdatedAt = fromDBTime(row.createdAt), fromDBTime(row.updatedAt)
	a.CreatedBy, a.UpdatedBy = fromDBUserRef(row.createdBy), fromDBUserRef(row.updatedBy)
	var err error
	if a.Address, err = fromDBList[string](row.address); err != nil {
		return account.Account{}, fmt.Errorf("decode address: %w", err)
	}
	a.Custom = account.Custom{}
	if err := fromDBJSON(row.custom, &a.Custom); err != nil {
		return account.Account{}, fmt.Errorf("decode custom values: %w", err)
	}
	contacts, err := fromDBList[contactRow](row.contacts)
	if err != nil {
		return account.Account{}, fmt.Errorf("decode contacts: %w", err)
	}
	a.Contacts = make([]account.Contact, len(contacts))
	for i, contact := range contacts {
		a.Contacts[i] = fromDBContact(contact)
		a.Contacts[i].CompanyID = a.CompanyID
	}
	return a, nil
}

func toDBUserRef(u *account.UserRef) userRef {
	if u == nil {
		return userRef{}
	}
	return userRef{id: toDBID(u.ID)}
}

func fromDBUserRef(u userRef) *account.UserRef {
	if !u.id.Valid {
		return nil
	}
	return &account.UserRef{ID: u.id.V, FirstName: u.firstName.V, LastName: u.lastName.V, Email: u.email.V}
}

// contactRow is a contact as the database lists those of an account.
type contactRow struct {
	ID        int64    `json:"id"`
	CompanyID int64    `json:"-"`
	CreatedBy int64    `json:"createdBy"` // 0 for null
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Emails    []string `json:"emails"`
	Phones    []string `json:"phones"`
	CreatedAt int64    `json:"createdAt"`
	UpdatedAt int64    `json:"updatedAt"`
}

func fromDBContact(row contactRow) account.Contact {
	return account.Contact{
		ID:        row.ID,
		CompanyID: row.CompanyID,
		CreatedBy: row.CreatedBy,
		Name:      row.Name,
		Title:     row.Title,
		Emails:    row.Emails,
		Phones:    row.Phones,
		CreatedAt: fromDBTime(row.CreatedAt),
		UpdatedAt: fromDBTime(row.UpdatedAt),
	}
}

// toDBID stores an id of 0, which is nobody's, as NULL.
func toDBID(id int64) sql.Null[int64] { return sql.Null[int64]{V: id, Valid: id != 0} }

func fromDBTime(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// toDBOptionalTime stores the zero time as NULL.
func toDBOptionalTime(t time.Time) sql.Null[int64] {
	if t.IsZero() {
		return sql.Null[int64]{}
	}
	return sql.Null[int64]{V: t.UnixMilli(), Valid: true}
}

func fromDBOptionalTime(ms sql.Null[int64]) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return fromDBTime(ms.V)
}

// toDBList is the JSON of a list; none is an empty one.
func toDBList[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	return toDBJSON(list)
}

// fromDBList decodes a list, which is never nil.
func fromDBList[T any](text string) ([]T, error) {
	list := []T{}
	return list, fromDBJSON(text, &list)
}

// toDBObject is the JSON of a map; none is an empty one.
func toDBObject[V any, M ~map[string]V](m M) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	return toDBJSON(m)
}

func toDBJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// fromDBJSON decodes text into v. Numbers of any kind keep their text.
func fromDBJSON(text string, v any) error {
	if text == "[]" || text == "{}" {
		return nil // v is empty already
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}
