package account

import (
	"context"
	"errors"
	"slices"

	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// tries is how often a write is decided beside the others. One that misses so
// often is decided in its transaction, where nothing can come between: so those
// who write one account get on in order.
const tries = 2

// Decide carries a write out whose fn decides on one state of the store, beside
// all other writes. Its result holds the accounts that accountsOf returns. What
// it decides is written if what it was decided on still holds then; an error, a
// dry run and what changes nothing need no place among the writes. An fn that
// does what only a transaction can runs in one.
func Decide[R any](ctx context.Context, w *Writer, companyID int64, m write.Mode[R], accountsOf func(*R) []*Account, fn func(ctx context.Context, tx Tx) (R, error)) (R, error) {
	var nothing R
	for range tries {
		var set *WriteSet
		var result R
		err := w.store.Look(ctx, func(ctx context.Context, tx Tx) (err error) {
			set = &WriteSet{CompanyID: companyID, clock: w.clock}
			if err = m.Check(ctx, tx); err == nil {
				result, err = fn(ctx, &recorder{Tx: tx, set: set})
			}
			return err
		})
		if errors.Is(err, write.ErrReadOnly) {
			break
		}
		if err != nil {
			return nothing, err
		}
		if m.DryRun || set.isEmpty() && m.Claim == nil {
			return result, nil
		}
		set.settled = func() {
			for _, a := range accountsOf(&result) {
				set.restamp(a)
			}
		}
		if m.Claim != nil {
			set.keep = func(ctx context.Context, tx write.Tx) error {
				if err := m.Check(ctx, tx); err != nil {
					return err
				}
				return m.Keep(ctx, tx, result)
			}
		}
		if err = w.store.Commit(ctx, set); err == nil {
			return result, nil
		}
		if !errors.Is(err, write.ErrStale) {
			return nothing, err
		}
	}
	return write.Run(ctx, w.store, m, fn)
}

// recorder is a transaction that only reads, and keeps in a set what is to be
// written. It sees the options and the history that it adds, but not the accounts
// that it writes.
type recorder struct {
	Tx
	set *WriteSet
}

// AccountForUpdate is Account. The set expects that the account stays so.
func (r *recorder) AccountForUpdate(ctx context.Context, companyID, id int64) (Account, error) {
	a, err := r.Tx.AccountForUpdate(ctx, companyID, id)
	if err == nil {
		if r.set.Versions == nil {
			r.set.Versions = make(map[int64]int64)
		}
		r.set.Versions[id] = a.Version
	}
	return a, err
}

// History returns, before the entries that there are, those that the set adds.
func (r *recorder) History(ctx context.Context, companyID, accountID, before int64, limit int) ([]HistoryEntry, error) {
	stored, err := r.Tx.History(ctx, companyID, accountID, before, limit)
	if before > 0 || err != nil {
		return stored, err
	}
	var added []HistoryEntry
	for _, w := range slices.Backward(r.set.Writes) {
		if w.Entry.AccountID == accountID {
			added = append(added, w.Entry)
		}
	}
	return append(added, stored...), nil
}

// SchemaVersion returns the version of the schema, which the set expects to
// stay. With options that are not there yet, it is one of no schema.
func (r *recorder) SchemaVersion(ctx context.Context, companyID int64) (int64, error) {
	if r.set.Schema == nil {
		version, err := r.Tx.SchemaVersion(ctx, companyID)
		if err != nil {
			return 0, err
		}
		r.set.Schema = &version
	}
	if len(r.set.Options) > 0 {
		return -1, nil
	}
	return *r.set.Schema, nil
}

// Properties returns the properties with the options that the set adds.
func (r *recorder) Properties(ctx context.Context, companyID int64) ([]schema.Property, error) {
	if _, err := r.SchemaVersion(ctx, companyID); err != nil {
		return nil, err
	}
	properties, err := r.Tx.Properties(ctx, companyID)
	for _, option := range r.set.Options {
		for i := range properties {
			if properties[i].Key == option.Key {
				properties[i].Options = append(properties[i].Options, option.Label)
			}
		}
	}
	return properties, err
}

// AddOption notes that an option is to be added.
func (r *recorder) AddOption(_ context.Context, _ int64, option schema.NewOption) error {
	r.set.Options = append(r.set.Options, option)
	return nil
}

// UpdateAccount notes that an account is to be written.
func (r *recorder) UpdateAccount(_ context.Context, a Account, changes patch.Changes) error {
	delete(r.set.Versions, a.ID)
	r.set.Writes = append(r.set.Writes, Write{Account: a, Kind: ChangeUpdated, Changes: changes})
	return nil
}

// DeleteAccount notes that an account is to be deleted.
func (r *recorder) DeleteAccount(_ context.Context, companyID, id int64) error {
	r.set.Writes = append(r.set.Writes, Write{Account: Account{ID: id, CompanyID: companyID}, Kind: ChangeDeleted})
	return nil
}

// ReplaceKeys notes keys of the account that was noted last.
func (r *recorder) ReplaceKeys(_ context.Context, p schema.Property, _ int64, before, keys []string) error {
	w := r.last()
	w.Keys = append(w.Keys, Keys{Property: p, Before: before, Keys: keys})
	return nil
}

// Owners returns the accounts that have values, as the set leaves them.
func (r *recorder) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	owners, err := r.Tx.Owners(ctx, p, keys)
	for _, w := range r.set.Writes {
		w.own(p, owners)
	}
	return owners, err
}

// Own notes a key of the account that was noted last.
func (r *recorder) Own(_ context.Context, p schema.Property, o Owner, before string) error {
	w := r.last()
	w.Owns = append(w.Owns, Owned{Property: p, Before: before, Key: o.Key})
	return nil
}

// AddHistory notes the entry of the account that was noted last.
func (r *recorder) AddHistory(_ context.Context, e *HistoryEntry) error {
	r.last().Entry = *e
	return nil
}

func (r *recorder) last() *Write { return &r.set.Writes[len(r.set.Writes)-1] }

// InsertAccount is for a transaction: only there is known what id and number the
// account gets.
func (r *recorder) InsertAccount(context.Context, *Account) error { return write.ErrReadOnly }

// PutAccount is for a transaction, as InsertAccount is.
func (r *recorder) PutAccount(context.Context, Account) error { return write.ErrReadOnly }

// InsertContact is for a transaction, as InsertAccount is.
func (r *recorder) InsertContact(context.Context, *Contact) error { return write.ErrReadOnly }

// What accounts a result holds: itself, several, or none.
func one(a *Account) []*Account { return []*Account{a} }
func none(*struct{}) []*Account { return nil }
func all(list *[]Account) []*Account {
	accounts := make([]*Account, len(*list))
	for i := range accounts {
		accounts[i] = &(*list)[i]
	}
	return accounts
}
