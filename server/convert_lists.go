package server

import (
	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPIListFilters converts the filters of GET /accounts.
func FromAPIListFilters(params api.ListAccountsParams) account.ListFilters {
	filters := account.ListFilters{
		Words:        valueOf(params.Q),
		Title:        valueOf(params.Title),
		Address:      valueOf(params.Address),
		PrimaryName:  valueOf(params.PrimaryName),
		PrimaryEmail: valueOf(params.PrimaryEmail),
		PrimaryPhone: valueOf(params.PrimaryPhone),
	}
	filters.UpdatedAfter = valueOf(params.UpdatedAfter).Time
	filters.UpdatedBefore = valueOf(params.UpdatedBefore).Time
	return filters
}

// FromAPISearch converts the tests of GET /accounts/search. either tells whether
// one of them is enough.
func FromAPISearch(params api.SearchAccountsParams) (tests [2]account.Test, either bool) {
	tests[0] = account.Test{Member: params.Prop1, Operator: account.Operator(params.Op1), Value: params.Value1}
	tests[1] = account.Test{
		Member:   valueOf(params.Prop2),
		Operator: account.Operator(valueOf(params.Op2)),
		Value:    valueOf(params.Value2),
	}
	return tests, valueOf(params.Logic) == api.SearchLogicOr
}

// FromAPIBatch converts a validated batch.
func FromAPIBatch(req apiserver.BatchUpdateAccountsRequestObject) account.BatchRequest {
	batch := account.BatchRequest{
		Updates:         make([]account.BatchUpdate, len(req.Body.Updates)),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		DryRun:          isTrue(req.Params.DryRun),
	}
	for i, update := range req.Body.Updates {
		batch.Updates[i] = account.BatchUpdate{
			ID:    update.ID,
			Patch: FromAPIPatch(update.Set),
		}
		if update.IfMatch != "" {
			batch.Updates[i].Match = FromAPIIfMatch(&update.IfMatch, update.ID)
		}
	}
	return batch
}

// valueOf is what a parameter holds; the zero value if it was not sent.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// ToAPIAccounts converts accounts, with their contacts or without.
func ToAPIAccounts(accounts []account.Account, contacts bool) []api.Account {
	list := make([]api.Account, len(accounts))
	for i, a := range accounts {
		list[i] = ToAPIAccount(a)
		if !contacts {
			list[i].Contacts = nil
		}
	}
	return list
}

// ToAPIChanges converts entries of a history.
func ToAPIChanges(entries []account.HistoryEntry) []api.Change {
	changes := make([]api.Change, len(entries))
	for i, e := range entries {
		changes[i] = api.Change{
			Sequence:  formatSequence(e.Sequence),
			AccountID: e.AccountID,
			Kind:      api.ChangeKind(e.Kind),
			Version:   e.Version,
			At:        timestamp.Of(e.At),
			Actor:     toAPIActor(e),
			Fields:    make(map[string]api.FieldChange, len(e.Fields)),
		}
		for member, change := range e.Fields {
			changes[i].Fields[member] = api.FieldChange(change)
		}
	}
	return changes
}

func toAPIActor(e account.HistoryEntry) nullable.Nullable[api.Actor] {
	if e.UserID == 0 && e.KeyID == 0 && e.Email == "" {
		return nullable.NewNullNullable[api.Actor]()
	}
	return nullable.NewNullableWithValue(api.Actor{
		UserID: idOrNull(e.UserID),
		KeyID:  idOrNull(e.KeyID),
		Email:  textOrNull(e.Email),
	})
}

// idOrNull is null for no id.
func idOrNull(id int64) nullable.Nullable[int64] {
	if id == 0 {
		return nullable.NewNullNullable[int64]()
	}
	return nullable.NewNullableWithValue(id)
}
