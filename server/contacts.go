package server

import (
	"context"
	"fmt"

	"github.com/gin-gonic/gin"
	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// contactsPath is the path of contacts.
const contactsPath = basePath + "/contacts"

// ListContacts answers GET /contacts.
func (s *Server) ListContacts(ctx context.Context, req apiserver.ListContactsRequestObject) (apiserver.ListContactsResponseObject, error) {
	query, err := FromAPIContactQuery(req.Params)
	if err != nil {
		return nil, err
	}
	page, err := newPaging(orderByTime(isAscending(req.Params.OrderBy, false)), req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	query.Page = page.Page
	loaded, err := s.Contacts.List(ctx, actorOf(ctx), query)
	if err != nil {
		return nil, err
	}
	contacts, link := cutPage(ctx, page, loaded, contactPlace)
	list := apiserver.ContactListJSONResponse{Body: convertAll(contacts, ToAPIContact)}
	list.Headers.Link = link
	if isTrue(req.Params.IncludeTotal) {
		total, err := s.Contacts.Count(ctx, actorOf(ctx), query)
		if err != nil {
			return nil, err
		}
		list.Headers.XTotalCount = &total
	}
	return apiserver.ListContacts200JSONResponse{ContactListJSONResponse: list}, nil
}

func contactPlace(c account.Contact) query.Cursor {
	return query.Cursor{UpdatedAt: c.UpdatedAt, ID: c.ID}
}

func checkContacts(c *gin.Context) error {
	_, err := contact.Words(c.Query("q"))
	return err
}

// GetContact answers GET /contacts/{contactId}.
func (s *Server) GetContact(ctx context.Context, req apiserver.GetContactRequestObject) (apiserver.GetContactResponseObject, error) {
	contact, err := s.Contacts.Get(ctx, actorOf(ctx), req.ContactID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetContact200JSONResponse{ContactJSONResponse: apiserver.ContactJSONResponse{Body: ToAPIContact(contact)}}, nil
}

// CreateContact answers POST /contacts.
func (s *Server) CreateContact(ctx context.Context, _ apiserver.CreateContactRequestObject) (apiserver.CreateContactResponseObject, error) {
	answer := func(c account.Contact) apiserver.CreateContactResponseObject {
		location := fmt.Sprintf("%s%s/%d", prefixOf(ctx), contactsPath, c.ID)
		return apiserver.CreateContact201JSONResponse{CreatedContactJSONResponse: apiserver.CreatedContactJSONResponse{
			Body: ToAPIContact(c), Headers: apiserver.CreatedContactResponseHeaders{Location: &location},
		}}
	}
	mode := modeOf(ctx, false, answer, apiserver.CreateContactResponseObject.VisitCreateContactResponse)
	created, err := s.Contacts.Create(ctx, actorOf(ctx), sentBody[contact.Patch](ctx), mode)
	return answered(answer, created, err)
}

func (s *Server) refuseContact(r request, p contact.Patch) error {
	_, err := s.Contacts.Create(r, r.actor, p, write.Mode[account.Contact]{})
	return err
}

// UpdateContact answers PATCH /contacts/{contactId}.
func (s *Server) UpdateContact(ctx context.Context, req apiserver.UpdateContactRequestObject) (apiserver.UpdateContactResponseObject, error) {
	answer := func(c account.Contact) apiserver.UpdateContactResponseObject {
		return apiserver.UpdateContact200JSONResponse{ContactJSONResponse: apiserver.ContactJSONResponse{Body: ToAPIContact(c)}}
	}
	mode := modeOf(ctx, false, answer, apiserver.UpdateContactResponseObject.VisitUpdateContactResponse)
	updated, err := s.Contacts.Update(ctx, actorOf(ctx), req.ContactID, sentBody[contact.Patch](ctx), mode)
	return answered(answer, updated, err)
}

func (s *Server) refuseContactUpdate(r request, p contact.Patch) error {
	_, err := s.Contacts.Update(r, r.actor, r.id("contactId"), p, write.Mode[account.Contact]{})
	return err
}

// DeleteContact answers DELETE /contacts/{contactId}.
func (s *Server) DeleteContact(ctx context.Context, req apiserver.DeleteContactRequestObject) (apiserver.DeleteContactResponseObject, error) {
	if err := s.Contacts.Delete(ctx, actorOf(ctx), req.ContactID); err != nil {
		return nil, err
	}
	return apiserver.DeleteContact204Response{}, nil
}

// FromAPIContactQuery converts the filters of GET /contacts, without the page.
func FromAPIContactQuery(params api.ListContactsParams) (contact.Query, error) {
	words, err := contact.Words(valueOf(params.Q))
	return contact.Query{
		Words:         words,
		AccountID:     valueOf(params.AccountID),
		UpdatedAfter:  valueOf(params.UpdatedAfter).Time,
		UpdatedBefore: valueOf(params.UpdatedBefore).Time,
		Ascending:     isAscending(params.OrderBy, false),
	}, err
}

// ToAPIContact converts a contact with the accounts that it is shown with.
func ToAPIContact(c account.Contact) api.Contact {
	contact := api.Contact{
		ID:            c.ID,
		Name:          c.Name,
		Title:         orNull(c.Title),
		Emails:        append([]string{}, c.Emails...),
		Phones:        append([]string{}, c.Phones...),
		Accounts:      convertAll(c.Accounts, func(a account.AccountRef) api.AccountSummary { return api.AccountSummary(a) }),
		AccountCount:  c.AccountCount,
		CreatedByUser: nullable.NewNullNullable[api.UserReference](),
		CreatedAt:     timestamp.Of(c.CreatedAt),
		UpdatedAt:     timestamp.Of(c.UpdatedAt),
	}
	if c.CreatedBy != 0 {
		contact.CreatedByUser.Set(api.UserReference{ID: c.CreatedBy})
	}
	return contact
}
