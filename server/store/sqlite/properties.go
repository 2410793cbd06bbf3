package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const options = `(SELECT json_group_array(o.label ORDER BY o.position) FROM property_options o WHERE o.property_id = p.id)`

var (
	properties = db.NewTable(func(p *schema.Property) []any {
		return []any{
			"id", &p.ID, "company_id", &p.CompanyID, "name", &p.Name, "key", &p.Key, "type", (*string)(&p.Type),
			"multiple", &p.Multiple, "default_value", (*db.List[any])(&p.Default),
			"index_state", (*string)(&p.Index), "index_builds", &p.Builds, options, (*db.List[string])(&p.Options),
		}
	})
	newProperties     = properties.Without("id", options)
	changedProperties = newProperties.Without("company_id", "key")

	fromProperties   = `SELECT ` + properties.List("") + ` FROM properties p `
	selectProperties = db.Statement{Thing: "properties", Text: fromProperties + `WHERE p.company_id = ? ORDER BY p.id`}
	selectBuilding   = db.Statement{Thing: "properties", Text: fromProperties + `WHERE p.index_state = 'building' ORDER BY p.id`}
	insertProperty   = db.Statement{Thing: "property", Taken: "property key is taken", Text: newProperties.Insert("properties")}
	updateProperty   = db.Statement{Thing: "property", Text: changedProperties.Update("properties") + ` WHERE id = ? AND company_id = ?`}
	deleteProperty   = db.Statement{Thing: "property", Text: `DELETE FROM properties WHERE id = ? AND company_id = ?`}
	dropIndex        = db.Statement{Thing: "keys", Text: `DELETE FROM custom_index WHERE property_id = ?`}
)

var selectSchemaVersion = db.Statement{Thing: "company", Brief: true, Text: `SELECT schema_version FROM companies WHERE id = ?`}

// SchemaVersion returns how often the properties have changed: triggers count.
func (r reader) SchemaVersion(ctx context.Context, companyID int64) (version int64, err error) {
	err = r.session.Get(ctx, selectSchemaVersion, []any{companyID}, &version)
	return version, err
}

// Properties returns the company's properties in the order of creation.
func (r reader) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	return db.Collect(ctx, r.session, selectProperties, []any{companyID}, properties.Scan)
}

// BuildingProperties returns the properties of all companies whose index is
// being built.
func (r reader) BuildingProperties(ctx context.Context) ([]schema.Property, error) {
	return db.Collect(ctx, r.session, selectBuilding, nil, properties.Scan)
}

// InsertProperty adds a property with its options, and sets its id.
func (t *transaction) InsertProperty(ctx context.Context, p *schema.Property) error {
	if err := t.session.Insert(ctx, insertProperty, &p.ID, newProperties.At(p)...); err != nil {
		return err
	}
	return t.addOptions(ctx, p.ID, p.Options)
}

// UpdateProperty writes a property, all but its key and its options, and drops
// the keys of one without an index.
func (t *transaction) UpdateProperty(ctx context.Context, p schema.Property) error {
	err := t.session.ChangeOne(ctx, updateProperty, changedProperties.At(&p, p.ID, p.CompanyID)...)
	if err != nil || p.Index != schema.IndexNone {
		return err
	}
	_, err = t.session.Exec(ctx, dropIndex, p.ID)
	return err
}

// DeleteProperty removes a property; its options and its keys of IndexCustom
// go with it.
func (t *transaction) DeleteProperty(ctx context.Context, p schema.Property) error {
	return t.session.ChangeOne(ctx, deleteProperty, p.ID, p.CompanyID)
}

var (
	selectProperty   = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND key = ?`}
	selectPropertyID = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND id = ?`}
	insertOption     = db.Statement{Thing: "option", Text: `INSERT INTO property_options (property_id, position, label, fold)
SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM property_options WHERE property_id = ?1), ?2, ?3
WHERE true ON CONFLICT (property_id, fold) DO NOTHING`}
	deleteOptions = db.Statement{Thing: "options", Text: `DELETE FROM property_options WHERE property_id = ?`}
)

// AddOption appends a label to a property's options, unless it is one already.
func (t *transaction) AddOption(ctx context.Context, companyID int64, option schema.NewOption) error {
	var id int64
	if err := t.session.Get(ctx, selectProperty, []any{companyID, option.Key}, &id); err != nil {
		return err
	}
	return t.addOptions(ctx, id, []string{option.Label})
}

// SetOptions makes the labels the property's options, in order.
func (t *transaction) SetOptions(ctx context.Context, p schema.Property, labels []string) error {
	var id int64
	if err := t.session.Get(ctx, selectPropertyID, []any{p.CompanyID, p.ID}, &id); err != nil {
		return err
	}
	if _, err := t.session.Exec(ctx, deleteOptions, id); err != nil {
		return err
	}
	return t.addOptions(ctx, id, labels)
}

func (t *transaction) addOptions(ctx context.Context, propertyID int64, labels []string) error {
	for _, label := range labels {
		if _, err := t.session.Exec(ctx, insertOption, propertyID, label, normal.Fold(label)); err != nil {
			return err
		}
	}
	return nil
}
