package account

import (
	"context"
	"fmt"
	"maps"
)

// Strategy says what Create does with an account that matches.
type Strategy string

// The strategies.
const (
	StrategySkip    Strategy = "skip"    // leave it as it is
	StrategyReplace Strategy = "replace" // make the body the record
	StrategyEnrich  Strategy = "enrich"  // fill only what is without a value
)

// CreateRequest is one creation of an account.
type CreateRequest struct {
	Patch           Patch // what the account is to be; title and address are required
	MatchBy         MatchBy
	Strategy        Strategy
	AllowNewOptions bool
	DryRun          bool // check and answer, but write nothing
}

// CreateResult is what Create made or found.
type CreateResult struct {
	Account Account
	Created bool // false: an existing account matched
}

// Create adds an account, or treats the one that matches as the strategy says,
// in one transaction. Errors: KindInvalid or KindConflict with every offence of
// the body, which is checked whole even if the strategy is to skip.
func (s *Service) Create(ctx context.Context, actor Actor, req CreateRequest) (CreateResult, error) {
	var result CreateResult
	err := s.write(ctx, req.DryRun, func(ctx context.Context, tx Tx) error {
		c := &creation{Service: s, tx: tx, actor: actor, req: req}
		var err error
		result, _, err = c.run(ctx)
		return err
	})
	if err != nil {
		return CreateResult{}, err
	}
	return result, nil
}

// creation is one Create in its transaction.
type creation struct {
	*Service
	tx      Tx
	actor   Actor
	req     CreateRequest
	partial bool // a body need not hold more than what is to change
	env     Env
	outcome Outcome // the body applied to a blank account
}

// run carries the request out, and tells whether it changed the account.
func (c *creation) run(ctx context.Context) (result CreateResult, changed bool, err error) {
	matched, err := c.check(ctx)
	if err != nil {
		return CreateResult{}, false, err
	}
	if matched.ID == 0 {
		result.Created = true
		result.Account, err = c.insert(ctx)
	} else {
		result.Account, err = c.treat(ctx, matched)
	}
	return result, result.Account.Version != matched.Version, err
}

func (c *creation) blank() Account {
	return Account{CompanyID: c.actor.CompanyID, Active: true, Custom: Custom{}}
}

// check applies the body to a blank account, and returns the account that
// matches, or one without an id.
func (c *creation) check(ctx context.Context) (Account, error) {
	p := c.req.Patch
	schema, err := loadSchema(ctx, c.tx, c.actor.CompanyID)
	if err != nil {
		return Account{}, err
	}
	contacts, err := c.tx.Contacts(ctx, c.actor.CompanyID, p.Contacts.Value)
	if err != nil {
		return Account{}, fmt.Errorf("load contacts: %w", err)
	}
	c.env = Env{Schema: schema, Contacts: contacts, AllowNewOptions: c.req.AllowNewOptions, Region: c.region}
	c.outcome = Apply(c.blank(), p, c.env)

	target, err := c.match(ctx)
	if err != nil {
		return Account{}, err
	}
	offences := c.outcome.Errors
	isNew := c.isNew(target)
	if !c.partial || isNew || c.req.Strategy == StrategyReplace {
		offences = append(missing(p), offences...)
	}
	if !c.partial || isNew || target.ID != 0 {
		taken, err := numberOffence(ctx, c.tx, target, p.Number)
		if err != nil {
			return Account{}, err
		}
		offences = append(offences, taken...)
	}
	return target, Invalid(offences)
}

// isNew tells whether it is certain that no account matches.
func (c *creation) isNew(target Account) bool {
	switch c.req.MatchBy {
	case MatchID:
		return c.req.Patch.ID.IsAbsent()
	case MatchNumber, MatchNone:
		return target.ID == 0
	}
	return target.ID == 0 && len(c.outcome.Errors) == 0
}

func missing(p Patch) []FieldError {
	var offences fieldErrors
	if p.Title.IsAbsent() {
		offences.add([]string{"title"}, "is required")
	}
	if p.Address.IsAbsent() {
		offences.add([]string{"address"}, "is required")
	}
	return offences
}

