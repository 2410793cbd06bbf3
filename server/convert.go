package server

import (
	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPIUpdate converts a validated PATCH.
func FromAPIUpdate(req apiserver.UpdateAccountRequestObject) account.UpdateRequest {
	return account.UpdateRequest{
		ID:              req.AccountID,
		Patch:           FromAPIPatch(*req.JSONBody),
		Match:           FromAPIIfMatch(req.Params.IfMatch, req.AccountID),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		DryRun:          isTrue(req.Params.DryRun),
	}
}

// FromAPICreate converts a validated POST.
func FromAPICreate(req apiserver.CreateAccountRequestObject) account.CreateRequest {
	create := account.CreateRequest{
		Patch:           FromAPIPatch(asPatch(*req.Body)),
		MatchBy:         account.MatchTitle,
		Strategy:        account.StrategySkip,
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		DryRun:          isTrue(req.Params.DryRun),
	}
	if by := req.Params.MatchBy; by != nil {
		create.MatchBy = account.MatchBy(*by)
	}
	if strategy := req.Params.MatchFoundStrategy; strategy != nil {
		create.Strategy = account.Strategy(*strategy)
	}
	return create
}

// asPatch returns the patch that sets every member of a new account.
func asPatch(body api.AccountCreate) api.AccountPatch {
	patch := api.AccountPatch{
		Title:        nullable.NewNullableWithValue(body.Title),
		AccountType:  body.AccountType,
		Contacts:     body.Contacts,
		Custom:       body.Custom,
		Description:  body.Description,
		IsActive:     body.IsActive,
		Number:       body.Number,
		PrimaryEmail: body.PrimaryEmail,
		PrimaryPhone: body.PrimaryPhone,
		Size:         body.Size,
		Type:         body.Type,
		Value:        body.Value,
	}
	if body.Address != nil {
		patch.Address.Set(body.Address)
	}
	return patch
}

// FromAPIPatch converts a validated body. Times and users are echo, and left
// out.
func FromAPIPatch(body api.AccountPatch) account.Patch {
	patch := account.Patch{
		Title:        fromNullable(body.Title),
		Address:      fromNullable(body.Address),
		Description:  fromNullable(body.Description),
		Active:       fromNullable(body.IsActive),
		PrimaryEmail: fromNullable(body.PrimaryEmail),
		PrimaryPhone: fromNullable(body.PrimaryPhone),
		Number:       fromNullable(body.Number),
		Type:         fromAPIType(body.AccountType),
		TypeAlias:    fromAPIType(body.Type),
		Value:        fromNullable(body.Value),
		Size:         fromNullable(body.Size),
		Contacts:     fromNullable(body.Contacts),
		ID:           fromPointer(body.ID),
	}
	if body.Custom != nil {
		patch.Custom = account.Set(map[string]any(body.Custom))
	}
	return patch
}

// convertAll converts the items of a list.
func convertAll[From, To any](items []From, convert func(From) To) []To {
	list := make([]To, len(items))
	for i, item := range items {
		list[i] = convert(item)
	}
	return list
}

func fromPointer[T any](p *T) account.Field[T] {
	if p == nil {
		return account.Field[T]{}
	}
	return account.Set(*p)
}

func fromNullable[T any](n nullable.Nullable[T]) account.Field[T] {
	if n.IsNull() {
		return account.Null[T]()
	}
	value, err := n.Get()
	if err != nil { // It was not sent.
		return account.Field[T]{}
	}
	return account.Set(value)
}

func fromAPIType(n nullable.Nullable[api.AccountType]) account.Field[account.Type] {
	field := fromNullable(n)
	if field.IsNull() {
		return account.Null[account.Type]()
	}
	if field.IsAbsent() {
		return account.Field[account.Type]{}
	}
	return account.Set(account.Type(field.Value))
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
		Title:  textOrNull(c.Title),
		Emails: append([]string{}, c.Emails...),
		Phones: append([]string{}, c.Phones...),
	}
	return contact
}

func toAPIUser(u *account.UserRef) nullable.Nullable[api.UserSummary] {
	if u == nil {
		return nullable.NewNullNullable[api.UserSummary]()
	}
	return nullable.NewNullableWithValue(api.UserSummary{
		ID:        u.ID,
		FirstName: textOrNull(u.FirstName),
		LastName:  textOrNull(u.LastName),
		Email:     textOrNull(u.Email),
	})
}

func toNullable[T any](p *T) nullable.Nullable[T] {
	if p == nil {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*p)
}

// textOrNull is null for an empty text.
func textOrNull(s string) nullable.Nullable[string] {
	if s == "" {
		return nullable.NewNullNullable[string]()
	}
	return nullable.NewNullableWithValue(s)
}

// ToAPIFieldProblems converts the offences of a request.
func ToAPIFieldProblems(offences []account.FieldError) []api.FieldProblem {
	problems := make([]api.FieldProblem, len(offences))
	for i, offence := range offences {
		problems[i] = api.FieldProblem{
			Field:   offence.Field(),
			In:      api.FieldProblemIn(offence.In),
			Code:    api.ProblemCodeValidationError,
			Message: offence.Message,
		}
		if offence.Kind != account.KindInternal {
			problems[i].Code = kinds[offence.Kind].code
		}
		if offence.In == account.InBody {
			pointer := offence.Pointer()
			problems[i].Pointer = &pointer
		}
	}
	return problems
}
