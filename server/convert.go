package server

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// convertAll converts the items of a list.
func convertAll[From, To any](items []From, convert func(From) To) []To {
	list := make([]To, len(items))
	for i, item := range items {
		list[i] = convert(item)
	}
	return list
}

// ToAPIAccount converts an account with its contacts.
func ToAPIAccount(a account.Account) api.Account {
	contacts := make([]api.AccountContact, len(a.Contacts))
	for i, c := range a.Contacts {
		contacts[i] = ToAPIAccountContact(c)
	}
	body := api.Account{
		ID:           a.ID,
		CreatedAt:    timestamp.Of(a.CreatedAt),
		UpdatedAt:    timestamp.Of(a.UpdatedAt),
		Title:        a.Title,
		Description:  toNullable(a.Description),
		Address:      a.Address,
		IsActive:     a.Active,
		PrimaryEmail: toNullable(a.PrimaryEmail),
		PrimaryPhone: toNullable(a.PrimaryPhone),
		Number:       a.Number,
		Custom:       api.CustomValues(a.Custom),
		AccountType:  nullable.NewNullNullable[api.AccountType](),
		Contacts:     &contacts,
		CreatedBy:    toAPIUser(a.CreatedBy),
		UpdatedBy:    toAPIUser(a.UpdatedBy),
	}
	if a.Type != nil {
		body.AccountType.Set(api.AccountType(*a.Type))
	}
	// These two are part of an account only once they are set.
	if a.Value != nil {
		body.Value.Set(*a.Value)
	}
	if a.Size != nil {
		body.Size.Set(*a.Size)
	}
	return body
}

// ToAPIAccountContact converts a contact as an account shows it.
func ToAPIAccountContact(c account.Contact) api.AccountContact {
	contact := api.AccountContact{
		ID:     c.ID,
		Name:   c.Name,
		Title:  orNull(c.Title),
		Emails: append([]string{}, c.Emails...),
		Phones: append([]string{}, c.Phones...),
	}
	return contact
}

func toAPIUser(u *identity.UserRef) nullable.Nullable[api.UserSummary] {
	if u == nil {
		return nullable.NewNullNullable[api.UserSummary]()
	}
	return nullable.NewNullableWithValue(api.UserSummary{
		ID:        u.ID,
		FirstName: u.FirstName,
		LastName:  u.LastName,
		Email:     orNull(u.Email),
	})
}

func toNullable[T any](p *T) nullable.Nullable[T] {
	if p == nil {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*p)
}

// orNull is null for the zero value, which stands for none.
func orNull[T comparable](value T) nullable.Nullable[T] {
	var none T
	if value == none {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(value)
}

// ToAPIFieldProblems converts the offences of a request.
func ToAPIFieldProblems(offences []fault.Offence) []api.FieldProblem {
	problems := make([]api.FieldProblem, len(offences))
	for i, offence := range offences {
		problems[i] = api.FieldProblem{
			Field:   offence.Field(),
			In:      api.FieldProblemIn(offence.In),
			Code:    api.ProblemCodeValidationError,
			Message: offence.Message,
		}
		if offence.Kind != fault.KindInternal {
			problems[i].Code = kinds[offence.Kind].code
		}
		if offence.In == fault.InBody {
			pointer := offence.Pointer()
			problems[i].Pointer = &pointer
		}
	}
	return problems
}

// timeOrNull is null for the zero time.
func timeOrNull(t time.Time) nullable.Nullable[timestamp.Time] {
	if t.IsZero() {
		return nullable.NewNullNullable[timestamp.Time]()
	}
	return nullable.NewNullableWithValue(timestamp.Of(t))
}
