package sqlite

import (
	"context"
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
)

var (
	selectProperties = statement{thing: "properties", text: `SELECT
	p.id, p.company_id, p.name, p.key, p.type, p.multiple, p.default_value,
	(SELECT json_group_array(o.label ORDER BY o.position) FROM property_options o WHERE o.property_id = p.id)
FROM properties p WHERE p.company_id = ? ORDER BY p.id`}
	selectProperty = statement{thing: "property", text: `SELECT id FROM properties WHERE company_id = ? AND key = ?`}
	insertProperty = statement{thing: "property", taken: "property key is taken", text: `INSERT INTO properties (
	company_id, name, key, type, multiple, default_value) VALUES (?, ?, ?, ?, ?, ?)`}
	insertOption = statement{thing: "option", text: `INSERT INTO property_options (property_id, position, label, fold)
SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM property_options WHERE property_id = ?1), ?2, ?3
WHERE true ON CONFLICT (property_id, fold) DO NOTHING`}
)

// Properties returns the company's properties in the order of creation.
func (r reader) Properties(ctx context.Context, companyID int64) ([]account.Property, error) {
	properties := []account.Property{}
	err := r.session.each(ctx, selectProperties, []any{companyID}, func(rows *sql.Rows) error {
		var p account.Property
		var options, defaults string
		err := rows.Scan(&p.ID, &p.CompanyID, &p.Name, &p.Key, &p.Type, &p.Multiple, &defaults, &options)
		if err != nil {
			return err
		}
		if p.Options, err = fromDBList[string](options); err != nil {
			return err
		}
		if p.Default, err = fromDBList[any](defaults); err != nil {
			return err
		}
		properties = append(properties, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return properties, nil
}

// InsertProperty adds a property with its options, and sets its id.
func (t *transaction) InsertProperty(ctx context.Context, p *account.Property) error {
	defaults, err := toDBList(p.Default)
	if err != nil {
		return interpretError(err, insertProperty)
	}
	id, err := t.session.insert(ctx, insertProperty, p.CompanyID, p.Name, p.Key, p.Type, p.Multiple, defaults)
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

// AddOption appends a label to a property's options, unless it is one already.
func (t *transaction) AddOption(ctx context.Context, companyID int64, option account.NewOption) error {
	var id int64
	if err := t.session.get(ctx, selectProperty, []any{companyID, option.Key}, &id); err != nil {
		return err
	}
	return t.addOption(ctx, id, option.Label)
}

func (t *transaction) addOption(ctx context.Context, propertyID int64, label string) error {
	_, err := t.session.exec(ctx, insertOption, propertyID, label, account.Fold(label))
	return err
}
