package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/apiserver"
)

// propertiesPath is the path of properties.
const propertiesPath = basePath + "/properties"

// ListProperties answers GET /properties. All kinds of records that can be asked
// for have the same properties, so the answer is the same for all.
func (s *Server) ListProperties(ctx context.Context, _ apiserver.ListPropertiesRequestObject) (apiserver.ListPropertiesResponseObject, error) {
	properties, err := s.accounts.Properties(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.ListProperties200JSONResponse{PropertyListsJSONResponse: apiserver.PropertyListsJSONResponse{
		Body: ToAPIPropertyLists(properties),
	}}, nil
}

// CreateProperty answers POST /properties.
func (s *Server) CreateProperty(ctx context.Context, req apiserver.CreatePropertyRequestObject) (apiserver.CreatePropertyResponseObject, error) {
	property, err := s.accounts.CreateProperty(ctx, FromAPINewProperty(*req.Body, actorOf(ctx)))
	if err != nil {
		return nil, err
	}
	location := propertiesPath + "/" + property.Key
	return apiserver.CreateProperty201JSONResponse{CreatedPropertyJSONResponse: apiserver.CreatedPropertyJSONResponse{
		Body: ToAPIProperty(property), Headers: apiserver.CreatedPropertyResponseHeaders{Location: &location},
	}}, nil
}

// UpdateProperty answers PATCH /properties/{keyName}.
func (s *Server) UpdateProperty(ctx context.Context, req apiserver.UpdatePropertyRequestObject) (apiserver.UpdatePropertyResponseObject, error) {
	patch := FromAPIPropertyPatch(*req.JSONBody)
	property, err := s.accounts.UpdateProperty(ctx, actorOf(ctx), req.KeyName, patch, isTrue(req.Params.Force))
	if err != nil {
		return nil, err
	}
	return apiserver.UpdateProperty200JSONResponse{PropertyJSONResponse: apiserver.PropertyJSONResponse{Body: ToAPIProperty(property)}}, nil
}

// DeleteProperty answers DELETE /properties/{keyName}.
func (s *Server) DeleteProperty(ctx context.Context, req apiserver.DeletePropertyRequestObject) (apiserver.DeletePropertyResponseObject, error) {
	if err := s.accounts.DeleteProperty(ctx, actorOf(ctx), req.KeyName, isTrue(req.Params.Force)); err != nil {
		return nil, err
	}
	return apiserver.DeleteProperty204Response{}, nil
}
