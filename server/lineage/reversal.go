package lineage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// reversal is former values that an account is to get again, as the history has them.
type reversal struct {
	*Service
	tx       account.Tx
	now      map[string]any // the values that it has
	values   map[string]any // those that it gets
	leftOut  []LeftOut
	taken    []string                  // those left out because another account has the value
	schema   schema.Schema             // of the custom members, if there are any
	contacts map[int64]account.Contact // those that it gets
}

// take takes the value before a change over, unless the member has another one by now
// than the change gave it.
func (r *reversal) take(name string, change patch.Change) {
	switch now := account.Shown(r.now[name]); now {
	case account.Shown(change.Before):
	case account.Shown(change.After):
		r.values[name] = change.Before
	case "null":
		r.leave(name, "was changed since; it has no value now")
	default:
		r.leave(name, "was changed since; it is now "+fault.Cut(now))
	}
}

// leave leaves a member out, for a reason in words that follow its name.
func (r *reversal) leave(name, reason string) {
	delete(r.values, name)
	r.leftOut = append(r.leftOut, LeftOut{Member: name, Reason: fault.Label(account.PathOf(name)) + " " + reason})
}

// check leaves out what cannot be any more: values of properties that are gone or take
// others by now, contacts that are gone, and a number that another account has.
func (r *reversal) check(ctx context.Context, a account.Account) error {
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		var wrong string
		var err error
		switch {
		case strings.HasPrefix(name, account.CustomPrefix):
			wrong, err = r.checkCustom(ctx, a, name)
		case name == string(account.MemberContacts):
			wrong, err = r.checkContacts(ctx, a.CompanyID)
		case name == string(account.MemberNumber):
			wrong, err = r.checkNumber(ctx, a)
		}
		if err != nil {
			return err
		}
		if wrong != "" {
			r.leave(name, wrong)
		}
	}
	slices.SortFunc(r.leftOut, func(a, b LeftOut) int { return strings.Compare(a.Member, b.Member) })
	return nil
}

// checkCustom tells what is wrong with a custom value, and else brings it into the form
// in which the property has it by now.
func (r *reversal) checkCustom(ctx context.Context, a account.Account, name string) (wrong string, err error) {
	if r.schema == nil {
		if r.schema, err = r.accounts.Schema(ctx, r.tx, a.CompanyID); err != nil {
			return "", err
		}
	}
	path := account.PathOf(name)
	property, ok := r.schema[path[1]]
	if !ok {
		return "has no property any more", nil
	}
	var found fault.Offences
	value := (&schema.Values{Offences: &found}).Check(path, property, r.values[name])
	if len(found) > 0 {
		return strings.TrimPrefix(found[0].Message, fault.Label(found[0].Path)+" "), nil
	}
	r.values[name] = value
	taken, err := account.Taken(ctx, r.tx, a, account.Patch{}, patch.Changes{name: {After: value}}, r.schema)
	if err != nil || len(taken) == 0 {
		return "", err
	}
	r.taken = append(r.taken, name)
	return strings.TrimPrefix(taken[0].Message, fault.Label(path)+" "), nil
}

// former is an account with nothing but a member's former value.
func (r *reversal) former(name string) (a account.Account, err error) {
	err = a.Take(map[string]any{name: r.values[name]})
	return a, err
}

func (r *reversal) checkContacts(ctx context.Context, companyID int64) (wrong string, err error) {
	former, err := r.former(string(account.MemberContacts))
	if err != nil {
		return "", err
	}
	ids := account.ContactIDs(former.Contacts)
	if r.contacts, err = r.tx.Contacts(ctx, companyID, ids); err != nil {
		return "", fmt.Errorf("load contacts: %w", err)
	}
	switch gone := missingIDs(ids, r.contacts); len(gone) {
	case 0:
		return "", nil
	case 1:
		return fmt.Sprintf("held the contact %d, which is gone", gone[0]), nil
	default:
		return fmt.Sprintf("held the contacts %s, which are gone", strings.ReplaceAll(strings.Trim(fmt.Sprint(gone), "[]"), " ", ", ")), nil
	}
}

// missingIDs are those of contacts that are not there.
func missingIDs(ids []int64, there map[int64]account.Contact) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { _, ok := there[id]; return ok })
}

func (r *reversal) checkNumber(ctx context.Context, a account.Account) (wrong string, err error) {
	former, err := r.former(string(account.MemberNumber))
	if err != nil {
		return "", err
	}
	taken, err := account.Taken(ctx, r.tx, a, account.Patch{Number: patch.Set(former.Number)}, nil, nil)
	if err != nil || len(taken) == 0 {
		return "", err
	}
	r.taken = append(r.taken, string(account.MemberNumber))
	return fmt.Sprintf("was %d, which is taken by another account", former.Number), nil
}

// offencesOf are conflicts with what is left out.
func offencesOf(leftOut []LeftOut) (offences fault.Offences) {
	for _, left := range leftOut {
		offences.Append(left.offence())
	}
	return offences
}

// offence is one that a caller is told of who wants all or nothing.
func (l LeftOut) offence() fault.Offence {
	return fault.Offence{In: fault.InPath, Path: account.PathOf(l.Member), Kind: fault.KindConflict, Message: l.Reason}
}

// of is the same of another account than the one that is asked for, which is named.
func (l LeftOut) of(id int64) LeftOut {
	label := fault.Label(account.PathOf(l.Member))
	return LeftOut{Member: l.Member, Reason: fmt.Sprintf("%s of account %d%s", label, id, strings.TrimPrefix(l.Reason, label))}
}

// applied is the account with the values, and of its contacts with those that are there.
func (r *reversal) applied(before account.Account) (account.Account, error) {
	after := before
	after.Custom = clone(before.Custom)
	if err := after.Take(r.values); err != nil {
		return account.Account{}, err
	}
	if _, relinked := r.values[string(account.MemberContacts)]; relinked {
		ids := account.ContactIDs(after.Contacts)
		after.Contacts = nil
		for _, id := range ids {
			if c, ok := r.contacts[id]; ok {
				after.Contacts = append(after.Contacts, c)
			}
		}
	}
	return after, nil
}

// changes are what the values change.
func (r *reversal) changes() patch.Changes {
	changes := make(patch.Changes, len(r.values))
	for name, value := range r.values {
		changes[name] = patch.Change{Before: asUpdated(name, r.now[name]), After: asUpdated(name, value)}
	}
	return changes
}

// asUpdated is a value as the history has it of an update: no contacts are an empty list.
func asUpdated(name string, value any) any {
	if name == string(account.MemberContacts) && value == nil {
		return []int64{}
	}
	return value
}

// result is what the reversal came to.
func (r *reversal) result(a account.Account) Reverted {
	return Reverted{Account: a, Members: slices.Sorted(maps.Keys(r.values)), LeftOut: r.leftOut}
}
