package server

import (
	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPINewProperty converts a validated POST of the actor.
func FromAPINewProperty(body api.PropertyCreate, actor account.Actor) account.Property {
	property := account.Property{
		CompanyID: actor.CompanyID,
		Name:      body.Name,
		Key:       body.KeyName,
		Type:      account.PropertyType(body.Type),
		Multiple:  body.IsMultiple,
		Options:   body.Options,
		Default:   body.DefaultValue,
	}
	if body.Indexed {
		property.Index = account.IndexReady
	}
	return property
}

// FromAPIPropertyPatch converts a validated PATCH.
func FromAPIPropertyPatch(body api.PropertyPatch) account.PropertyPatch {
	patch := account.PropertyPatch{
		Name:          fromNullable(body.Name),
		Multiple:      fromNullable(body.IsMultiple),
		Options:       fromNullable(body.Options),
		AddOptions:    body.AddOptions,
		RemoveOptions: body.RemoveOptions,
		Indexed:       fromNullable(body.Indexed),
		Key:           fromPointer(body.KeyName),
	}
	if kind := fromNullable(body.Type); !kind.IsAbsent() {
		patch.Type = account.Set(account.PropertyType(kind.Value))
	}
	if list := fromNullable(body.DefaultValue); !list.IsAbsent() {
		patch.Default = account.Set([]any(list.Value))
	}
	for _, rename := range body.RenameOptions {
		patch.Renames = append(patch.Renames, account.OptionRename{From: rename.From, To: rename.To})
	}
	return patch
}

// ToAPIPropertyLists converts the properties of a company, once under each name
// of the kind of records.
func ToAPIPropertyLists(properties []account.Property) api.PropertyLists {
	list := convertAll(properties, ToAPIProperty)
	return api.PropertyLists{Account: list, Client: list}
}

// ToAPIProperty converts a property.
func ToAPIProperty(p account.Property) api.Property {
	return api.Property{
		Name:         p.Name,
		KeyName:      p.Key,
		Type:         api.PropertyType(p.Type),
		IsMultiple:   p.Multiple,
		Options:      append([]string{}, p.Options...),
		DefaultValue: append(custom.List{}, p.Default...),
		IsCustom:     true,
		Indexed:      p.Index != account.IndexNone,
	}
}
