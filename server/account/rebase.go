package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// MaxPast is how many versions back an account is compared with. What was made for
// an older one is refused without a word about the members: who has not looked for
// so long must look again, and one request must not read a long history.
const MaxPast = 1000

// MaxBatchPast is how many versions all accounts of a batch are looked back, which
// takes a quarter of a second. What goes further back is refused in the same way.
const MaxBatchPast = 20_000

// MaxConflicts is how many conflicts an error names, one for each member that an
// account can have.
const MaxConflicts = 1100

// pastPage is how many entries of a history are read at once. One may be as large as a
// request, and most often the first few are all.
const pastPage = 20

// Merge says what becomes of an update that was made for an earlier version of its
// account.
type Merge uint8

// The zero value refuses it.
const (
	NoMerge Merge = iota
	// MergeChanges carries it out unless others have changed a member since that it
	// sets to another value.
	MergeChanges
	// MergeStrictly is MergeChanges, but takes the same value for another one: of two
	// who add 1 to what they have read, one must read again.
	MergeStrictly
)

// rebase returns the patch as it is to be applied to an account: as it is, if the
// account is what the request's condition asks for. If it was so before, and the
// request may be merged, each list in the patch is what both changes make of it.
// KindPrecondition otherwise, with what the request and others have changed since, if
// that is at most so many versions.
func (w *Writer) rebase(ctx context.Context, r Reader, now Account, req UpdateRequest, most int64) (Patch, error) {
	if req.Match.holds(now) {
		return req.Patch, nil
	}
	past, err := changedSince(ctx, r, now, req.Match.before(now.Version, most))
	if err != nil {
		return Patch{}, err
	}
	if past == nil {
		return Patch{}, errOtherVersion
	}
	changes, err := w.changesOf(ctx, r, now, past, req)
	if e, ok := errors.AsType[*fault.Error](err); ok && (e.Kind == fault.KindInvalid || e.Kind == fault.KindConflict) {
		// What is wrong may be so only since then: a contact is gone, a number taken.
		return Patch{}, errOtherVersion
	}
	if err != nil {
		return Patch{}, err
	}
	conflicts := conflictsOf(past, changes, &req.Patch)
	if req.Merge == NoMerge || slices.ContainsFunc(conflicts, fault.Conflict.Clashes) {
		return Patch{}, outdated(conflicts, req.Merge)
	}
	return req.Patch.merged(conflicts)
}

// before returns the latest version that the condition names before one; 0 if
// there is none, or none that is at most so many versions back.
func (m *Match) before(version, most int64) int64 {
	latest := int64(0)
	for _, v := range m.Versions {
		if v < version && v >= version-most {
			latest = max(latest, v)
		}
	}
	return latest
}

// changedSince returns the values, as decoded from JSON, that the members of an
// account had in an earlier version: of those that were written since. It returns
// nil if there is no such version, or no whole history back to it.
func changedSince(ctx context.Context, r Reader, now Account, version int64) (map[string]any, error) {
	if version == 0 {
		return nil, nil
	}
	past := make(map[string]any)
	sequence := int64(0)
	for at := now.Version; at > version; {
		page, err := r.History(ctx, now.CompanyID, now.ID, sequence, int(min(at-version, pastPage)))
		if err != nil {
			return nil, fmt.Errorf("load history: %w", err)
		}
		if len(page) == 0 {
			return nil, nil
		}
		for _, entry := range page {
			if entry.Version != at {
				return nil, nil
			}
			if at == version {
				break
			}
			for name, change := range entry.Fields {
				past[name] = change.Before
			}
			at--
			sequence = entry.Sequence
		}
	}
	return past, nil
}

