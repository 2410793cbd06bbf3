package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// propertiesPath is the path of properties.
const propertiesPath = basePath + "/properties"

// ListProperties answers GET /properties. All kinds of records that can be asked
// for have the same properties, so the answer is the same for all.
func (s *Server) ListProperties(ctx context.Context, _ apiserver.ListPropertiesRequestObject) (apiserver.ListPropertiesResponseObject, error) {
	properties, err := s.Properties.List(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.ListProperties200JSONResponse{PropertyListsJSONResponse: apiserver.PropertyListsJSONResponse{
		Body: ToAPIPropertyLists(properties),
	}}, nil
}

// CreateProperty answers POST /properties.
func (s *Server) CreateProperty(ctx context.Context, _ apiserver.CreatePropertyRequestObject) (apiserver.CreatePropertyResponseObject, error) {
	answer := func(p schema.Property) apiserver.CreatePropertyResponseObject {
		location := prefixOf(ctx) + propertiesPath + "/" + p.Key
		return apiserver.CreateProperty201JSONResponse{CreatedPropertyJSONResponse: apiserver.CreatedPropertyJSONResponse{
			Body: ToAPIProperty(p), Headers: apiserver.CreatedPropertyResponseHeaders{Location: &location},
		}}
	}
	mode := modeOf(ctx, false, answer, apiserver.CreatePropertyResponseObject.VisitCreatePropertyResponse)
	created, err := s.Properties.Create(ctx, actorOf(ctx), sentBody[property.New](ctx), mode)
	return answered(answer, created, err)
}

func (s *Server) refuseProperty(r request, n property.New) error {
	_, err := s.Properties.Create(r, r.actor, n, write.Mode[schema.Property]{})
	return err
}

// UpdateProperty answers PATCH /properties/{keyName}.
func (s *Server) UpdateProperty(ctx context.Context, req apiserver.UpdatePropertyRequestObject) (apiserver.UpdatePropertyResponseObject, error) {
	answer := func(p schema.Property) apiserver.UpdatePropertyResponseObject {
		return apiserver.UpdateProperty200JSONResponse{PropertyJSONResponse: apiserver.PropertyJSONResponse{Body: ToAPIProperty(p)}}
	}
	updated, err := s.Properties.Update(ctx, actorOf(ctx), property.UpdateRequest{
		Key: req.KeyName, Patch: sentBody[property.Patch](ctx), Force: isTrue(req.Params.Force),
		Mode: modeOf(ctx, false, answer, apiserver.UpdatePropertyResponseObject.VisitUpdatePropertyResponse),
	})
	return answered(answer, updated, err)
}

func (s *Server) refusePropertyUpdate(r request, p property.Patch) error {
	_, err := s.Properties.Update(r, r.actor, property.UpdateRequest{Key: r.c.Param("keyName"), Patch: p, Force: r.flag("force")})
	return err
}

// DeleteProperty answers DELETE /properties/{keyName}.
func (s *Server) DeleteProperty(ctx context.Context, req apiserver.DeletePropertyRequestObject) (apiserver.DeletePropertyResponseObject, error) {
	if err := s.Properties.Delete(ctx, actorOf(ctx), req.KeyName, isTrue(req.Params.Force)); err != nil {
		return nil, err
	}
	return apiserver.DeleteProperty204Response{}, nil
}

// ToAPIPropertyLists converts the properties of a company, once under each name
// of the kind of records.
func ToAPIPropertyLists(properties []schema.Property) api.PropertyLists {
	list := convertAll(properties, ToAPIProperty)
	return api.PropertyLists{Account: list, Client: list}
}

// ToAPIProperty converts a property.
func ToAPIProperty(p schema.Property) api.Property {
	return api.Property{
		Name:         p.Name,
		KeyName:      p.Key,
		Type:         api.PropertyType(p.Type),
		IsMultiple:   p.Multiple,
		Options:      append([]string{}, p.Options...),
		DefaultValue: append(custom.List{}, p.Default...),
		IsCustom:     true,
		Indexed:      p.Index != schema.IndexNone,
		Unique:       p.Unique,
	}
}
