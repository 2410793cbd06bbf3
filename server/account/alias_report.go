package account

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxAliasUses is how many keys, and how many user agents, a report lists.
const maxAliasUses = 100

// maxAliasSteps is how many steps a report lists.
const maxAliasSteps = 100

// AliasReport is where a user stands, and how the user has used the alias.
type AliasReport struct {
	AliasMigration
	Calls       AliasCalls
	First, Last time.Time // zero: no call
	Quiet       int       // whole days since the last call; -1: there was none

	// The use of the last 30 days, the busiest first.
	Keys       []AliasKeyUse
	Agents     []AliasAgentUse
	Operations []AliasOperationUse

	Steps []AliasStep // newest first; only reports of one user have them
}

// AliasCalls counts calls by days, in UTC, up to today.
type AliasCalls struct {
	Today, Week, Month int64
	Refused            int64 // of Month
}

// AliasKeyUse is the use of the last 30 days with one key.
type AliasKeyUse struct {
	ID           int64
	Name, Prefix string
	Calls        int64
	Last         time.Time
}

// AliasAgentUse is the use of the last 30 days by one user agent.
type AliasAgentUse struct {
	Name  string
	Calls int64
	Last  time.Time
}

// AliasOperationUse is the use of one operation in the last 30 days.
type AliasOperationUse struct {
	Method    string
	Path      string // the former one
	Successor string
	Calls     int64
	Refused   int64
	Last      time.Time
}

// aliasPeriods are those of reports, by days in UTC up to today.
func aliasPeriods(now time.Time) AliasPeriods {
	today := now.UTC().Truncate(24 * time.Hour)
	return AliasPeriods{Today: today, Week: today.AddDate(0, 0, -6), Month: today.AddDate(0, 0, -29)}
}

// newAliasReport adds up a user's totals.
func newAliasReport(m AliasMigration, totals []AliasTotal, now time.Time) AliasReport {
	r := AliasReport{AliasMigration: m}
	keys, agents, operations := map[int64]*AliasKeyUse{}, map[string]*AliasAgentUse{}, map[string]*AliasOperationUse{}
	for _, t := range totals {
		r.add(t)
		if t.Month == 0 {
			continue
		}
		key := entry(keys, t.KeyID, AliasKeyUse{ID: t.KeyID, Name: t.KeyName, Prefix: t.KeyPrefix})
		key.Calls, key.Last = key.Calls+t.Month, later(key.Last, t.Last)
		agent := entry(agents, t.UserAgent, AliasAgentUse{Name: t.UserAgent})
		agent.Calls, agent.Last = agent.Calls+t.Month, later(agent.Last, t.Last)
		operation := entry(operations, t.Operation, newOperationUse(t.Operation))
		operation.Calls, operation.Last = operation.Calls+t.Month, later(operation.Last, t.Last)
		operation.Refused += t.Refused
	}
	r.Quiet = quietFor(now, r.Last)
	r.Keys = busiest(keys, func(a, b *AliasKeyUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.ID, b.ID))
	})
	r.Agents = busiest(agents, func(a, b *AliasAgentUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
	})
	r.Operations = busiest(operations, func(a, b *AliasOperationUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return r
}

func (r *AliasReport) add(t AliasTotal) {
	r.Calls.Today += t.Today
	r.Calls.Week += t.Week
	r.Calls.Month += t.Month
	r.Calls.Refused += t.Refused
	r.Last = later(r.Last, t.Last)
	if r.First.IsZero() || t.First.Before(r.First) {
		r.First = t.First
	}
}

// entry returns the map's value for key, which starts as first.
func entry[K comparable, V any](m map[K]*V, key K, first V) *V {
	if m[key] == nil {
		m[key] = &first
	}
	return m[key]
}

func busiest[K comparable, V any](m map[K]*V, order func(a, b *V) int) []V {
	sorted := make([]*V, 0, len(m))
	for _, v := range m {
		sorted = append(sorted, v)
	}
	slices.SortFunc(sorted, order)
	list := make([]V, 0, min(len(sorted), maxAliasUses))
	for _, v := range sorted[:min(len(sorted), maxAliasUses)] {
		list = append(list, *v)
	}
	return list
}

// newOperationUse reads the operation that calls were counted under.
func newOperationUse(operation string) AliasOperationUse {
	method, successor, _ := strings.Cut(operation, " ")
	return AliasOperationUse{Method: method, Path: FormerPath(successor), Successor: successor}
}

// FormerPath returns the alias of a canonical path of the spec.
func FormerPath(path string) string {
	return strings.NewReplacer("/accounts", "/clients", "{accountId}", "{clientId}").Replace(path)
}
