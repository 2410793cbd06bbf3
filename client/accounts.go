package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

// Accounts calls the operations on accounts.
type Accounts struct{ c *Client }

// Get returns an account. ErrNotFound if there is none; an archived one is found
// only with IncludeArchived.
func (s *Accounts) Get(ctx context.Context, id int64, options ...GetOption) (*Account, error) {
	params := with(api.GetAccountParams{}, options, GetOption.get)
	return oneAccount(s.c.raw.GetAccount(ctx, id, params, checkIDs("account", id)))
}

// GetBy returns the account that has a value of a unique property, which no other one
// has. ErrNotFound if none has it; an archived one is found only with IncludeArchived.
func (s *Accounts) GetBy(ctx context.Context, keyName, value string, options ...GetOption) (*Account, error) {
	read := with(api.GetAccountParams{}, options, GetOption.get)
	params := &api.GetAccountByParams{IncludeContacts: read.IncludeContacts, IncludeArchived: read.IncludeArchived, IfNoneMatch: read.IfNoneMatch}
	if read.At != nil {
		return nil, invalid("an account of the past is found by its id, not by %s", keyName)
	}
	if value == "" || value == "." || value == ".." {
		return nil, invalid("value must not be empty, nor a step of a path; got %q", value)
	}
	return oneAccount(s.c.raw.GetAccountBy(ctx, keyName, value, params, checkKeyName(keyName)))
}

// List iterates over the accounts that a filter selects, page by page. Accounts
// that do not change meanwhile come exactly once. An error is the last item.
func (s *Accounts) List(ctx context.Context, filter AccountFilter) iter.Seq2[Account, error] {
	return s.listed(filter).all(ctx)
}

// Page returns the first page of what List iterates over.
func (s *Accounts) Page(ctx context.Context, filter AccountFilter) (*Page[Account], error) {
	return s.listed(filter)(ctx, "")
}

func (s *Accounts) listed(filter AccountFilter) fetch[Account] {
	return list(s.c.raw.ListAccounts, filter.params(), whole[Account])
}

// Search iterates over the accounts that pass a search, page by page. An error
// is the last item.
func (s *Accounts) Search(ctx context.Context, search AccountSearch) iter.Seq2[Account, error] {
	return s.searched(search).all(ctx)
}

// SearchPage returns the first page of what Search iterates over.
func (s *Accounts) SearchPage(ctx context.Context, search AccountSearch) (*Page[Account], error) {
	return s.searched(search)(ctx, "")
}

func (s *Accounts) searched(search AccountSearch) fetch[Account] {
	return list(s.c.raw.SearchAccounts, search.params(), whole[Account], search.check)
}

// CreatedAccount is what Create came to.
type CreatedAccount struct {
	Account

	// Created is false if an account that was there matched.
	Created bool
}

