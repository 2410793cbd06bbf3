package client

import (
	"context"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

// Properties calls the operations on properties, the definitions of the custom
// members of accounts.
type Properties struct{ c *Client }

// List returns all properties of accounts, in the order of their creation.
func (s *Properties) List(ctx context.Context) ([]Property, error) {
	params := &api.ListPropertiesParams{RecordType: []api.RecordType{api.RecordTypeAccount}}
	lists, err := answer[api.PropertyLists](s.c.raw.ListProperties(ctx, params))
	if err != nil {
		return nil, err
	}
	return lists.Account, nil
}

// Create defines a property. ErrConflict if its keyName is taken.
func (s *Properties) Create(ctx context.Context, property PropertyCreate, options ...WriteOption) (*Property, error) {
	resp, err := s.c.raw.CreateProperty(ctx, &api.CreatePropertyParams{IdempotencyKey: nameOf(options)}, property)
	return answer[Property](resp, err, http.StatusCreated)
}

// Update changes a property. ErrNotFound if there is none; ErrConflict if values
// are in the way, which Force clears.
func (s *Properties) Update(ctx context.Context, keyName string, patch PropertyPatch, options ...PropertyUpdateOption) (*Property, error) {
	params := with(api.UpdatePropertyParams{IdempotencyKey: newName()}, options, PropertyUpdateOption.updateProperty)
	return answer[Property](s.c.raw.UpdateProperty(ctx, keyName, params, patch, checkKeyName(keyName)))
}

// Delete removes a property. ErrNotFound if there is none; ErrConflict if
// accounts have values of it, which Force clears.
func (s *Properties) Delete(ctx context.Context, keyName string, options ...PropertyDeleteOption) error {
	params := with(api.DeletePropertyParams{}, options, PropertyDeleteOption.deleteProperty)
	return noContent(s.c.raw.DeleteProperty(ctx, keyName, params, checkKeyName(keyName)))
}

// checkKeyName refuses the path of all properties, before the request is sent.
func checkKeyName(keyName string) apiclient.RequestEditorFn {
	return func(context.Context, *http.Request) error {
		if keyName == "" {
			return invalid("keyName must not be empty")
		}
		return nil
	}
}
