package account

import (
	"encoding/json"
	"slices"
	"strconv"
)

// mergeLists returns a list to which two changes of it are made: current with the
// items that mine adds to base, and without those that it takes out. It returns nil
// if a value is no list, if both have put the items in other orders, or if there
// are more items than most.
func mergeLists(base, current, mine any, most int) []any {
	b, ok1 := itemsOf(base)
	c, ok2 := itemsOf(current)
	m, ok3 := itemsOf(mine)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	var merged []any
	in := []map[any]bool{setOf(b), setOf(c), setOf(m)}
	shared := func(item any) bool { return in[0][item] && in[1][item] && in[2][item] }
	gone := func(item any) bool { return in[0][item] && !shared(item) }
	was, is, wanted := those(b, shared), those(c, shared), those(m, shared)
	switch {
	case slices.Equal(was, wanted) || slices.Equal(is, wanted):
		merged = weave(without(c, gone), without(m, gone))
	case slices.Equal(was, is):
		merged = weave(without(m, gone), without(c, gone))
	}
	if len(merged) > most {
		return nil
	}
	return merged
}

// weave returns the list with the items that are only in other, each behind the
// one that it follows there; those which nothing follows there come last.
func weave(list, other []any) []any {
	in := setOf(list)
	behind := make(map[any][]any) // by the item before; nil: none
	var before any
	var more []any
	for _, item := range other {
		if !in[item] {
			more = append(more, item)
			continue
		}
		behind[before] = more
		before, more = item, nil
	}
	woven := append([]any{}, behind[nil]...)
	for _, item := range list {
		woven = append(append(woven, item), behind[item]...)
	}
	return append(woven, more...)
}

// itemsOf returns the items of a list as they are decoded from JSON; no value is a
// list of none.
func itemsOf(value any) ([]any, bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case []int64:
		items := make([]any, len(v))
		for i, id := range v {
			items[i] = json.Number(strconv.FormatInt(id, 10))
		}
		return items, true
	}
	return nil, false
}

func setOf(items []any) map[any]bool {
	set := make(map[any]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

func those(items []any, keep func(any) bool) []any {
	return without(items, func(item any) bool { return !keep(item) })
}

func without(items []any, drop func(any) bool) []any {
	return slices.DeleteFunc(slices.Clone(items), drop)
}
