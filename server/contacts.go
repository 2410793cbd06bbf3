package server

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/gen/apiserver"
)

// contactsPath is the path of contacts.
const contactsPath = basePath + "/contacts"

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
