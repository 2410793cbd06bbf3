package verify

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/records"
)

// mergedState is what leads from an account to the one that it was merged into.
type mergedState struct {
	into int64                        // 0: it was not merged
	keys map[account.MatchBy][]string // by which it is found
}

// readMerged reads what is kept of merged accounts with ids above after, up to last.
func (p *replay) readMerged(ctx context.Context, after, last int64) error {
	p.merged = make(map[int64]mergedState)
	return p.reader.EachMerged(ctx, p.company.CompanyID, after, last, func(id, into int64, by account.MatchBy, key string) {
		m := p.merged[id]
		switch {
		case into != 0:
			m.into = into
		case m.keys == nil:
			m.keys = map[account.MatchBy][]string{by: {key}}
		default:
			m.keys[by] = append(m.keys[by], key)
		}
		p.merged[id] = m
	})
}

// mergedBy is what an entry with the changes leaves of an account, if it is one of a merge.
func mergedBy(e *records.StoredEntry, changes map[string]any) (m mergedState) {
	var cause account.Cause
	if e.Cause == nil || json.Unmarshal([]byte(*e.Cause), &cause) != nil || cause.MergedInto == 0 {
		return m
	}
	entry := account.HistoryEntry{Kind: account.ChangeKind(e.Kind), Cause: &cause, Fields: make(patch.Changes)}
	for name, change := range changes {
		members, _ := change.(map[string]any)
		entry.Fields[name] = patch.Change{Before: members["before"]}
	}
	m.into, m.keys = cause.MergedInto, make(map[account.MatchBy][]string)
	for by, key := range entry.MergedKeys() {
		m.keys[by] = []string{key}
	}
	return m
}

// compareMerged compares what is kept of an account's merge with its history.
func (p *replay) compareMerged() {
	s := &p.state
	found, want := p.merged[s.id], s.merged
	delete(p.merged, s.id)
	switch {
	case s.unknown || found.into == want.into:
	case want.into == 0:
		p.faultAt(s.sequence, Restore, "the account is kept as merged into account %d, and its history does not say so", found.into)
	case found.into == 0:
		p.faultAt(s.sequence, Restore, "the account was merged into account %d, and is not kept as such", want.into)
	default:
		p.faultAt(s.sequence, Restore, "the account was merged into account %d, and is kept as merged into account %d", want.into, found.into)
	}
	if differ := want.differs(found); len(differ) > 0 && !s.unknown {
		p.faultAt(s.sequence, Restore, "the account is found as a merged one by other values than its history has: of %s", strings.Join(differ, ", "))
	}
}

// differs returns the members by which another is found differently, in their order.
func (m mergedState) differs(other mergedState) (names []string) {
	all := maps.Clone(other.keys)
	if all == nil {
		all = make(map[account.MatchBy][]string)
	}
	maps.Copy(all, m.keys)
	for _, by := range slices.Sorted(maps.Keys(all)) {
		if !slices.Equal(m.keys[by], other.keys[by]) {
			names = append(names, string(by))
		}
	}
	return names
}
