package intake

import (
	"maps"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// Strategy says what Create does with an account that matches.
type Strategy string

// The strategies, of which imports have all.
const (
	StrategySkip    Strategy = "skip"    // leave it as it is
	StrategyReplace Strategy = "replace" // make the body the record
	StrategyEnrich  Strategy = "enrich"  // fill only what is without a value
	StrategyUpdate  Strategy = "update"  // apply the row as a patch
	StrategyAdd     Strategy = "add"     // StrategyUpdate that adds to lists and numbers
	StrategyRemove  Strategy = "remove"  // take what the row has out of lists
)

// acting is what the strategy of a request makes of its body: a patch of the account
// that matches.
func acting(req CreateRequest, properties schema.Schema) account.Patch {
	switch req.Strategy {
	case StrategyAdd:
		return account.Addition(withoutKey(req), properties)
	case StrategyRemove:
		p := withoutKey(req)
		return account.Patch{Remove: &p}
	}
	return req.Patch
}

// withoutKey is the body without the key that accounts are matched by: that says which
// account is meant. A number would else be added to itself, and the account would have
// another key than its row.
func withoutKey(req CreateRequest) account.Patch {
	p := req.Patch
	if key, ok := req.MatchBy.Key(); ok {
		others := maps.Clone(p.Custom.Value)
		delete(others, key)
		p.Custom = patch.Set(others)
	}
	return p
}

// unfit notes the parts of a body that a strategy has no use for: it would pass
// them over.
func unfit(req CreateRequest) fault.Offences {
	var offences fault.Offences
	if req.Strategy == StrategyUpdate {
		return nil
	}
	for _, name := range req.Patch.Parts() {
		offences.Add([]string{name}, "can only be in a row of an import with the strategy %s", StrategyUpdate)
	}
	return offences
}
