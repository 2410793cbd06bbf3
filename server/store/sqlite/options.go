package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	selectProperty   = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND key = ?`}
	selectPropertyID = db.Statement{Thing: "property", Text: `SELECT id FROM properties WHERE company_id = ? AND id = ?`}
	insertOption     = db.Statement{Thing: "option", Text: `INSERT INTO property_options (property_id, position, label, fold)
SELECT ?1, (SELECT coalesce(max(position) + 1, 0) FROM property_options WHERE property_id = ?1), ?2, ?3
WHERE true ON CONFLICT (property_id, fold) DO NOTHING`}
	deleteOptions = db.Statement{Thing: "options", Text: `DELETE FROM property_options WHERE property_id = ?`}
)

// AddOption appends a label to a property's options, unless it is one already.
func (t *transaction) AddOption(ctx context.Context, companyID int64, option account.NewOption) error {
	var id int64
	if err := t.session.Get(ctx, selectProperty, []any{companyID, option.Key}, &id); err != nil {
		return err
	}
	return t.addOption(ctx, id, option.Label)
}

// SetOptions makes the labels the property's options, in order.
func (t *transaction) SetOptions(ctx context.Context, p account.Property, labels []string) error {
	var id int64
	if err := t.session.Get(ctx, selectPropertyID, []any{p.CompanyID, p.ID}, &id); err != nil {
		return err
	}
	if _, err := t.session.Exec(ctx, deleteOptions, id); err != nil {
		return err
	}
	for _, label := range labels {
		if err := t.addOption(ctx, id, label); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) addOption(ctx context.Context, propertyID int64, label string) error {
	_, err := t.session.Exec(ctx, insertOption, propertyID, label, account.Fold(label))
	return err
}
