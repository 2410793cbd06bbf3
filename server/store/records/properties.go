package records

import (
	"context"

	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

const options = `coalesce((SELECT {array}(o.label ORDER BY o.position)
	FROM property_options o WHERE o.company_id = p.company_id AND o.property_id = p.id), '[]')`

var (
	properties = db.NewTable(func(p *schema.Property) []any {
		return []any{
			"id", (*db.ID)(&p.ID), "company_id", &p.CompanyID, "name", &p.Name, "key", &p.Key, "type", (*string)(&p.Type),
			"multiple", &p.Multiple, "default_value", (*db.List[any])(&p.Default),
			"index_state", (*string)(&p.Index), "index_builds", &p.Builds, "is_unique", &p.Unique, options, (*db.List[string])(&p.Options),
		}
	})
	newProperties     = properties.Without(options)
	changedProperties = newProperties.Without("id", "company_id", "key")

	fromProperties   = `SELECT ` + properties.List("") + ` FROM properties p `
	selectProperties = db.Statement{Thing: "properties", Text: fromProperties + `WHERE p.company_id = ? ORDER BY p.id`}
	selectBuilding   = db.Statement{Thing: "properties", Text: fromProperties + `WHERE p.index_state = 'building' ORDER BY p.id`}
	insertProperty   = db.Statement{Thing: "property", Taken: "property key is taken", Text: newProperties.Insert("properties")}
	updateProperty   = db.Statement{Thing: "property", Text: changedProperties.Update("properties") + ` WHERE id = ? AND company_id = ?`}
	deleteProperty   = db.Statement{Thing: "property", Text: `DELETE FROM properties WHERE id = ? AND company_id = ?`}
	dropIndex        = db.Statement{Thing: "keys", Text: `DELETE FROM custom_index WHERE company_id = ? AND property_id = ?`}
)

var selectSchemaVersion = db.Statement{Thing: "company", Brief: true, Text: `SELECT schema_version FROM companies WHERE id = ?`}

// SchemaVersion returns how often the properties have changed: each transaction
// that changes them counts.
func (r Reader) SchemaVersion(ctx context.Context, companyID int64) (int64, error) {
	return r.Session.Number(ctx, selectSchemaVersion, companyID)
}

// Properties returns the company's properties in the order of creation.
func (r Reader) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	return db.Collect(ctx, r.Session, selectProperties, []any{companyID}, properties.Scan)
}

// BuildingProperties returns the properties of all companies whose index is
// being built.
func (r Reader) BuildingProperties(ctx context.Context) ([]schema.Property, error) {
	return db.Collect(ctx, r.Session, selectBuilding, nil, properties.Scan)
}

// InsertProperty adds a property with its options, and sets its id.
func (t *Tx) InsertProperty(ctx context.Context, p *schema.Property) error {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return err
	}
	if err := t.Session.Insert(ctx, insertProperty, &p.ID, newProperties.At(p)...); err != nil {
		return err
	}
	if _, err := t.addOptions(ctx, p.CompanyID, p.ID, p.Options); err != nil {
		return err
	}
	return t.countSchema(ctx, p.CompanyID)
}

// UpdateProperty writes a property, all but its key and its options, and drops
// the keys of one without an index, and those of the values of one that is not unique.
func (t *Tx) UpdateProperty(ctx context.Context, p schema.Property) error {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return err
	}
	if err := t.Session.ChangeOne(ctx, updateProperty, changedProperties.At(&p, p.ID, p.CompanyID)...); err != nil {
		return err
	}
	if p.Index == schema.IndexNone {
		if err := t.Session.Exec(ctx, dropIndex, p.CompanyID, p.ID); err != nil {
			return err
		}
	}
	if !p.Unique {
		if err := t.Session.Exec(ctx, dropOwners, p.CompanyID, p.ID); err != nil {
			return err
		}
	}
	return t.countSchema(ctx, p.CompanyID)
}

// DeleteProperty removes a property; its options, its keys of IndexCustom and those
// of its values go with it.
func (t *Tx) DeleteProperty(ctx context.Context, p schema.Property) error {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return err
	}
	if err := t.Session.ChangeOne(ctx, deleteProperty, p.ID, p.CompanyID); err != nil {
		return err
	}
	return t.countSchema(ctx, p.CompanyID)
}

var (
	selectProperty   = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND key = ?`}
	selectPropertyID = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND id = ?`}
	insertOption     = db.Statement{Thing: "option", Text: `INSERT INTO property_options (company_id, property_id, position, label, fold)
SELECT ?1, ?2, (SELECT coalesce(max(position) + 1, 0) FROM property_options WHERE company_id = ?1 AND property_id = ?2), ?3, ?4
WHERE true ON CONFLICT (company_id, property_id, fold) DO NOTHING`}
	deleteOptions      = db.Statement{Thing: "options", Text: `DELETE FROM property_options WHERE company_id = ? AND property_id = ?`}
	addToSchemaVersion = db.Statement{Thing: "company", Text: `UPDATE companies SET schema_version = schema_version + 1 WHERE id = ?`}
)

// AddOption appends a label to a property's options, unless it is one already.
func (t *Tx) AddOption(ctx context.Context, companyID int64, option schema.NewOption) error {
	id, err := t.propertyID(ctx, selectProperty, companyID, option.Key)
	if err != nil {
		return err
	}
	added, err := t.addOptions(ctx, companyID, id, []string{option.Label})
	if err != nil || added == 0 {
		return err
	}
	return t.countSchema(ctx, companyID)
}

// SetOptions makes the labels the property's options, in order.
func (t *Tx) SetOptions(ctx context.Context, p schema.Property, labels []string) error {
	id, err := t.propertyID(ctx, selectPropertyID, p.CompanyID, p.ID)
	if err != nil {
		return err
	}
	if err := t.Session.Exec(ctx, deleteOptions, p.CompanyID, id); err != nil {
		return err
	}
	if _, err := t.addOptions(ctx, p.CompanyID, id, labels); err != nil {
		return err
	}
	return t.countSchema(ctx, p.CompanyID)
}

// propertyID returns the id of a property that stays as it is.
func (t *Tx) propertyID(ctx context.Context, st db.Statement, companyID int64, by any) (id int64, err error) {
	if err = t.Session.Lock(ctx, companyID); err == nil {
		err = t.Session.Get(ctx, st, []any{companyID, by}, &id)
	}
	return id, err
}

// addOptions appends options, and returns how many of them were not there.
func (t *Tx) addOptions(ctx context.Context, companyID, propertyID int64, labels []string) (int64, error) {
	lists := make([][]any, len(labels))
	for i, label := range labels {
		lists[i] = []any{companyID, propertyID, label, normal.Fold(label)}
	}
	return t.Session.RunAll(ctx, insertOption, lists)
}

// countSchema tells those who remember the company's properties that they are
// others now.
func (t *Tx) countSchema(ctx context.Context, companyID int64) error {
	return t.Session.Exec(ctx, addToSchemaVersion, companyID)
}
