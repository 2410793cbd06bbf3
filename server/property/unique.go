package property

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
)

// checkUnique notes what keeps a property from being unique.
func checkUnique(p schema.Property, offences *fault.Offences) {
	switch {
	case !p.Unique:
	case !p.CanBeUnique():
		offences.Add([]string{"unique"}, "is only for a single %s or %s", schema.Text, schema.Numeric)
	case len(p.Default) > 0:
		offences.Add([]string{"unique"}, "is not for a property with a defaultValue, which the second new account could not have")
	}
}

// checkStaysUnique notes what of an edit keeps a unique property from staying so.
func checkStaysUnique(p schema.Property, offences *fault.Offences) {
	if p.Type != schema.Text && p.Type != schema.Numeric {
		offences.Add([]string{"type"}, "must be %s or %s while the property is unique", schema.Text, schema.Numeric)
	}
	if p.Multiple {
		offences.Add([]string{"isMultiple"}, "must be false while the property is unique")
	}
	if len(p.Default) > 0 {
		offences.Add([]string{"defaultValue"}, "must be empty while the property is unique, since the second new account could not have it")
	}
}

// maxNamed is how many values a message names that keep a property from being unique.
const maxNamed = 10

// TakeKeys makes the values that accounts have of a property keys of theirs alone.
// KindConflict, with the first of them, if some cannot be.
func TakeKeys(ctx context.Context, tx Tx, p schema.Property) error {
	t := &takingKeys{tx: tx, p: p}
	if err := eachChunkWith(ctx, tx, p, t.take); err != nil || t.count == 0 {
		return err
	}
	if more := t.count - len(t.named); more > 0 {
		t.named = append(t.named, fmt.Sprintf("and %d more", more))
	}
	var offences fault.Offences
	offences.Conflict([]string{"unique"}, "is not possible yet: %s", strings.Join(t.named, "; "))
	return fault.Invalid(offences)
}

// takingKeys is one call of TakeKeys.
type takingKeys struct {
	tx    Tx
	p     schema.Property
	named []string // what is in the way, the first of it
	count int
}

// take gives accounts their keys.
func (t *takingKeys) take(ctx context.Context, accounts []account.Account) error {
	keys := make([]string, 0, len(accounts))
	for _, a := range accounts {
		if key := t.p.UniqueKey(a.Custom[t.p.Key]); key != "" {
			keys = append(keys, key)
		}
	}
	owners, err := t.tx.Owners(ctx, t.p, keys)
	if err != nil {
		return err
	}
	var taking []account.Owner
	for _, a := range accounts {
		value := a.Custom[t.p.Key]
		key := t.p.UniqueKey(value)
		owner, taken := owners[key]
		switch text, _ := value.(string); {
		case key == "":
		case taken:
			t.conflict("accounts %d and %d both have the value %s", owner, a.ID, fault.Show(value))
		case utf8.RuneCountInString(text) > schema.MaxUnique:
			t.conflict("account %d has a value of more than %d characters, %s", a.ID, schema.MaxUnique, fault.Show(value))
		default:
			owners[key] = a.ID
			taking = append(taking, account.Owner{AccountID: a.ID, Key: key})
		}
	}
	return t.tx.OwnAll(ctx, t.p, taking)
}

func (t *takingKeys) conflict(format string, args ...any) {
	if t.count++; t.count <= maxNamed {
		t.named = append(t.named, fmt.Sprintf(format, args...))
	}
}
