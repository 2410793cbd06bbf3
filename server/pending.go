package server

import (
	"context"
	"errors"

	"github.com/accountsd/accountsd/gen/apiserver"
)

// This file holds operations that are being written. It is gone before the
// change is done.

var errPending = errors.New("not written yet")

func (s *Server) ListKeys(context.Context, apiserver.ListKeysRequestObject) (apiserver.ListKeysResponseObject, error) {
	return nil, errPending
}

func (s *Server) CreateKey(context.Context, apiserver.CreateKeyRequestObject) (apiserver.CreateKeyResponseObject, error) {
	return nil, errPending
}

func (s *Server) RevokeKey(context.Context, apiserver.RevokeKeyRequestObject) (apiserver.RevokeKeyResponseObject, error) {
	return nil, errPending
}

func (s *Server) ListContacts(context.Context, apiserver.ListContactsRequestObject) (apiserver.ListContactsResponseObject, error) {
	return nil, errPending
}

func (s *Server) CreateContact(context.Context, apiserver.CreateContactRequestObject) (apiserver.CreateContactResponseObject, error) {
	return nil, errPending
}

func (s *Server) DeleteContact(context.Context, apiserver.DeleteContactRequestObject) (apiserver.DeleteContactResponseObject, error) {
	return nil, errPending
}

func (s *Server) GetContact(context.Context, apiserver.GetContactRequestObject) (apiserver.GetContactResponseObject, error) {
	return nil, errPending
}

func (s *Server) UpdateContact(context.Context, apiserver.UpdateContactRequestObject) (apiserver.UpdateContactResponseObject, error) {
	return nil, errPending
}

func (s *Server) ListProperties(context.Context, apiserver.ListPropertiesRequestObject) (apiserver.ListPropertiesResponseObject, error) {
	return nil, errPending
}

func (s *Server) CreateProperty(context.Context, apiserver.CreatePropertyRequestObject) (apiserver.CreatePropertyResponseObject, error) {
	return nil, errPending
}

func (s *Server) DeleteProperty(context.Context, apiserver.DeletePropertyRequestObject) (apiserver.DeletePropertyResponseObject, error) {
	return nil, errPending
}

func (s *Server) UpdateProperty(context.Context, apiserver.UpdatePropertyRequestObject) (apiserver.UpdatePropertyResponseObject, error) {
	return nil, errPending
}

func (s *Server) ListUsers(context.Context, apiserver.ListUsersRequestObject) (apiserver.ListUsersResponseObject, error) {
	return nil, errPending
}

func (s *Server) InviteUser(context.Context, apiserver.InviteUserRequestObject) (apiserver.InviteUserResponseObject, error) {
	return nil, errPending
}

func (s *Server) AcceptInvitation(context.Context, apiserver.AcceptInvitationRequestObject) (apiserver.AcceptInvitationResponseObject, error) {
	return nil, errPending
}
