package sqlite

import (
	"context"
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const propertyColumns = `SELECT
	p.id, p.company_id, p.name, p.key, p.type, p.multiple, p.default_value, p.index_state, p.index_builds,
	(SELECT json_group_array(o.label ORDER BY o.position) FROM property_options o WHERE o.property_id = p.id)`

var (
	selectProperties = db.Statement{Thing: "properties", Text: propertyColumns + `
FROM properties p WHERE p.company_id = ? ORDER BY p.id`}
	selectBuilding = db.Statement{Thing: "properties", Text: propertyColumns + `
FROM properties p WHERE p.index_state = 'building' ORDER BY p.id`}
	insertProperty = db.Statement{Thing: "property", Taken: "property key is taken", Text: `INSERT INTO properties (
	company_id, name, key, type, multiple, default_value, index_state, index_builds) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`}
	updateProperty = db.Statement{Thing: "property", Text: `UPDATE properties SET
	name = ?, type = ?, multiple = ?, default_value = ?, index_state = ?, index_builds = ? WHERE id = ? AND company_id = ?`}
	deleteProperty = db.Statement{Thing: "property", Text: `DELETE FROM properties WHERE id = ? AND company_id = ?`}
	dropIndex      = db.Statement{Thing: "keys", Text: `DELETE FROM custom_index WHERE property_id = ?`}
)

// Properties returns the company's properties in the order of creation.
func (r reader) Properties(ctx context.Context, companyID int64) ([]account.Property, error) {
	return db.Collect(ctx, r.session, selectProperties, []any{companyID}, scanProperty)
}

// BuildingProperties returns the properties of all companies whose index is
// being built.
func (r reader) BuildingProperties(ctx context.Context) ([]account.Property, error) {
	return db.Collect(ctx, r.session, selectBuilding, nil, scanProperty)
}

func scanProperty(rows *sql.Rows) (account.Property, error) {
	var p account.Property
	var options, defaults string
	err := rows.Scan(&p.ID, &p.CompanyID, &p.Name, &p.Key, &p.Type, &p.Multiple, &defaults, &p.Index, &p.Builds, &options)
	if err != nil {
		return account.Property{}, err
	}
	if p.Options, err = fromDBList[string](options); err != nil {
		return account.Property{}, err
	}
	p.Default, err = fromDBList[any](defaults)
	return p, err
}

// InsertProperty adds a property with its options, and sets its id.
func (t *transaction) InsertProperty(ctx context.Context, p *account.Property) error {
	defaults, err := toDBList(p.Default)
	if err != nil {
		return db.Interpret(err, insertProperty)
	}
	id, err := t.session.Insert(ctx, insertProperty, p.CompanyID, p.Name, p.Key, p.Type, p.Multiple, defaults, p.Index, p.Builds)
	if err != nil {
		return err
	}
	for _, label := range p.Options {
		if err := t.addOption(ctx, id, label); err != nil {
			return err
		}
	}
	p.ID = id
	return nil
}

// UpdateProperty writes a property, all but its key and its options, and drops
// the keys of one without an index.
func (t *transaction) UpdateProperty(ctx context.Context, p account.Property) error {
	defaults, err := toDBList(p.Default)
	if err != nil {
		return db.Interpret(err, updateProperty)
	}
	err = t.session.ChangeOne(ctx, updateProperty, p.Name, p.Type, p.Multiple, defaults, p.Index, p.Builds, p.ID, p.CompanyID)
	if err != nil || p.Index != account.IndexNone {
		return err
	}
	_, err = t.session.Exec(ctx, dropIndex, p.ID)
	return err
}

// DeleteProperty removes a property; its options and its keys of IndexCustom
// go with it.
func (t *transaction) DeleteProperty(ctx context.Context, p account.Property) error {
	return t.session.ChangeOne(ctx, deleteProperty, p.ID, p.CompanyID)
}