// Create creates an account, or finds the one that it would duplicate.
func (s *Accounts) Create(ctx context.Context, account AccountCreate, options ...CreateOption) (*CreatedAccount, error) {
	params := with(api.CreateAccountParams{IdempotencyKey: newName()}, options, CreateOption.create)
	resp, err := s.c.raw.CreateAccount(ctx, params, account)
	made, err := oneAccount(resp, err, http.StatusOK, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	return &CreatedAccount{Account: *made, Created: resp.StatusCode == http.StatusCreated}, nil
}

// Update changes the members that the patch holds, and returns the account as it
// is then, with its contacts. ErrInvalid with all offences, ErrNotFound,
// ErrConflict for a number that is taken, ErrPrecondition with IfMatch; [Merge]
// makes it rarer.
func (s *Accounts) Update(ctx context.Context, id int64, patch AccountPatch, options ...UpdateOption) (*Account, error) {
	params := with(api.UpdateAccountParams{IdempotencyKey: newName()}, options, UpdateOption.update)
	return oneAccount(s.c.raw.UpdateAccount(ctx, id, params, patch, checkIDs("account", id)))
}

// Delete removes an account, until [Accounts.Undelete] brings it back. ErrNotFound if there is none.
func (s *Accounts) Delete(ctx context.Context, id int64, options ...DeleteOption) error {
	params := with(api.DeleteAccountParams{}, options, DeleteOption.remove)
	return noContent(s.c.raw.DeleteAccount(ctx, id, params, checkIDs("account", id)))
}

// Batch carries out up to 500 updates in order, all of them or none, and returns
// the accounts as they are then. Errors point at the update, as in
// /updates/3/set/title.
func (s *Accounts) Batch(ctx context.Context, updates []BatchUpdate, options ...BatchOption) ([]Account, error) {
	if len(updates) == 0 {
		return nil, invalid("a batch must contain an update")
	}
	ids := make([]int64, len(updates))
	for i, update := range updates {
		ids[i] = update.ID
	}
	params := with(api.BatchUpdateAccountsParams{IdempotencyKey: newName()}, options, BatchOption.batch)
	result, err := answer[batchResult](s.c.raw.BatchUpdateAccounts(ctx, params, api.AccountBatch{Updates: updates}, checkIDs("account", ids...)))
	if err != nil {
		return nil, err
	}
	return result.Accounts, nil
}

type batchResult struct {
	Accounts []Account `json:"accounts"`
	Receipts []Receipt `json:"receipts"`
}

// BatchItems creates, updates and upserts up to 500 accounts in order, and returns a
// receipt for each. It is all of them or none, and errors point at the item, as in
// /items/3/upsert/title; with Each, an item that fails does so for itself, and its
// receipt says why.
func (s *Accounts) BatchItems(ctx context.Context, items []BatchItem, options ...BatchOption) ([]Receipt, error) {
	if len(items) == 0 {
		return nil, invalid("a batch must contain an item")
	}
	params := with(api.BatchUpdateAccountsParams{IdempotencyKey: newName()}, options, BatchOption.batch)
	result, err := answer[batchResult](s.c.raw.BatchUpdateAccounts(ctx, params, api.AccountBatch{Items: items}))
	if err != nil {
		return nil, err
	}
	return result.Receipts, nil
}

// History iterates over the changes of an account, the latest first. It works
// for a deleted account too.
func (s *Accounts) History(ctx context.Context, id int64) iter.Seq2[Change, error] {
	return s.history(ctx, id, false)
}

// MergedHistory is History, with the changes of the accounts that were merged into it.
func (s *Accounts) MergedHistory(ctx context.Context, id int64) iter.Seq2[Change, error] {
	return s.history(ctx, id, true)
}

func (s *Accounts) history(ctx context.Context, id int64, merged bool) iter.Seq2[Change, error] {
	send := func(ctx context.Context, params *api.ListAccountChangesParams, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListAccountChanges(ctx, id, params, editors...)
	}
	return list(send, &api.ListAccountChangesParams{IncludeMerged: optional(merged), PageSize: new(maxPageSize)}, changes, checkIDs("account", id)).all(ctx)
}

// Changes iterates over the changes of all accounts in the order in which they
// took effect, the earliest first, until the last one so far. after is the
// Sequence of the last change that is known; with "" it starts with the first.
// A copy that applies all of them, and asks again later, misses nothing.
func (s *Accounts) Changes(ctx context.Context, after string) iter.Seq2[Change, error] {
	return list(s.c.raw.ListChanges, &api.ListChangesParams{After: optional(after), PageSize: new(maxPageSize)}, changes).all(ctx)
}

func changes(page *api.ChangeList) []Change { return page.Changes }

func whole[T any](page *[]T) []T { return *page }

// oneAccount reads an answer that is an account.
func oneAccount(resp *http.Response, err error, declared ...int) (*Account, error) {
	account, err := identified(func(a *Account) int64 { return a.ID }, resp, err, declared...)
	if err != nil {
		return nil, err
	}
	account.ETag = resp.Header.Get("ETag")
	return account, nil
}

// checkIDs refuses the id of no record, which is most often one that was never
// set, before the request is sent.
func checkIDs(record string, ids ...int64) apiclient.RequestEditorFn {
	return func(context.Context, *http.Request) error {
		for _, id := range ids {
			if id < 1 {
				return invalid("%s id must be at least 1; got %d", record, id)
			}
		}
		return nil
	}
}
