package server

import (
	"context"
	"errors"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/oapi-codegen/runtime"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// check is an operation's handler on a dry run: it returns what is wrong with
// the query and the body, and never writes. Of both it gets what the spec does
// not object to.
type check func(c *gin.Context, body any) error

// allChecks are the checks of the operations that have one, by operationId.
func (s *Server) allChecks() map[string]check {
	return map[string]check{
		"updateAccount":       s.checkUpdate,
		"createAccount":       s.checkCreate,
		"batchUpdateAccounts": s.checkBatch,
		"listAccounts":        s.checkList,
		"searchAccounts":      s.checkSearch,
		"listChanges":         s.checkChanges,
		"listAccountChanges":  s.checkChanges,
		"listContacts":        checkContacts,
		"createContact":       try(s.trial.CreateContact, newContactRequest),
		"updateContact":       try(s.trial.UpdateContact, contactRequest),
		"createProperty":      try(s.trial.CreateProperty, newPropertyRequest),
		"updateProperty":      try(s.trial.UpdateProperty, propertyRequest),
		"inviteUser":          try(s.trial.InviteUser, invitationRequest),
		"acceptInvitation":    try(s.trial.AcceptInvitation, acceptanceRequest),
		"createKey":           try(s.trial.CreateKey, keyRequest),
	}
}

// try makes a check of a handler that writes nothing: it binds the body, and
// calls the handler with the request that is made of it.
func try[Body, Request, Response any](
	handler func(context.Context, Request) (Response, error), request func(c *gin.Context, body *Body) (Request, error),
) check {
	return func(c *gin.Context, value any) error {
		var body Body
		if err := runtime.BindJSONValue(value, &body); err != nil {
			return err
		}
		req, err := request(c, &body)
		if err != nil {
			return err
		}
		_, err = handler(c, req)
		return err
	}
}

func newContactRequest(_ *gin.Context, body *api.ContactCreate) (apiserver.CreateContactRequestObject, error) {
	return apiserver.CreateContactRequestObject{Body: body}, nil
}

func contactRequest(c *gin.Context, body *api.ContactPatch) (apiserver.UpdateContactRequestObject, error) {
	req := apiserver.UpdateContactRequestObject{JSONBody: body}
	return req, runtime.BindStringToObject(c.Param("contactId"), &req.ContactID)
}

func newPropertyRequest(_ *gin.Context, body *api.PropertyCreate) (apiserver.CreatePropertyRequestObject, error) {
	return apiserver.CreatePropertyRequestObject{Body: body}, nil
}

func propertyRequest(c *gin.Context, body *api.PropertyPatch) (apiserver.UpdatePropertyRequestObject, error) {
	force := c.Query("force") == "true"
	req := apiserver.UpdatePropertyRequestObject{KeyName: c.Param("keyName"), JSONBody: body}
	req.Params.Force = &force
	return req, nil
}

func invitationRequest(_ *gin.Context, body *api.UserInvite) (apiserver.InviteUserRequestObject, error) {
	return apiserver.InviteUserRequestObject{Body: body}, nil
}

func acceptanceRequest(_ *gin.Context, body *api.InvitationAccept) (apiserver.AcceptInvitationRequestObject, error) {
	return apiserver.AcceptInvitationRequestObject{Body: body}, nil
}

func keyRequest(_ *gin.Context, body *api.KeyCreate) (apiserver.CreateKeyRequestObject, error) {
	return apiserver.CreateKeyRequestObject{Body: body}, nil
}

func (s *Server) checkUpdate(c *gin.Context, body any) error {
	var req apiserver.UpdateAccountRequestObject
	req.JSONBody = &api.AccountPatch{}
	err := errors.Join(
		runtime.BindJSONValue(body, req.JSONBody),
		runtime.BindStringToObject(c.Param("accountId"), &req.AccountID))
	if err != nil {
		return err
	}
	dryRun, newOptions := true, c.Query("allow_new_options") == "true"
	req.Params = api.UpdateAccountParams{DryRun: &dryRun, AllowNewOptions: &newOptions}
	_, err = s.UpdateAccount(c.Copy(), req)
	return err
}

func (s *Server) checkCreate(c *gin.Context, body any) error {
	var req apiserver.CreateAccountRequestObject
	req.Body = &api.AccountCreate{}
	if err := runtime.BindJSONValue(body, req.Body); err != nil {
		return err
	}
	dryRun, newOptions, matchBy := true, c.Query("allow_new_options") == "true", api.MatchMemberNone
	req.Params = api.CreateAccountParams{DryRun: &dryRun, AllowNewOptions: &newOptions, MatchBy: &matchBy}
	_, err := s.CreateAccount(c.Copy(), req)
	return err
}

// furtherOffences lets the operation check the members that the spec does not
// object to. It never writes.
func (s *Server) furtherOffences(c *gin.Context, op *operation, value any, found []account.FieldError) []account.FieldError {
	check := s.checks[op.id]
	if check == nil {
		return nil
	}
	for _, offence := range found {
		if offence.In == account.InPath {
			return nil // There is no record to check against.
		}
	}
	e, ok := errors.AsType[*account.Error](check(pruneQuery(c, found), prune(value, found)))
	if !ok {
		return nil
	}
	return e.Fields
}

// pruneQuery returns the request without the parameters that offences are about.
func pruneQuery(c *gin.Context, offences []account.FieldError) *gin.Context {
	query := c.Request.URL.Query()
	for _, offence := range offences {
		if offence.In == account.InQuery {
			query.Del(offence.Path[0])
		}
	}
	url, request := *c.Request.URL, *c.Request
	url.RawQuery = query.Encode()
	request.URL = &url
	pruned := c.Copy()
	pruned.Request = &request
	return pruned
}

// prune returns a copy of value without what offences point at.
func prune(value any, offences []account.FieldError) any {
	value = copyValue(value)
	for _, offence := range offences {
		if offence.In == account.InBody {
			remove(value, offence.Path)
		}
	}
	return value
}

func copyValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = copyValue(member)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = copyValue(item)
		}
		return list
	}
	return value
}

// remove takes what is at the path out of value. It returns false if that is
// value itself, or an item of a list that is not an object: it has to go with all
// of value, since the indexes of the others must stay true.
func remove(value any, path []string) bool {
	if len(path) == 0 {
		return false
	}
	switch v := value.(type) {
	case map[string]any:
		if !remove(v[path[0]], path[1:]) {
			delete(v, path[0])
		}
		return true
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(v) {
			return false
		}
		_, isObject := v[i].(map[string]any)
		return isObject && remove(v[i], path[1:])
	}
	return false
}
