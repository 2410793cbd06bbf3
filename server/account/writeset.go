package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// WriteSet is a write that was decided on what the store had before: what is to
// be written, and what must still hold for that. It is made beside all other
// writes, so that a transaction has nothing left to find out.
type WriteSet struct {
	CompanyID int64

	// What it was decided on. An account that the set updates must be the version
	// before, which the update itself tells.
	Schema   *int64          // version of the company's properties; nil: they did not matter
	Versions map[int64]int64 // of other accounts that were read

	Options []schema.NewOption
	Writes  []Write // in order

	written map[int64]time.Time // when each account is, once it is known
	clock   write.Clock
	settled func()                                       // tells what was decided the times that the writes got
	keep    func(ctx context.Context, tx write.Tx) error // of a request that must be carried out once; else nil
}

// Write is one write of an account that was there.
type Write struct {
	Account Account       // as it is to be; of a deletion, as it was
	Kind    ChangeKind    // ChangeUpdated or ChangeDeleted
	Changes patch.Changes // those of the members
	Keys    []Keys        // to find it by
	Owns    []Owned       // keys that no other account may have
	Entry   HistoryEntry
}

// Owned is the key of an account's value of a unique property; empty: it has none.
type Owned struct {
	Property    schema.Property
	Before, Key string
}

// Keys are those of an account's value of a property.
type Keys struct {
	Property schema.Property
	Before   []string // those of the value before
	Keys     []string
}

// isEmpty tells whether there is nothing to write.
func (s *WriteSet) isEmpty() bool { return len(s.Options) == 0 && len(s.Writes) == 0 }

// IsUpdates tells whether the set is nothing but updates of accounts, one of each,
// that a store may write in its own way: it has to expect Schema and the versions
// before, and to write the rows, Keys and Entry. It must call Stamp before.
func (s *WriteSet) IsUpdates() bool {
	if s.keep != nil || len(s.Options) > 0 || len(s.Versions) > 0 {
		return false
	}
	seen := make(map[int64]bool, len(s.Writes))
	for _, w := range s.Writes {
		_, linked := w.Changes["contacts"]
		_, numbered := w.Changes["number"] // It may be taken.
		if w.Kind != ChangeUpdated || linked || numbered || len(w.Owns) > 0 || seen[w.Account.ID] {
			return false
		}
		seen[w.Account.ID] = true
	}
	return true
}

// Stamp gives the writes their times, and tells them what was decided: see Play.
func (s *WriteSet) Stamp() {
	s.written = make(map[int64]time.Time, len(s.Writes))
	for i := range s.Writes {
		s.stamp(&s.Writes[i])
	}
	if s.settled != nil {
		s.settled()
	}
}

// stamp gives a write its time.
func (s *WriteSet) stamp(w *Write) {
	at := s.clock.Since(w.Entry.At.Add(-time.Millisecond))
	if last := s.written[w.Account.ID]; !at.After(last) {
		at = last.Add(time.Millisecond)
	}
	s.written[w.Account.ID], w.Entry.At = at, at
	if w.Kind == ChangeUpdated {
		w.Account.UpdatedAt = at
	}
}

// Play writes the set in a transaction, and gives its writes their times: in the
// order of the commits, so that nobody who polls for what has changed since a
// time misses one. The error is write.ErrStale if the set was decided on what
// has changed since.
func (s *WriteSet) Play(ctx context.Context, tx Tx) error {
	if err := s.check(ctx, tx); err != nil {
		return err
	}
	if err := addOptions(ctx, tx, s.CompanyID, s.Options); err != nil {
		return stale(err)
	}
	s.Stamp()
	for i := range s.Writes {
		if err := s.Writes[i].play(ctx, tx); err != nil {
			return stale(err)
		}
	}
	if s.keep == nil {
		return nil
	}
	return s.keep(ctx, tx)
}

// check returns write.ErrStale unless what the set was decided on still holds,
// as far as the writes themselves do not tell.
func (s *WriteSet) check(ctx context.Context, tx Tx) error {
	if s.Schema != nil {
		version, err := tx.SchemaVersion(ctx, s.CompanyID)
		if err != nil {
			return fmt.Errorf("load the schema's version: %w", err)
		}
		if version != *s.Schema {
			return write.ErrStale
		}
	}
	for id, version := range s.Versions {
		a, err := tx.AccountForUpdate(ctx, s.CompanyID, id)
		if err != nil {
			return stale(err)
		}
		if a.Version != version {
			return write.ErrStale
		}
	}
	return nil
}

func (w *Write) play(ctx context.Context, tx Tx) error {
	if w.Kind == ChangeDeleted {
		if err := tx.DeleteAccount(ctx, w.Account.CompanyID, w.Account.ID); err != nil {
			return err
		}
		return tx.AddHistory(ctx, &w.Entry)
	}
	if err := tx.UpdateAccount(ctx, w.Account, w.Changes); err != nil {
		return err
	}
	for _, k := range w.Keys {
		if err := tx.ReplaceKeys(ctx, k.Property, w.Account.ID, k.Before, k.Keys); err != nil {
			return err
		}
	}
	for _, o := range w.Owns {
		if err := tx.Own(ctx, o.Property, Owner{w.Account.ID, o.Key}, o.Before); err != nil {
			return err
		}
	}
	return tx.AddHistory(ctx, &w.Entry)
}

// own makes the owners of keys of a property those that the write leaves.
func (w *Write) own(p schema.Property, owners map[string]int64) {
	if w.Kind == ChangeDeleted {
		maps.DeleteFunc(owners, func(_ string, id int64) bool { return id == w.Account.ID })
	}
	for _, o := range w.Owns {
		if o.Property.ID != p.ID {
			continue
		}
		if owners[o.Before] == w.Account.ID {
			delete(owners, o.Before)
		}
		if o.Key != "" {
			owners[o.Key] = w.Account.ID
		}
	}
}

// stale makes write.ErrStale of what a write tells that was decided on records
// which have changed: one is gone, or a name taken.
func stale(err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok && (e.Kind == fault.KindNotFound || e.Kind == fault.KindConflict) {
		return write.ErrStale
	}
	return err
}

// restamp gives an account that was decided on the time of its last write.
func (s *WriteSet) restamp(a *Account) {
	if at, ok := s.written[a.ID]; ok {
		a.UpdatedAt = at
	}
}