// changesOf are what a request sets of an account to other values: what it adds,
// removes and fills is right for every version. If it is to be merged strictly, they
// are also what it has in common with the changes since its version.
func (w *Writer) changesOf(ctx context.Context, r Reader, now Account, past map[string]any, req UpdateRequest) (patch.Changes, error) {
	set := req.Patch
	set.Add, set.Remove, set.Fill = nil, nil, nil
	outcome, _, err := w.apply(ctx, r, now, set, req.AllowNewOptions)
	if err != nil || req.Merge != MergeStrictly {
		return outcome.Changes, err
	}
	back := make(patch.Changes, len(past))
	for name, value := range past {
		back[name] = patch.Change{After: value}
	}
	then, err := Replay(now, HistoryEntry{Kind: ChangeUpdated, AccountID: now.ID, Fields: back})
	if err != nil {
		return nil, err
	}
	intended, _, err := w.apply(ctx, r, then, set, req.AllowNewOptions)
	if err != nil {
		return nil, err
	}
	changes := make(patch.Changes)
	for name, change := range intended.Changes {
		changes[name] = patch.Change{Before: change.After, After: change.After} // as it is already, unless outcome says otherwise
	}
	maps.Copy(changes, outcome.Changes)
	return changes, nil
}

// conflictsOf returns the members that a patch changes, and others have changed
// since, in the order of their names.
func conflictsOf(past map[string]any, changes patch.Changes, p *Patch) []fault.Conflict {
	var conflicts []fault.Conflict
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		base, written := past[name]
		change := changes[name]
		if !written || equalJSON(base, change.Before) {
			continue
		}
		conflicts = append(conflicts, fault.Conflict{
			Member: name, Path: p.path(name),
			Base: base, Current: change.Before, Mine: change.After,
			Merged: mergeLists(base, change.Before, change.After, maxItems(name)),
		})
	}
	return conflicts[:min(len(conflicts), MaxConflicts)]
}

// equalJSON tells whether two values are stored alike.
func equalJSON(a, b any) bool {
	x, errX := jsonvalue.Append(nil, a)
	y, errY := jsonvalue.Append(nil, b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func maxItems(member string) int {
	if member == string(MemberContacts) {
		return MaxContacts
	}
	return schema.MaxValues
}

// path leads to a member in the patch's body, where it may have its former name.
func (p *Patch) path(member string) []string {
	if member == string(MemberType) && p.Type.IsAbsent() {
		return []string{"type"}
	}
	return PathOf(member)
}

// merged returns the patch with lists that both changes have been made to.
func (p Patch) merged(conflicts []fault.Conflict) (Patch, error) {
	p.Custom.Value = maps.Clone(p.Custom.Value)
	for _, c := range conflicts {
		if key, ok := strings.CutPrefix(c.Member, CustomPrefix); ok {
			p.Custom.Value[key] = c.Merged
			continue
		}
		r := &patch.Reader{}
		ids, _ := patch.IDs(r, c.Path, c.Merged)
		if err := fault.Invalid(r.Offences); err != nil {
			return Patch{}, fmt.Errorf("merge %s: %w", c.Member, err)
		}
		p.Contacts = patch.Set(ids)
	}
	return p, nil
}

var errOtherVersion = fault.Errorf(fault.KindPrecondition, "the account is not the version that If-Match names; fetch it again")

// maxNamed is how many members a message names.
const maxNamed = 5

// outdated is the error of a request that was made for an earlier version.
func outdated(conflicts []fault.Conflict, merge Merge) error {
	const since = "changed since the version that If-Match names"
	message := "the account has " + since + ", but nothing that is sent conflicts with that"
	if names := inTheWay(conflicts, merge); names != "" {
		message = since + ": " + names + "; conflicts has the values"
	}
	if !slices.ContainsFunc(conflicts, fault.Conflict.Clashes) {
		message += "; fetch it again, or send Prefer: merge"
	}
	return &fault.Error{Kind: fault.KindPrecondition, Message: message, Conflicts: conflicts}
}

// inTheWay names what others have changed too, or if a merge was asked for, what
// keeps it from being made.
func inTheWay(conflicts []fault.Conflict, merge Merge) string {
	var names []string
	for _, c := range conflicts {
		if merge == NoMerge || c.Clashes() {
			names = append(names, c.Member)
		}
	}
	if more := len(names) - maxNamed; more > 0 {
		names = append(names[:maxNamed], fmt.Sprintf("%d more", more))
	}
	return fault.Join(names)
}