// match returns the account that the body matches, or a blank one. It cannot
// look for a text that is part of a body with offences.
func (c *creation) match(ctx context.Context) (Account, error) {
	switch c.req.MatchBy {
	case MatchID:
		return c.matchID(ctx)
	case MatchNumber:
		return c.matchNumber(ctx)
	}
	value := matchValue(c.outcome.Account, c.req.MatchBy)
	if value == "" || len(c.outcome.Errors) > 0 {
		return c.blank(), nil
	}
	matched, err := c.tx.FindAccount(ctx, c.actor.CompanyID, c.req.MatchBy, value)
	if err != nil && KindOf(err) == KindNotFound {
		return c.blank(), nil
	}
	return matched, err
}

func (c *creation) matchID(ctx context.Context) (Account, error) {
	id := c.req.Patch.ID
	if id.IsAbsent() {
		return c.blank(), nil
	}
	matched, err := c.tx.AccountForUpdate(ctx, c.actor.CompanyID, id.Value)
	if err != nil && KindOf(err) == KindNotFound {
		offences := fieldErrors(c.outcome.Errors)
		offences.add([]string{"id"}, "must be the id of an account of this company; got %d", id.Value)
		c.outcome.Errors = offences
		return c.blank(), nil
	}
	return matched, err
}

func (c *creation) matchNumber(ctx context.Context) (Account, error) {
	owner, err := c.tx.NumberOwner(ctx, c.actor.CompanyID, c.req.Patch.Number.Value)
	if err != nil {
		return Account{}, fmt.Errorf("find the number's owner: %w", err)
	}
	if owner == 0 {
		return c.blank(), nil
	}
	return c.tx.AccountForUpdate(ctx, c.actor.CompanyID, owner)
}

