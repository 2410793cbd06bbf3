package server

import (
	"context"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// contactsPath is the path of contacts.
const contactsPath = basePath + "/contacts"

// ListContacts answers GET /contacts.
func (s *Server) ListContacts(ctx context.Context, req apiserver.ListContactsRequestObject) (apiserver.ListContactsResponseObject, error) {
	query, err := FromAPIContactQuery(req.Params)
	if err != nil {
		return nil, err
	}
	page, err := newPaging(byTime, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	query.Page = page.Page
	loaded, err := s.accounts.Contacts(ctx, actorOf(ctx), query)
	if err != nil {
		return nil, err
	}
	contacts, link := cutPage(ctx, page, loaded, contactPlace)
	list := apiserver.ContactListJSONResponse{Body: convertAll(contacts, ToAPIContact)}
	list.Headers.Link = link
	if isTrue(req.Params.IncludeTotal) {
		total, err := s.accounts.CountContacts(ctx, actorOf(ctx), query)
		if err != nil {
			return nil, err
		}
		list.Headers.XTotalCount = &total
	}
	return apiserver.ListContacts200JSONResponse{ContactListJSONResponse: list}, nil
}

func contactPlace(c account.Contact) account.Cursor {
	return account.Cursor{UpdatedAt: c.UpdatedAt, ID: c.ID}
}

func checkContacts(c *gin.Context, _ any) error {
	_, err := account.ContactWords(c.Query("q"))
	return err
}

// GetContact answers GET /contacts/{contactId}.
func (s *Server) GetContact(ctx context.Context, req apiserver.GetContactRequestObject) (apiserver.GetContactResponseObject, error) {
	contact, err := s.accounts.Contact(ctx, actorOf(ctx), req.ContactID)
	if err != nil {
		return nil, err
	}
	return apiserver.GetContact200JSONResponse{ContactJSONResponse: apiserver.ContactJSONResponse{Body: ToAPIContact(contact)}}, nil
}

// CreateContact answers POST /contacts.
func (s *Server) CreateContact(ctx context.Context, req apiserver.CreateContactRequestObject) (apiserver.CreateContactResponseObject, error) {
	contact, err := s.accounts.CreateContact(ctx, actorOf(ctx), FromAPINewContact(*req.Body))
	if err != nil {
		return nil, err
	}
	location := fmt.Sprintf("%s/%d", contactsPath, contact.ID)
	return apiserver.CreateContact201JSONResponse{CreatedContactJSONResponse: apiserver.CreatedContactJSONResponse{
		Body: ToAPIContact(contact), Headers: apiserver.CreatedContactResponseHeaders{Location: &location},
	}}, nil
}

// UpdateContact answers PATCH /contacts/{contactId}.
func (s *Server) UpdateContact(ctx context.Context, req apiserver.UpdateContactRequestObject) (apiserver.UpdateContactResponseObject, error) {
	contact, err := s.accounts.UpdateContact(ctx, actorOf(ctx), req.ContactID, FromAPIContactPatch(*req.JSONBody))
	if err != nil {
		return nil, err
	}
	return apiserver.UpdateContact200JSONResponse{ContactJSONResponse: apiserver.ContactJSONResponse{Body: ToAPIContact(contact)}}, nil
}

// DeleteContact answers DELETE /contacts/{contactId}.
func (s *Server) DeleteContact(ctx context.Context, req apiserver.DeleteContactRequestObject) (apiserver.DeleteContactResponseObject, error) {
	if err := s.accounts.DeleteContact(ctx, actorOf(ctx), req.ContactID); err != nil {
		return nil, err
	}
	return apiserver.DeleteContact204Response{}, nil
}
