package follow

import (
	"context"
	"fmt"
	"slices"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/schema"
)

// changedProperties are all properties, or nil if they are here as they are.
func (f *Follower) changedProperties(ctx context.Context, b *batch) ([]client.Property, error) {
	if b.properties == nil {
		return nil, nil
	}
	here, err := f.store.Properties(ctx, f.state.CompanyID)
	if err != nil || custom.JSON(server.ToAPIPropertyLists(here).Account) == custom.JSON(b.properties) {
		return nil, err
	}
	return b.properties, nil
}

// properties makes the properties those of the source, in their order: those that are
// out of it are made anew. The indexes of their values are made after the promotion.
func (w *writing) properties(ctx context.Context, wanted []client.Property) error {
	here, err := w.tx.Properties(ctx, w.companyID)
	if err != nil {
		return err
	}
	kept := 0 // that are at their places
	for _, p := range here {
		if kept < len(wanted) && wanted[kept].KeyName == p.Key && string(wanted[kept].Type) == string(p.Type) && wanted[kept].IsMultiple == p.Multiple {
			if err := w.property(ctx, p, wanted[kept]); err != nil {
				return err
			}
			kept++
			continue
		}
		if err := w.tx.DeleteProperty(ctx, p); err != nil {
			return fmt.Errorf("remove property %s: %w", p.Key, err)
		}
	}
	for _, p := range wanted[kept:] {
		if err := w.property(ctx, schema.Property{CompanyID: w.companyID}, p); err != nil {
			return err
		}
	}
	return nil
}

// property writes a property, which has no id if it is new.
func (w *writing) property(ctx context.Context, p schema.Property, wanted client.Property) error {
	if p.ID != 0 && custom.JSON(server.ToAPIProperty(p)) == custom.JSON(wanted) {
		return nil
	}
	options := p.Options
	p.Name, p.Key, p.Type, p.Multiple = wanted.Name, wanted.KeyName, schema.Type(wanted.Type), wanted.IsMultiple
	p.Options, p.Default, p.Unique = wanted.Options, []any(wanted.DefaultValue), wanted.Unique
	switch {
	case !wanted.Indexed:
		p.Index = schema.IndexNone
	case p.Index == schema.IndexNone:
		p.Index, p.Builds = schema.IndexBuilding, p.Builds+1
	}
	var err error
	if p.ID == 0 {
		err = w.tx.InsertProperty(ctx, &p)
	} else if err = w.tx.UpdateProperty(ctx, p); err == nil && !slices.Equal(options, p.Options) {
		err = w.tx.SetOptions(ctx, p, p.Options)
	}
	if err != nil {
		return fmt.Errorf("write property %s: %w", p.Key, err)
	}
	return nil
}
