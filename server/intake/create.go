package intake

import (
	"context"
	"fmt"
	"maps"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// CreateRequest is one creation of an account.
type CreateRequest struct {
	Patch           account.Patch // what the account is to be; title and address are required
	MatchBy         account.MatchBy
	Strategy        Strategy
	AllowNewOptions bool
	Mode            write.Mode[CreateResult]
}

// CreateResult is what Create made or found.
type CreateResult struct {
	Account account.Account
	Created bool // false: an existing account matched
}

// Create adds an account, or treats the one that matches as the strategy says,
// in one transaction. Errors: KindInvalid or KindConflict with every offence of
// the body, which is checked whole even if the strategy is to skip.
func (s *Service) Create(ctx context.Context, actor identity.Actor, req CreateRequest) (CreateResult, error) {
	made := func(r *CreateResult) []*account.Account { return []*account.Account{&r.Account} }
	return account.Decide(ctx, s.accounts, actor.CompanyID, req.Mode, made, func(ctx context.Context, tx account.Tx) (CreateResult, error) {
		c := &creation{Service: s, tx: tx, actor: actor, req: req}
		result, _, err := c.run(ctx)
		return result, err
	})
}

// creation is one Create in its transaction.
type creation struct {
	*Service
	tx      account.Tx
	actor   identity.Actor
	req     CreateRequest
	partial bool // a body need not hold more than what is to change
	exists  bool // an account must match
	env     account.Env
	outcome account.Outcome // the body applied to a blank account
}

// run carries the request out, and tells whether it changed the account.
func (c *creation) run(ctx context.Context) (result CreateResult, changed bool, err error) {
	matched, err := c.check(ctx)
	if err != nil {
		return CreateResult{}, false, err
	}
	result, err = c.carryOut(ctx, matched)
	return result, result.Account.Version != matched.Version, err
}

// carryOut does with the account that check has returned what is to be done.
func (c *creation) carryOut(ctx context.Context, matched account.Account) (result CreateResult, err error) {
	if matched.ID == 0 {
		result.Created = true
		result.Account, err = c.insert(ctx)
	} else {
		result.Account, err = c.treat(ctx, matched)
	}
	return result, err
}

func (c *creation) blank() account.Account {
	return account.Account{CompanyID: c.actor.CompanyID, Active: true, Custom: account.Custom{}}
}

// check applies the body to a blank account, and returns the account that
// matches, or one without an id.
func (c *creation) check(ctx context.Context) (account.Account, error) {
	p := c.req.Patch
	properties, err := c.accounts.Schema(ctx, c.tx, c.actor.CompanyID)
	if err != nil {
		return account.Account{}, err
	}
	contacts, err := account.ContactsFor(ctx, c.tx, c.blank(), p)
	if err != nil {
		return account.Account{}, err
	}
	c.env = account.Env{Schema: properties, Contacts: contacts, AllowNewOptions: c.req.AllowNewOptions, Region: c.region}
	c.outcome = account.Apply(c.blank(), p, c.env)

	target, err := c.match(ctx)
	if err != nil {
		return account.Account{}, err
	}
	offences := append(unfit(c.req), c.outcome.Errors...)
	isNew := c.isNew(target)
	if isNew && c.req.Strategy == StrategyRemove {
		offences.Add(nil, "matches no account, of which something could be removed")
		return account.Account{}, fault.Invalid(offences)
	}
	if !c.partial || isNew || c.req.Strategy == StrategyReplace {
		offences = append(missing(p), offences...)
	}
	if !c.partial || isNew || target.ID != 0 {
		taken, err := account.Taken(ctx, c.tx, target, p, c.claims(target), properties)
		if err != nil {
			return account.Account{}, err
		}
		offences = append(offences, taken...)
	}
	return target, fault.Invalid(offences)
}

// claims are the changes whose values the account is to have as the body has them. What
// is added or filled comes to another value on an account that matches, which is looked
// at when that is known.
func (c *creation) claims(target account.Account) patch.Changes {
	acted := acting(c.req, c.env.Schema)
	if target.ID == 0 || acted.Add == nil && acted.Fill == nil {
		return c.outcome.Changes
	}
	claims := make(patch.Changes)
	for key := range acted.Custom.Value {
		if change, changed := c.outcome.Changes[account.CustomPrefix+key]; changed {
			claims[account.CustomPrefix+key] = change
		}
	}
	return claims
}

// isNew tells whether it is certain that no account matches.
func (c *creation) isNew(target account.Account) bool {
	switch c.req.MatchBy {
	case account.MatchID:
		return c.req.Patch.ID.IsAbsent()
	case account.MatchNumber, account.MatchNone:
		return target.ID == 0
	}
	return !c.exists && target.ID == 0 && len(c.outcome.Errors) == 0
}

// missing are the members that a new account must have and the patch has not.
func missing(p account.Patch) fault.Offences {
	var offences fault.Offences
	if p.Title.IsAbsent() && !p.Found.Has("title") {
		offences.Add([]string{"title"}, fault.IsRequired)
	}
	if p.Address.IsAbsent() && !p.Found.Has("address") {
		offences.Add([]string{"address"}, fault.IsRequired)
	}
	return offences
}

// match returns the account that the body matches, or a blank one. It cannot
// look for a text that is part of a body with offences.
func (c *creation) match(ctx context.Context) (account.Account, error) {
	matched, err := c.find(ctx)
	if fault.IsNotFound(err) {
		return c.blank(), nil
	}
	return matched, err
}

func (c *creation) find(ctx context.Context) (account.Account, error) {
	id, number := c.req.Patch.ID, c.req.Patch.Number
	switch by := c.req.MatchBy; by {
	case account.MatchID:
		if id.IsAbsent() {
			return account.Account{}, fault.NotFound("account")
		}
		matched, err := c.tx.AccountForUpdate(ctx, c.actor.CompanyID, id.Value)
		if fault.IsNotFound(err) {
			c.outcome.Errors.Add([]string{"id"}, "must be the id of an account of this company; got %d", id.Value)
		}
		return matched, err
	case account.MatchNumber:
		if !number.IsSet() {
			return account.Account{}, fault.NotFound("account")
		}
		owner, err := c.tx.NumberOwner(ctx, c.actor.CompanyID, number.Value)
		if err != nil {
			return account.Account{}, fmt.Errorf("find the number's owner: %w", err)
		}
		return c.owner(ctx, numberTrait(number.Value), owner)
	default:
		if key, ok := by.Key(); ok {
			return c.findUnique(ctx, key)
		}
		value := by.Value(c.outcome.Account)
		if value == "" || len(c.outcome.Errors) > 0 {
			return account.Account{}, fault.NotFound("account")
		}
		return c.tx.FindAccount(ctx, c.actor.CompanyID, by, value)
	}
}

// findUnique returns the account that has the body's value of a unique property. A
// body without one is an offence: else each time that it is sent it would be a new
// account.
func (c *creation) findUnique(ctx context.Context, key string) (account.Account, error) {
	p, wrong := uniqueProperty(c.env.Schema, key)
	if wrong != "" {
		c.outcome.Errors = append(c.outcome.Errors, fault.InParameter("match_by", "%s", wrong))
		return account.Account{}, fault.NotFound("account")
	}
	if c.req.Patch.Custom.Value[key] == nil {
		c.outcome.Errors.Add(account.PathOf(account.CustomPrefix+key), "%s", requiredToMatch)
	}
	value := p.UniqueKey(c.outcome.Account.Custom[key])
	if value == "" || len(c.outcome.Errors) > 0 {
		return account.Account{}, fault.NotFound("account")
	}
	owner, err := account.OwnerOf(ctx, c.tx, p, value)
	if err != nil {
		return account.Account{}, err
	}
	return c.owner(ctx, traitOf(p, value), owner)
}

// unmatched is the error of a body that must match an account, and matches none.
func (c *creation) unmatched() error {
	switch by := c.req.MatchBy; by {
	case account.MatchTitle, account.MatchAddress, account.MatchEmail, account.MatchPhone:
		if by.Value(c.outcome.Account) == "" {
			var offences fault.Offences
			offences.Add([]string{string(by)}, "%s", requiredToMatch)
			return fault.Invalid(offences)
		}
	}
	return fault.NotFound("account")
}

// requiredToMatch goes on from a member that a body must have.
const requiredToMatch = "is required, since accounts are matched by it"

// owner returns the account with an id, which has a trait, or the one that has taken its
// place; nobody is 0.
func (c *creation) owner(ctx context.Context, t trait, id int64) (account.Account, error) {
	if id == 0 {
		return c.successor(ctx, t)
	}
	return c.tx.AccountForUpdate(ctx, c.actor.CompanyID, id)
}

// insert adds the new account.
func (c *creation) insert(ctx context.Context) (account.Account, error) {
	if p := withDefaults(c.req.Patch, c.env.Schema); len(p.Custom.Value) > len(c.req.Patch.Custom.Value) {
		c.outcome = account.Apply(c.blank(), p, c.env)
		if err := fault.Invalid(c.outcome.Errors); err != nil {
			return account.Account{}, err
		}
	}
	if c.req.Patch.Contacts.IsAbsent() && len(c.outcome.Account.Contacts) == 0 {
		contacts, err := c.primaryContact(ctx)
		if err != nil {
			return account.Account{}, err
		}
		c.outcome.Account.Contacts = contacts
	}
	return c.accounts.Insert(ctx, c.tx, c.actor, c.outcome, c.env.Schema)
}

// withDefaults adds the default values of the properties that are not sent, nor
// filled.
func withDefaults(p account.Patch, properties schema.Schema) account.Patch {
	custom := make(map[string]any)
	for key, property := range properties {
		if isFilled := p.Fill != nil && p.Fill.Custom.Value[key] != nil; len(property.Default) > 0 && !isFilled {
			custom[key] = property.Default
		}
	}
	maps.Copy(custom, p.Custom.Value)
	p.Custom = patch.Set(custom)
	return p
}

// treat does with the matched account what the strategy says.
func (c *creation) treat(ctx context.Context, matched account.Account) (account.Account, error) {
	var p account.Patch
	switch c.req.Strategy {
	case StrategyReplace:
		p = account.Replacement(c.req.Patch, matched)
	case StrategyEnrich:
		p = account.Enrichment(c.req.Patch, matched)
	case StrategyUpdate, StrategyAdd, StrategyRemove:
		p = acting(c.req, c.env.Schema)
		return c.accounts.ApplyAndSave(ctx, c.tx, c.actor, matched, p, c.req.AllowNewOptions)
	default:
		return matched, nil
	}
	mayLink := c.req.Strategy == StrategyReplace || len(matched.Contacts) == 0
	if c.req.Patch.Contacts.IsAbsent() && mayLink {
		contacts, err := c.primaryContact(ctx)
		if err != nil {
			return account.Account{}, err
		}
		if len(contacts) > 0 {
			p.Contacts = patch.Set(account.ContactIDs(contacts))
		}
	}
	return c.accounts.ApplyAndSave(ctx, c.tx, c.actor, matched, p, c.req.AllowNewOptions)
}

// primaryContact returns the contact that the body's primary e-mail address or
// phone number belongs to, made if there is none; nothing if neither is sent.
func (c *creation) primaryContact(ctx context.Context) ([]account.Contact, error) {
	body := c.outcome.Account
	email, phone := "", account.MatchPhone.Value(body)
	if body.PrimaryEmail != nil {
		email = *body.PrimaryEmail
	}
	if email == "" && phone == "" {
		return nil, nil
	}
	known := phone
	if !normal.IsE164(phone) {
		known = "" // What is no number may be two people's.
	}
	contact, err := c.tx.FindContact(ctx, c.actor.CompanyID, normal.EmailKey(email), known)
	if err == nil {
		return []account.Contact{contact}, nil
	}
	if !fault.IsNotFound(err) {
		return nil, fmt.Errorf("find contact: %w", err)
	}
	contact = account.Contact{CompanyID: c.actor.CompanyID, Name: body.Title, CreatedAt: c.clock.Now(), UpdatedAt: c.clock.Now()}
	if email != "" {
		contact.Emails = []string{email}
	}
	if phone != "" {
		contact.Phones = []string{phone}
	}
	if err := c.tx.InsertContact(ctx, &contact); err != nil {
		return nil, fmt.Errorf("add contact: %w", err)
	}
	return []account.Contact{contact}, nil
}
