package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

// Contacts calls the operations on contacts.
type Contacts struct{ c *Client }

// Get returns a contact. ErrNotFound if there is none.
func (s *Contacts) Get(ctx context.Context, id int64) (*Contact, error) {
	if err := checkID("contact", id); err != nil {
		return nil, err
	}
	resp, err := s.c.raw.GetContact(ctx, id)
	return oneContact(resp, err, http.StatusOK)
}

// List iterates over the contacts that a filter selects, page by page. An error
// is the last item.
func (s *Contacts) List(ctx context.Context, filter ContactFilter) iter.Seq2[Contact, error] {
	return s.listed(filter).all(ctx)
}

// Page returns the first page of what List iterates over.
func (s *Contacts) Page(ctx context.Context, filter ContactFilter) (*Page[Contact], error) {
	return s.listed(filter)(ctx, "")
}

func (s *Contacts) listed(filter ContactFilter) fetch[Contact] {
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListContacts(ctx, filter.params(), editors...)
	}, whole[Contact])
}

// Create creates a contact.
func (s *Contacts) Create(ctx context.Context, contact ContactCreate, options ...WriteOption) (*Contact, error) {
	body, err := write(contact)
	if err != nil {
		return nil, err
	}
	o := collect(options, WriteOption.write)
	params := &api.CreateContactParams{IdempotencyKey: o.once()}
	resp, sendErr := s.c.raw.CreateContactWithBody(ctx, params, jsonType, body)
	return oneContact(resp, sendErr, http.StatusCreated)
}

// Update changes the members that the patch holds, and returns the contact as it
// is then. ErrNotFound if there is none.
func (s *Contacts) Update(ctx context.Context, id int64, patch ContactPatch, options ...WriteOption) (*Contact, error) {
	if err := checkID("contact", id); err != nil {
		return nil, err
	}
	body, err := write(patch)
	if err != nil {
		return nil, err
	}
	o := collect(options, WriteOption.write)
	params := &api.UpdateContactParams{IdempotencyKey: o.once()}
	resp, sendErr := s.c.raw.UpdateContactWithBody(ctx, id, params, jsonType, body)
	return oneContact(resp, sendErr, http.StatusOK)
}

// Delete removes a contact, and unlinks it everywhere. ErrNotFound if there is
// none.
func (s *Contacts) Delete(ctx context.Context, id int64) error {
	if err := checkID("contact", id); err != nil {
		return err
	}
	return noContent(s.c.raw.DeleteContact(ctx, id))
}

func oneContact(resp *http.Response, err error, declared ...int) (*Contact, error) {
	return identified(func(c *Contact) int64 { return c.ID }, resp, err, declared...)
}
