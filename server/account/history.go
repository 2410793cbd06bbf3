package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
)

// ChangeKind says what happened to an account.
type ChangeKind string

// The kinds of entries in an account's history.
const (
	ChangeCreated ChangeKind = "created"
	ChangeUpdated ChangeKind = "updated"
	ChangeDeleted ChangeKind = "deleted"
)

// ChangeKinds lists every kind.
var ChangeKinds = []ChangeKind{ChangeCreated, ChangeUpdated, ChangeDeleted}

// HistoryEntry records one write of one account.
type HistoryEntry struct {
	Sequence  int64 // orders all entries of a store by commit
	CompanyID int64
	AccountID int64
	Kind      ChangeKind
	Version   int64 // of the account after the write
	At        time.Time
	UserID    int64 // 0: nobody known
	KeyID     int64 // 0: not made with a key
	Email     string
	Reason    string // why, as whoever did it said; empty: nothing was said
	Cause     *Cause // why the server wrote it, if that is more than the change itself
	Fields    patch.Changes
}

// addHistory is where a change gets into the history, and so into the feed. Most have
// no cause.
func addHistory(ctx context.Context, tx Tx, actor identity.Actor, a Account, kind ChangeKind, changes patch.Changes, cause *Cause) error {
	err := tx.AddHistory(ctx, &HistoryEntry{
		CompanyID: a.CompanyID,
		AccountID: a.ID,
		Kind:      kind,
		Version:   a.Version,
		At:        a.UpdatedAt,
		UserID:    actor.User.ID,
		KeyID:     actor.KeyID,
		Email:     actor.User.Email,
		Reason:    actor.Reason,
		Cause:     cause,
		Fields:    changes,
	})
	if err != nil {
		return fmt.Errorf("add history: %w", err)
	}
	return nil
}

// changes are those of all that an account has: by made it comes out of nothing,
// and by gone it ends.
func (a Account) changes(change func(value any) patch.Change) patch.Changes {
	changes := make(patch.Changes)
	for _, m := range members {
		if value := m.value(&a); m.apply != nil && value != nil {
			changes[m.name] = change(value)
		}
	}
	for key, value := range a.Custom {
		changes[CustomPrefix+key] = change(value)
	}
	return changes
}

// Recorded are the values of all that an account has, by the names that the history
// has for them: what its entries must end in.
func (a Account) Recorded() map[string]any {
	values := make(map[string]any)
	for name, change := range a.changes(made) {
		values[name] = change.After
	}
	return values
}

// RecordedValue is what Recorded has of a member; nil for none.
func (a *Account) RecordedValue(name string) any {
	if key, ok := strings.CutPrefix(name, CustomPrefix); ok {
		return a.Custom[key]
	}
	return memberOf[query.Member(name)].value(a)
}

func made(value any) patch.Change { return patch.Change{After: value} }
func gone(value any) patch.Change { return patch.Change{Before: value} }

// Shown is a value in the JSON form of the record, in which the history has it too. A
// list that is empty is no value, and not every store has a zero below zero.
func Shown(value any) string {
	text, err := jsonvalue.Append(nil, value)
	switch {
	case err != nil:
		return fmt.Sprintf("%#v", value) // It is none of an account.
	case string(text) == "[]":
		return "null"
	case string(text) == "-0":
		return "0"
	}
	return string(text)
}
