package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/schema"
)

// uniqueProperty returns the property that has a key name, or what is wrong with it if
// it is not unique.
func uniqueProperty(properties schema.Schema, key string) (p schema.Property, wrong string) {
	p, ok := properties[key]
	if ok && p.Unique {
		return p, ""
	}
	var unique []string
	for key, p := range properties {
		if p.Unique {
			unique = append(unique, key)
		}
	}
	slices.Sort(unique)
	switch {
	case ok:
		return p, fault.Quote(key) + " is not unique; make it so by PATCH /properties/" + key
	case len(unique) == 0:
		return p, "must name a unique property, of which this company has none; got " + fault.Quote(key)
	}
	return p, fmt.Sprintf("must name a unique property, which are %s; got %s%s", fault.Join(unique), fault.Quote(key), fault.DidYouMean(key, unique))
}

// ShowBy is Show of the account that has a value of a unique property, as it is written
// in a path. Errors: KindInvalid, located in the path; KindNotFound; fault.Merged of an
// account that had it and was merged into another, if none has it now.
func (s *Service) ShowBy(ctx context.Context, actor identity.Actor, key, value string, includeArchived, contacts bool) (a account.Stored, err error) {
	err = s.store.Look(ctx, func(ctx context.Context, tx account.Tx) error {
		p, sought, err := s.soughtValue(ctx, tx, actor.CompanyID, key, value)
		if err != nil {
			return err
		}
		owner, err := account.OwnerOf(ctx, tx, p, sought)
		if err == nil && owner == 0 {
			owner, err = mergedOwner(ctx, tx, actor.CompanyID, traitOf(p, sought))
		}
		if err != nil {
			return err
		}
		a, err = tx.StoredAccount(ctx, actor.CompanyID, owner, contacts) // Nobody is 0, which no account is.
		if err == nil && !a.Active && !includeArchived {
			return fault.NotFound("account")
		}
		return err
	})
	return a, err
}

// soughtValue reads a value of a unique property that a path has as text.
func (s *Service) soughtValue(ctx context.Context, r account.Reader, companyID int64, key, text string) (p schema.Property, sought string, err error) {
	properties, err := s.accounts.Schema(ctx, r, companyID)
	if err != nil {
		return p, "", err
	}
	p, wrong := uniqueProperty(properties, key)
	if wrong != "" {
		return p, "", fault.Invalid([]fault.Offence{{In: fault.InPath, Path: []string{"keyName"}, Message: "keyName " + wrong}})
	}
	var value any = text
	if p.Type == schema.Numeric {
		value = json.Number(text)
	}
	var offences fault.Offences
	check := schema.Values{Offences: &offences}
	sought = p.UniqueKey(check.Check([]string{"value"}, p, value))
	for i := range offences {
		offences[i].In = fault.InPath
	}
	return p, sought, fault.Invalid(offences)
}
