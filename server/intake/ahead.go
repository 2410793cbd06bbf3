package intake

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// aheadTx is a transaction that has read ahead what many bodies are matched with: one
// statement for all takes a fraction of the time of one for each. It remembers the
// properties too, follows what it writes, and counts that.
type aheadTx struct {
	account.Tx
	read       read
	version    *int64            // of the schema
	properties []schema.Property // of the one company that the transaction is about
	writes     int
	changed    patch.Changes // of the update that was written last
}

// read is what was read ahead.
type read struct {
	traits   found // of accounts
	merged   found // of accounts that were merged, which nothing here changes
	people   found // contacts by MatchEmail and MatchPhone
	accounts map[int64]account.Account
	contacts map[int64]account.Contact
}

func newRead() read {
	return read{traits: make(found), merged: make(found), people: make(found), accounts: make(map[int64]account.Account), contacts: make(map[int64]account.Contact)}
}

// forget makes all be read again.
func (t *aheadTx) forget() {
	t.forgetSchema()
	t.read = newRead()
}

func (t *aheadTx) forgetSchema() { t.version, t.properties = nil, nil }

// counted counts a write that was made in whole or in part.
func (t *aheadTx) counted(err error) error {
	t.writes++
	return err
}

// SchemaVersion returns the version of the company's properties.
func (t *aheadTx) SchemaVersion(ctx context.Context, companyID int64) (int64, error) {
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
func (t *aheadTx) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	if t.properties != nil {
		return t.properties, nil
	}
	properties, err := t.Tx.Properties(ctx, companyID)
	t.properties = properties
	return properties, err
}

// AddOption adds an option, and forgets the properties.
func (t *aheadTx) AddOption(ctx context.Context, companyID int64, option schema.NewOption) error {
	t.forgetSchema()
	return t.counted(t.Tx.AddOption(ctx, companyID, option))
}

// NumberOwner returns the owner of a number.
func (t *aheadTx) NumberOwner(ctx context.Context, companyID, number int64) (int64, error) {
	if owner, known := t.read.traits[numberTrait(number)]; known {
		return owner, nil
	}
	return t.Tx.NumberOwner(ctx, companyID, number)
}

// Owners returns the owners of keys.
func (t *aheadTx) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	if len(keys) == 1 {
		if owner, known := t.read.traits[traitOf(p, keys[0])]; known {
			return map[string]int64{keys[0]: owner}, nil
		}
	}
	return t.Tx.Owners(ctx, p, keys)
}

// MergedOwners returns the accounts that had keys when they were merged.
func (t *aheadTx) MergedOwners(ctx context.Context, companyID int64, by account.MatchBy, keys []string) (map[string]int64, error) {
	if len(keys) == 1 {
		if owner, known := t.read.merged[trait{by, keys[0]}]; known {
			return map[string]int64{keys[0]: owner}, nil
		}
	}
	return t.Tx.MergedOwners(ctx, companyID, by, keys)
}

// Own gives a key to an account.
func (t *aheadTx) Own(ctx context.Context, p schema.Property, o account.Owner, before string) error {
	if err := t.counted(t.Tx.Own(ctx, p, o, before)); err != nil {
		return err
	}
	delete(t.read.traits, traitOf(p, before))
	t.read.traits.take(traitOf(p, o.Key), o.AccountID)
	return nil
}

// FindAccount returns the account to match by a member.
func (t *aheadTx) FindAccount(ctx context.Context, companyID int64, by account.MatchBy, value string) (account.Account, error) {
	switch id, known := t.read.traits[trait{by, value}]; {
	case !known:
		return t.Tx.FindAccount(ctx, companyID, by, value)
	case id == 0:
		return account.Account{}, fault.NotFound("account")
	default:
		return t.AccountForUpdate(ctx, companyID, id)
	}
}

// AccountForUpdate returns an account.
func (t *aheadTx) AccountForUpdate(ctx context.Context, companyID, id int64) (account.Account, error) {
	if a, known := t.read.accounts[id]; known {
		return a, nil
	}
	return t.Tx.AccountForUpdate(ctx, companyID, id)
}

// InsertAccount adds an account.
func (t *aheadTx) InsertAccount(ctx context.Context, a *account.Account) error {
	err := t.counted(t.Tx.InsertAccount(ctx, a))
	if err == nil {
		t.read.put(*a)
	}
	return err
}

// UpdateAccount writes an account.
func (t *aheadTx) UpdateAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	err := t.counted(t.Tx.UpdateAccount(ctx, a, changes))
	if err == nil {
		t.read.put(a)
	}
	t.changed = changes
	return err
}

// put notes an account as it is now.
func (r *read) put(a account.Account) {
	r.accounts[a.ID] = a
	r.traits.leave(a.ID)
	r.traits.take(numberTrait(a.Number), a.ID)
	for _, by := range []account.MatchBy{account.MatchTitle, account.MatchAddress, account.MatchEmail, account.MatchPhone} {
		r.traits.take(trait{by, by.Value(a)}, a.ID)
	}
}

// FindContact returns the contact that has the email, or else the phone.
func (t *aheadTx) FindContact(ctx context.Context, companyID int64, email, phone string) (account.Contact, error) {
	id, known := t.read.person(trait{account.MatchEmail, email})
	if known && id == 0 {
		id, known = t.read.person(trait{account.MatchPhone, phone})
	}
	if known && id == 0 {
		return account.Contact{}, fault.NotFound("contact")
	}
	if c, ok := t.read.contacts[id]; ok {
		return c, nil
	}
	return t.Tx.FindContact(ctx, companyID, email, phone)
}

// person returns the contact that has a trait if that is known. None has an empty one.
func (r *read) person(sought trait) (id int64, known bool) {
	id, known = r.people[sought]
	return id, known || sought.value == ""
}

// InsertContact adds a contact.
func (t *aheadTx) InsertContact(ctx context.Context, c *account.Contact) error {
	if err := t.counted(t.Tx.InsertContact(ctx, c)); err != nil {
		return err
	}
	t.read.contacts[c.ID] = *c
	for _, email := range c.Emails {
		t.read.people.take(trait{account.MatchEmail, normal.EmailKey(email)}, c.ID)
	}
	for _, phone := range c.Phones {
		t.read.people.take(trait{account.MatchPhone, phone}, c.ID)
	}
	return nil
}
