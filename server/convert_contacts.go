package server

import (
	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPIContactQuery converts the filters of GET /contacts, without the page.
func FromAPIContactQuery(params api.ListContactsParams) (account.ContactQuery, error) {
	words, err := account.ContactWords(valueOf(params.Q))
	return account.ContactQuery{
		Words:         words,
		AccountID:     valueOf(params.AccountID),
		UpdatedAfter:  valueOf(params.UpdatedAfter).Time,
		UpdatedBefore: valueOf(params.UpdatedBefore).Time,
		Ascending:     isAscending(params.OrderBy, false),
	}, err
}

// FromAPINewContact converts a validated POST.
func FromAPINewContact(body api.ContactCreate) account.ContactPatch {
	return account.ContactPatch{
		Name:       account.Set(body.Name),
		Title:      fromNullable(body.Title),
		Emails:     fromList(body.Emails),
		Phones:     fromList(body.Phones),
		AccountIDs: fromList(body.AccountIDs),
	}
}

// FromAPIContactPatch converts a validated PATCH. Accounts, times and the user
// are echo, and left out.
func FromAPIContactPatch(body api.ContactPatch) account.ContactPatch {
	return account.ContactPatch{
		Name:       fromNullable(body.Name),
		Title:      fromNullable(body.Title),
		Emails:     fromNullable(body.Emails),
		Phones:     fromNullable(body.Phones),
		AccountIDs: fromNullable(body.AccountIDs),
		ID:         fromPointer(body.ID),
	}
}

// fromList converts a list, which is nil if it was not sent.
func fromList[T any](list []T) account.Field[[]T] {
	if list == nil {
		return account.Field[[]T]{}
	}
	return account.Set(list)
}

// ToAPIContact converts a contact with its accounts.
func ToAPIContact(c account.Contact) api.Contact {
	contact := api.Contact{
		ID:            c.ID,
		Name:          c.Name,
		Title:         textOrNull(c.Title),
		Emails:        append([]string{}, c.Emails...),
		Phones:        append([]string{}, c.Phones...),
		Accounts:      make([]api.AccountSummary, len(c.Accounts)),
		CreatedByUser: nullable.NewNullNullable[api.UserReference](),
		CreatedAt:     timestamp.Of(c.CreatedAt),
		UpdatedAt:     timestamp.Of(c.UpdatedAt),
	}
	for i, a := range c.Accounts {
		contact.Accounts[i] = api.AccountSummary{ID: a.ID, Title: a.Title}
	}
	if c.CreatedBy != 0 {
		contact.CreatedByUser.Set(api.UserReference{ID: c.CreatedBy})
	}
	return contact
}
