package intake

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// schemaTx is a transaction that remembers the properties, which an import reads
// for each of its rows, and counts what it writes.
type schemaTx struct {
	account.Tx
	version    *int64            // of the schema
	properties []schema.Property // of the one company that the transaction is about
	writes     int
}

// forget makes the properties be read again.
func (t *schemaTx) forget() { t.version, t.properties = nil, nil }

// SchemaVersion returns the version of the company's properties.
func (t *schemaTx) SchemaVersion(ctx context.Context, companyID int64) (int64, error) {
	if t.version == nil {
		version, err := t.Tx.SchemaVersion(ctx, companyID)
		if err != nil {
			return 0, err
		}
		t.version = &version
	}
	return *t.version, nil
}

// Properties returns the company's properties.
func (t *schemaTx) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	if t.properties != nil {
		return t.properties, nil
	}
	properties, err := t.Tx.Properties(ctx, companyID)
	t.properties = properties
	return properties, err
}

// AddOption adds an option, and forgets the properties.
func (t *schemaTx) AddOption(ctx context.Context, companyID int64, option schema.NewOption) error {
	t.forget()
	t.writes++
	return t.Tx.AddOption(ctx, companyID, option)
}

// InsertContact adds a contact.
func (t *schemaTx) InsertContact(ctx context.Context, c *account.Contact) error {
	return t.counted(t.Tx.InsertContact(ctx, c))
}

// InsertAccount adds an account.
func (t *schemaTx) InsertAccount(ctx context.Context, a *account.Account) error {
	return t.counted(t.Tx.InsertAccount(ctx, a))
}

// UpdateAccount writes an account.
func (t *schemaTx) UpdateAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	return t.counted(t.Tx.UpdateAccount(ctx, a, changes))
}

// counted counts a write that was made in whole or in part.
func (t *schemaTx) counted(err error) error {
	t.writes++
	return err
}
