package account

import (
	"context"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// aheadTx is a schemaTx that has read ahead what many bodies are matched with: one
// statement for all takes a fraction of the time of one for each. It follows what the
// transaction writes.
type aheadTx struct {
	schemaTx
	owners   map[ownedKey]int64 // 0: nobody
	accounts map[int64]Account
	changed  patch.Changes // of the update that was written last
}

// ownedKey is the key of a value of a property.
type ownedKey struct {
	propertyID int64
	key        string
}

// sought is what a body will be matched with.
type sought struct {
	id  int64  // of an account; 0: none
	by  string // the key name of a unique property; empty: none
	val any    // the value of it
}

// readAhead reads what bodies will be matched with. What cannot be found by a key is
// left out, and told when the body is treated.
func (t *aheadTx) readAhead(ctx context.Context, companyID int64, properties schema.Schema, all []sought) error {
	ids, keys := make(map[int64]bool), make(map[string][]string)
	for _, s := range all {
		if s.id != 0 {
			ids[s.id] = true
		}
		p, ok := properties[s.by]
		if !ok || !p.Unique || s.val == nil {
			continue
		}
		check := schema.Values{Offences: new(fault.Offences)}
		if key := p.UniqueKey(check.Check(nil, p, s.val)); key != "" {
			keys[s.by] = append(keys[s.by], key)
		}
	}
	t.owners, t.accounts = make(map[ownedKey]int64), make(map[int64]Account)
	for by, list := range keys {
		p := properties[by]
		found, err := t.Tx.Owners(ctx, p, list)
		if err != nil {
			return err
		}
		for _, key := range list {
			if t.owners[ownedKey{p.ID, key}] = found[key]; found[key] != 0 {
				ids[found[key]] = true
			}
		}
	}
	accounts, err := t.Tx.AccountsForUpdate(ctx, companyID, slices.Sorted(maps.Keys(ids)))
	for _, a := range accounts {
		t.accounts[a.ID] = a
	}
	return err
}

// forget makes all be read again.
func (t *aheadTx) forget() {
	t.schemaTx.forget()
	t.owners, t.accounts = nil, nil
}

// Owners returns the owners of keys.
func (t *aheadTx) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	if len(keys) == 1 {
		if owner, known := t.owners[ownedKey{p.ID, keys[0]}]; known {
			return map[string]int64{keys[0]: owner}, nil
		}
	}
	return t.Tx.Owners(ctx, p, keys)
}

// Own gives a key to an account.
func (t *aheadTx) Own(ctx context.Context, p schema.Property, o Owner, before string) error {
	if err := t.counted(t.Tx.Own(ctx, p, o, before)); err != nil {
		return err
	}
	if old := (ownedKey{p.ID, before}); t.owners[old] == o.AccountID {
		delete(t.owners, old)
	}
	if t.owners != nil && o.Key != "" {
		t.owners[ownedKey{p.ID, o.Key}] = o.AccountID
	}
	return nil
}

// AccountForUpdate returns an account.
func (t *aheadTx) AccountForUpdate(ctx context.Context, companyID, id int64) (Account, error) {
	if a, known := t.accounts[id]; known {
		return a, nil
	}
	return t.Tx.AccountForUpdate(ctx, companyID, id)
}

// InsertAccount adds an account.
func (t *aheadTx) InsertAccount(ctx context.Context, a *Account) error {
	err := t.schemaTx.InsertAccount(ctx, a)
	if err == nil && t.accounts != nil {
		t.accounts[a.ID] = *a
	}
	return err
}

// UpdateAccount writes an account.
func (t *aheadTx) UpdateAccount(ctx context.Context, a Account, changes patch.Changes) error {
	err := t.schemaTx.UpdateAccount(ctx, a, changes)
	if err == nil && t.accounts != nil {
		t.accounts[a.ID] = a
	}
	t.changed = changes
	return err
}
