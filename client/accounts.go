package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

const jsonType = "application/json"

// Accounts calls the operations on accounts.
type Accounts struct{ c *Client }

// Get returns an account. ErrNotFound if there is none; an archived one is found
// only with IncludeArchived.
func (s *Accounts) Get(ctx context.Context, id int64, options ...GetOption) (*Account, error) {
	if err := checkID("account", id); err != nil {
		return nil, err
	}
	o := collect(options, GetOption.get)
	resp, err := s.c.raw.GetAccount(ctx, id, &api.GetAccountParams{
		IncludeContacts: o.includeContacts,
		IncludeArchived: o.includeArchived,
		IfNoneMatch:     o.ifNoneMatch,
	})
	return oneAccount(resp, err, http.StatusOK)
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
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListAccounts(ctx, filter.params(), editors...)
	}, whole[Account])
}

// Search iterates over the accounts that pass a search, page by page. An error
// is the last item.
func (s *Accounts) Search(ctx context.Context, search AccountSearch) iter.Seq2[Account, error] {
	get, err := s.searched(search)
	if err != nil {
		return fails[Account](err)
	}
	return get.all(ctx)
}

// SearchPage returns the first page of what Search iterates over.
func (s *Accounts) SearchPage(ctx context.Context, search AccountSearch) (*Page[Account], error) {
	get, err := s.searched(search)
	if err != nil {
		return nil, err
	}
	return get(ctx, "")
}

func (s *Accounts) searched(search AccountSearch) (fetch[Account], *Error) {
	params, err := search.params()
	if err != nil {
		return nil, err
	}
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.SearchAccounts(ctx, params, editors...)
	}, whole[Account]), nil
}

// CreatedAccount is what Create came to.
type CreatedAccount struct {
	Account

	// Created is false if an account that was there matched.
	Created bool
}

// Create creates an account, or finds the one that it would duplicate.
func (s *Accounts) Create(ctx context.Context, account AccountCreate, options ...CreateOption) (*CreatedAccount, error) {
	body, err := write(account)
	if err != nil {
		return nil, err
	}
	o := collect(options, CreateOption.create)
	resp, sendErr := s.c.raw.CreateAccountWithBody(ctx, &api.CreateAccountParams{
		AllowNewOptions:    o.allowNewOptions,
		DryRun:             o.dryRun,
		MatchBy:            o.matchBy,
		MatchFoundStrategy: o.matchStrategy,
		IdempotencyKey:     o.once(),
	}, jsonType, body)
	made, sendErr := oneAccount(resp, sendErr, http.StatusOK, http.StatusCreated)
	if sendErr != nil {
		return nil, sendErr
	}
	return &CreatedAccount{Account: *made, Created: resp.StatusCode == http.StatusCreated}, nil
}

// Update changes the members that the patch holds, and returns the account as it
// is then, with its contacts. ErrInvalid with all offences, ErrNotFound,
// ErrConflict for a number that is taken, ErrPrecondition with IfMatch.
func (s *Accounts) Update(ctx context.Context, id int64, patch AccountPatch, options ...UpdateOption) (*Account, error) {
	if err := checkID("account", id); err != nil {
		return nil, err
	}
	body, err := write(patch)
	if err != nil {
		return nil, err
	}
	o := collect(options, UpdateOption.update)
	resp, sendErr := s.c.raw.UpdateAccountWithBody(ctx, id, &api.UpdateAccountParams{
		AllowNewOptions: o.allowNewOptions,
		DryRun:          o.dryRun,
		IfMatch:         o.ifMatch,
		IdempotencyKey:  o.once(),
	}, jsonType, body)
	return oneAccount(resp, sendErr, http.StatusOK)
}

// Delete removes an account for good. ErrNotFound if there is none.
func (s *Accounts) Delete(ctx context.Context, id int64, options ...DeleteOption) error {
	if err := checkID("account", id); err != nil {
		return err
	}
	o := collect(options, DeleteOption.remove)
	return noContent(s.c.raw.DeleteAccount(ctx, id, &api.DeleteAccountParams{IfMatch: o.ifMatch}))
}

// Batch carries out up to 500 updates in order, all of them or none, and returns
// the accounts as they are then. Errors point at the update, as in
// /updates/3/set/title.
func (s *Accounts) Batch(ctx context.Context, updates []BatchUpdate, options ...BatchOption) ([]Account, error) {
	if len(updates) == 0 {
		return nil, invalid("a batch must contain an update")
	}
	for _, update := range updates {
		if err := checkID("account", update.ID); err != nil {
			return nil, err
		}
	}
	body, err := write(map[string]any{"updates": updates})
	if err != nil {
		return nil, err
	}
	o := collect(options, BatchOption.batch)
	result, sendErr := found[batchResult](s.c.raw.BatchUpdateAccountsWithBody(ctx, &api.BatchUpdateAccountsParams{
		AllowNewOptions: o.allowNewOptions,
		DryRun:          o.dryRun,
		IdempotencyKey:  o.once(),
	}, jsonType, body))
	if sendErr != nil {
		return nil, sendErr
	}
	return result.Accounts, nil
}

type batchResult struct {
	Accounts []Account `json:"accounts"`
}

// History iterates over the changes of an account, the latest first. It works
// for a deleted account too.
func (s *Accounts) History(ctx context.Context, id int64) iter.Seq2[Change, error] {
	if err := checkID("account", id); err != nil {
		return fails[Change](err)
	}
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListAccountChanges(ctx, id, &api.ListAccountChangesParams{PageSize: pageSize(0)}, editors...)
	}, changes).all(ctx)
}

// Changes iterates over the changes of all accounts in the order in which they
// took effect, the earliest first, until the last one so far. after is the
// Sequence of the last change that is known; with "" it starts with the first.
// A copy that applies all of them, and asks again later, misses nothing.
func (s *Accounts) Changes(ctx context.Context, after string) iter.Seq2[Change, error] {
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListChanges(ctx, &api.ListChangesParams{After: optional(after), PageSize: pageSize(0)}, editors...)
	}, changes).all(ctx)
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

// checkID refuses the id of no record, which is most often one that was never
// set.
func checkID(record string, id int64) *Error {
	if id < 1 {
		return invalid("%s id must be at least 1; got %d", record, id)
	}
	return nil
}

// write returns a body that can be sent again.
func write(value any) (io.Reader, *Error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, invalid("the body cannot be written: %v", err)
	}
	return bytes.NewReader(body), nil
}
