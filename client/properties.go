package client

import (
	"context"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Properties calls the operations on properties, the definitions of the custom
// members of accounts.
type Properties struct{ c *Client }

// List returns all properties of accounts, in the order of their creation.
func (s *Properties) List(ctx context.Context) ([]Property, error) {
	params := &api.ListPropertiesParams{RecordType: []api.RecordType{api.RecordTypeAccount}}
	lists, err := found[api.PropertyLists](s.c.raw.ListProperties(ctx, params))
	if err != nil {
		return nil, err
	}
	return lists.Account, nil
}

// Create defines a property. ErrConflict if its keyName is taken.
func (s *Properties) Create(ctx context.Context, property PropertyCreate, options ...WriteOption) (*Property, error) {
	body, err := write(property)
	if err != nil {
		return nil, err
	}
	o := collect(options, WriteOption.write)
	params := &api.CreatePropertyParams{IdempotencyKey: o.once()}
	resp, sendErr := s.c.raw.CreatePropertyWithBody(ctx, params, jsonType, body)
	return answer[Property](resp, sendErr, http.StatusCreated)
}

// Update changes a property. ErrNotFound if there is none; ErrConflict if values
// are in the way, which Force clears.
func (s *Properties) Update(ctx context.Context, keyName string, patch PropertyPatch, options ...PropertyUpdateOption) (*Property, error) {
	if keyName == "" {
		return nil, invalid("keyName must not be empty")
	}
	body, err := write(patch)
	if err != nil {
		return nil, err
	}
	o := collect(options, PropertyUpdateOption.updateProperty)
	params := &api.UpdatePropertyParams{Force: o.force, IdempotencyKey: o.once()}
	return found[Property](s.c.raw.UpdatePropertyWithBody(ctx, keyName, params, jsonType, body))
}

// Delete removes a property. ErrNotFound if there is none; ErrConflict if
// accounts have values of it, which Force clears.
func (s *Properties) Delete(ctx context.Context, keyName string, options ...PropertyDeleteOption) error {
	if keyName == "" {
		return invalid("keyName must not be empty")
	}
	o := collect(options, PropertyDeleteOption.deleteProperty)
	return noContent(s.c.raw.DeleteProperty(ctx, keyName, &api.DeletePropertyParams{Force: o.force}))
}