// matchValue is the member to match by in the form in which it is compared, or
// "" if there is nothing to match.
func matchValue(a Account, by MatchBy) string {
	switch by {
	case MatchTitle:
		return Fold(a.Title)
	case MatchAddress:
		return FoldAddress(a.Address)
	case MatchEmail:
		return textOf(a.PrimaryEmail)
	case MatchPhone:
		return textOf(a.PrimaryPhone)
	}
	return ""
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// insert adds the new account.
func (c *creation) insert(ctx context.Context) (Account, error) {
	if defaults := missingDefaults(c.env.Schema, c.req.Patch.Custom.Value); len(defaults) > 0 {
		p := c.req.Patch
		maps.Copy(defaults, p.Custom.Value)
		p.Custom = Set(defaults)
		c.outcome = Apply(c.blank(), p, c.env)
		if err := Invalid(c.outcome.Errors); err != nil {
			return Account{}, err
		}
	}
	a := c.outcome.Account
	if c.req.Patch.Contacts.IsAbsent() {
		contacts, err := c.primaryContact(ctx)
		if err != nil {
			return Account{}, err
		}
		a.Contacts = contacts
	}
	if err := addOptions(ctx, c.tx, a.CompanyID, c.outcome.NewOptions); err != nil {
		return Account{}, err
	}
	by := c.actor.User
	a.Version, a.CreatedBy = 1, &by
	a.CreatedAt = c.now()
	a.UpdatedAt = a.CreatedAt
	if err := c.tx.InsertAccount(ctx, &a); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	if err := indexCustom(ctx, c.tx, a, c.outcome.Changes, c.env.Schema); err != nil {
		return Account{}, err
	}
	return a, c.addHistory(ctx, c.tx, c.actor, a, ChangeCreated, creationChanges(a, c.outcome.Changes))
}

// creationChanges are the changes that made an account out of nothing, those
// included that the server chose.
func creationChanges(a Account, applied Changes) Changes {
	changes := make(Changes, len(applied)+3)
	for member, change := range applied {
		changes[member] = Change{After: change.After}
	}
	changes["isActive"] = Change{After: a.Active}
	changes["number"] = Change{After: a.Number}
	if len(a.Contacts) > 0 {
		changes["contacts"] = Change{After: contactIDs(a.Contacts)}
	}
	return changes
}

// missingDefaults are the default values of the properties that are not sent.
func missingDefaults(schema Schema, sent map[string]any) map[string]any {
	defaults := make(map[string]any)
	for key, p := range schema {
		if _, ok := sent[key]; !ok && len(p.Default) > 0 {
			defaults[key] = p.Default
		}
	}
	return defaults
}

// treat does with the matched account what the strategy says.
func (c *creation) treat(ctx context.Context, matched Account) (Account, error) {
	var p Patch
	switch c.req.Strategy {
	case StrategyReplace:
		p = replacement(c.req.Patch, matched)
	case StrategyEnrich:
		p = enrichment(c.req.Patch, matched)
	case StrategyUpdate:
		return c.applyAndSave(ctx, c.tx, c.actor, matched, c.req.Patch, c.req.AllowNewOptions)
	default:
		return matched, nil
	}
	mayLink := c.req.Strategy == StrategyReplace || len(matched.Contacts) == 0
	if c.req.Patch.Contacts.IsAbsent() && mayLink {
		contacts, err := c.primaryContact(ctx)
		if err != nil {
			return Account{}, err
		}
		if len(contacts) > 0 {
			p.Contacts = Set(contactIDs(contacts))
		}
	}
	return c.applyAndSave(ctx, c.tx, c.actor, matched, p, c.req.AllowNewOptions)
}

// primaryContact returns the contact that the body's primary e-mail address or
// phone number belongs to, made if there is none; nothing if neither is sent.
func (c *creation) primaryContact(ctx context.Context) ([]Contact, error) {
	body := c.outcome.Account
	email, phone := textOf(body.PrimaryEmail), textOf(body.PrimaryPhone)
	if email == "" && phone == "" {
		return nil, nil
	}
	contact, err := c.tx.FindContact(ctx, c.actor.CompanyID, email, phone)
	if err == nil {
		return []Contact{contact}, nil
	}
	if KindOf(err) != KindNotFound {
		return nil, fmt.Errorf("find contact: %w", err)
	}
	contact = Contact{CompanyID: c.actor.CompanyID, Name: body.Title, CreatedAt: c.now(), UpdatedAt: c.now()}
	if email != "" {
		contact.Emails = []string{email}
	}
	if phone != "" {
		contact.Phones = []string{phone}
	}
	if err := c.tx.InsertContact(ctx, &contact); err != nil {
		return nil, fmt.Errorf("add contact: %w", err)
	}
	return []Contact{contact}, nil
}

// replacement is the patch that makes the body the record: what is not sent is
// cleared, but for the number.
func replacement(p Patch, matched Account) Patch {
	p.Description = orNull(p.Description)
	p.PrimaryEmail = orNull(p.PrimaryEmail)
	p.PrimaryPhone = orNull(p.PrimaryPhone)
	p.Value = orNull(p.Value)
	p.Size = orNull(p.Size)
	p.Contacts = orNull(p.Contacts)
	if p.TypeAlias.IsAbsent() {
		p.Type = orNull(p.Type)
	}
	if p.Active.IsAbsent() {
		p.Active = Set(true)
	}
	custom := make(map[string]any, len(matched.Custom))
	for key := range matched.Custom {
		custom[key] = nil
	}
	maps.Copy(custom, p.Custom.Value)
	p.Custom = Set(custom)
	return p
}

func orNull[T any](f Field[T]) Field[T] {
	if f.IsAbsent() {
		return Null[T]()
	}
	return f
}

// enrichment is the patch that fills what the record is without.
func enrichment(p Patch, matched Account) Patch {
	custom := make(map[string]any)
	for key, value := range p.Custom.Value {
		if value != nil && matched.Custom[key] == nil {
			custom[key] = value
		}
	}
	return Patch{
		Description:  ifEmpty(p.Description, textOf(matched.Description) == ""),
		PrimaryEmail: ifEmpty(p.PrimaryEmail, matched.PrimaryEmail == nil),
		PrimaryPhone: ifEmpty(p.PrimaryPhone, matched.PrimaryPhone == nil),
		Type:         ifEmpty(p.Type, matched.Type == nil),
		TypeAlias:    ifEmpty(p.TypeAlias, matched.Type == nil),
		Value:        ifEmpty(p.Value, matched.Value == nil),
		Size:         ifEmpty(p.Size, matched.Size == nil),
		Contacts:     ifEmpty(p.Contacts, len(matched.Contacts) == 0),
		Custom:       Set(custom),
	}
}

// ifEmpty keeps a value for a member that has none.
func ifEmpty[T any](f Field[T], empty bool) Field[T] {
	if !empty || f.IsNull() {
		return Field[T]{}
	}
	return f
}
