package query

import (
	"cmp"
	"slices"
	"sort"
)

// Range is an interval of values, in the form in which the member's are
// compared: see Kind. A nil end is open to that side.
type Range struct {
	From, To         any
	FromOpen, ToOpen bool // the end itself is outside
}

// Union returns ranges that hold what some do, in order, and with values between one
// and the next. The values are of one type.
func Union(ranges []Range) []Range {
	var apart []Range
	for _, r := range slices.SortedFunc(slices.Values(ranges), compareStarts) {
		if len(apart) == 0 || !apart[len(apart)-1].reaches(r) {
			apart = append(apart, r)
			continue
		}
		if last := &apart[len(apart)-1]; last.endsBefore(r) {
			last.To, last.ToOpen = r.To, r.ToOpen
		}
	}
	return apart
}

// anyHolds tells whether one of the ranges holds a value, once they are as Union returns
// them: a list may have hundreds, and be held against all accounts.
func anyHolds(ranges []Range, value any) bool {
	behind := sort.Search(len(ranges), func(i int) bool { return ranges[i].isAbove(value) })
	return behind > 0 && !ranges[behind-1].isBelow(value)
}

// isAbove tells whether a range begins behind a value.
func (r Range) isAbove(value any) bool {
	if r.From == nil {
		return false
	}
	order := compare(value, r.From)
	return order < 0 || order == 0 && r.FromOpen
}

// isBelow tells whether a range ends ahead of a value.
func (r Range) isBelow(value any) bool {
	if r.To == nil {
		return false
	}
	order := compare(value, r.To)
	return order > 0 || order == 0 && r.ToOpen
}

// reaches tells whether no value lies between a range and one that begins no earlier.
func (r Range) reaches(next Range) bool {
	if r.To == nil || next.From == nil {
		return true
	}
	order := compare(next.From, r.To)
	return order < 0 || order == 0 && !(next.FromOpen && r.ToOpen)
}

func (r Range) endsBefore(other Range) bool {
	if r.To == nil || other.To == nil {
		return r.To != nil
	}
	order := compare(r.To, other.To)
	return order < 0 || order == 0 && r.ToOpen
}

func compareStarts(a, b Range) int {
	if a.From == nil || b.From == nil {
		return cmp.Compare(rank(a.From != nil), rank(b.From != nil))
	}
	return cmp.Or(compare(a.From, b.From), cmp.Compare(rank(a.FromOpen), rank(b.FromOpen)))
}
