package intake

import (
	"maps"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
)

// trait is what a record is found by: a member or a unique property, and the value in
// the form in which it is compared.
type trait struct {
	by    account.MatchBy
	value string
}

// traitOf is that of the unique property with a value.
func traitOf(p schema.Property, key string) trait { return trait{account.MatchUnique(p.Key), key} }

func numberTrait(number int64) trait {
	return trait{account.MatchNumber, strconv.FormatInt(number, 10)}
}

// found is which records have traits, of those that were looked for; 0: none has.
type found map[trait]int64

// note keeps which records have what was looked for, or that none has it.
func (f found) note(by account.MatchBy, values []string, ids map[string]int64) {
	for _, value := range values {
		f[trait{by, value}] = ids[value]
	}
}

// take notes that a record gets a trait. Which of two that have it counts is not known.
func (f found) take(t trait, id int64) {
	switch owner, known := f[t]; {
	case known && owner == 0:
		f[t] = id
	case owner != id:
		delete(f, t)
	}
}

// leave notes that a record may have lost what it was found by.
func (f found) leave(id int64) {
	maps.DeleteFunc(f, func(_ trait, owner int64) bool { return owner == id })
}
