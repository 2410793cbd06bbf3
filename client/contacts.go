package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Contacts calls the operations on contacts.
type Contacts struct{ c *Client }

// Get returns a contact. ErrNotFound if there is none.
func (s *Contacts) Get(ctx context.Context, id int64) (*Contact, error) {
	return oneContact(s.c.raw.GetContact(ctx, id, nil, checkIDs("contact", id)))
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
	return list(s.c.raw.ListContacts, filter.params(), whole[Contact])
}

// Create creates a contact.
func (s *Contacts) Create(ctx context.Context, contact ContactCreate, options ...WriteOption) (*Contact, error) {
	resp, err := s.c.raw.CreateContact(ctx, &api.CreateContactParams{IdempotencyKey: nameOf(options)}, contact)
	return oneContact(resp, err, http.StatusCreated)
}

// Update changes the members that the patch holds, and returns the contact as it
// is then. ErrNotFound if there is none.
func (s *Contacts) Update(ctx context.Context, id int64, patch ContactPatch, options ...WriteOption) (*Contact, error) {
	params := &api.UpdateContactParams{IdempotencyKey: nameOf(options)}
	return oneContact(s.c.raw.UpdateContact(ctx, id, params, patch, checkIDs("contact", id)))
}

// Delete removes a contact, and unlinks it everywhere. ErrNotFound if there is
// none.
func (s *Contacts) Delete(ctx context.Context, id int64) error {
	return noContent(s.c.raw.DeleteContact(ctx, id, nil, checkIDs("contact", id)))
}

func oneContact(resp *http.Response, err error, declared ...int) (*Contact, error) {
	return identified(func(c *Contact) int64 { return c.ID }, resp, err, declared...)
}
