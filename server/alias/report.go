package alias

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxUses is how many keys, and how many user agents, a report lists.
const maxUses = 100

// maxSteps is how many steps a report lists.
const maxSteps = 100

// Report is where a user stands, and how the user has used the alias.
type Report struct {
	Migration
	Calls       Calls
	Days        []Day     // the last 30, the oldest first
	First, Last time.Time // zero: no call
	Quiet       int       // whole days since the last call; -1: there was none

	// The use of the last 30 days, the busiest first.
	Keys       []KeyUse
	Agents     []AgentUse
	Operations []OperationUse
	Leniencies []LeniencyUse

	Mail  *Mail  // of the last notice; nil: the user is not notified
	Steps []Step // newest first; only reports of one user have them
}

// Calls counts calls by days, in UTC, up to today.
type Calls struct {
	Today, Week, Month int64
	Refused            int64 // of Month
}

// Day is the calls of one day.
type Day struct {
	Start          time.Time // in UTC
	Calls, Refused int64
}

// KeyUse is the use of the last 30 days with one key.
type KeyUse struct {
	ID           int64
	Name, Prefix string
	Calls        int64
	Last         time.Time
}

// AgentUse is the use of the last 30 days by one user agent.
type AgentUse struct {
	Name  string
	Calls int64
	Last  time.Time
}

// LeniencyUse is what had to be read leniently in the last 30 days.
type LeniencyUse struct {
	Name  string
	Calls int64
	Last  time.Time
	Keys  []KeyUse // the busiest first
}

// OperationUse is the use of one operation in the last 30 days.
type OperationUse struct {
	Method    string
	Path      string // the former one
	Successor string
	Calls     int64
	Refused   int64
	Last      time.Time
}

// periods are those of reports, by days in UTC up to today.
func periods(now time.Time) Periods {
	today := now.UTC().Truncate(24 * time.Hour)
	return Periods{Today: today, Week: today.AddDate(0, 0, -6), Month: today.AddDate(0, 0, -29)}
}

// newDays returns the days from first up to the 30th with the totals of one user.
// What a server with a fast clock counted for tomorrow is today's, as in Calls.
func newDays(totals []DayTotal, first time.Time) []Day {
	days := make([]Day, 30)
	for i := range days {
		days[i].Start = first.AddDate(0, 0, i)
	}
	for _, t := range totals {
		day := &days[min(int(t.Start.Sub(first)/(24*time.Hour)), len(days)-1)]
		day.Calls += t.Calls
		day.Refused += t.Refused
	}
	return days
}

// newReport adds up a user's totals.
func newReport(m Migration, totals []Total, leniencies []LeniencyTotal, now time.Time) Report {
	r := Report{Migration: m, Leniencies: addLeniencies(leniencies)}
	keys, agents, operations := map[int64]*KeyUse{}, map[string]*AgentUse{}, map[string]*OperationUse{}
	for _, t := range totals {
		r.add(t)
		if t.Month == 0 {
			continue
		}
		key := entry(keys, t.KeyID, KeyUse{ID: t.KeyID, Name: t.KeyName, Prefix: t.KeyPrefix})
		key.Calls, key.Last = key.Calls+t.Month, later(key.Last, t.Last)
		agent := entry(agents, t.UserAgent, AgentUse{Name: t.UserAgent})
		agent.Calls, agent.Last = agent.Calls+t.Month, later(agent.Last, t.Last)
		operation := entry(operations, t.Operation, newOperationUse(t.Operation))
		operation.Calls, operation.Last = operation.Calls+t.Month, later(operation.Last, t.Last)
		operation.Refused += t.Refused
	}
	r.Quiet = quietFor(now, r.Last)
	r.Keys = busiest(keys, func(a, b *KeyUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.ID, b.ID))
	})
	r.Agents = busiest(agents, func(a, b *AgentUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
	})
	r.Operations = busiest(operations, func(a, b *OperationUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return r
}

// addLeniencies adds up the totals of one user, the most frequent first.
func addLeniencies(totals []LeniencyTotal) []LeniencyUse {
	uses := map[string]*LeniencyUse{}
	for _, t := range totals {
		use := entry(uses, t.Name, LeniencyUse{Name: t.Name})
		use.Calls, use.Last = use.Calls+t.Key.Calls, later(use.Last, t.Key.Last)
		use.Keys = append(use.Keys, t.Key)
	}
	for _, use := range uses {
		slices.SortFunc(use.Keys, func(a, b KeyUse) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.ID, b.ID)) })
		use.Keys = use.Keys[:min(len(use.Keys), maxUses)]
	}
	return busiest(uses, func(a, b *LeniencyUse) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
	})
}

func (r *Report) add(t Total) {
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
	list := make([]V, 0, min(len(sorted), maxUses))
	for _, v := range sorted[:min(len(sorted), maxUses)] {
		list = append(list, *v)
	}
	return list
}

// newOperationUse reads the operation that calls were counted under.
func newOperationUse(operation string) OperationUse {
	method, successor, _ := strings.Cut(operation, " ")
	return OperationUse{Method: method, Path: formerPath(successor), Successor: successor}
}

// formerPath returns the alias of a canonical path of the spec.
func formerPath(path string) string {
	return strings.NewReplacer("/accounts", "/clients", "{accountId}", "{clientId}").Replace(path)
}
