package account

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Service does what users do with a company's accounts: it applies the rules of
// this package to the records of a store.
type Service struct {
	store     Store
	now       func() time.Time
	region    string
	log       *slog.Logger
	passwords passwords
	wake      chan struct{} // holds one if an index is to be built
	dryRun    bool          // whether every write is undone

	gate         *aliasGate
	aliasCounter *AliasCounter
	quietDays    int
	composer     Composer

	underWay *sync.Map // the AnswerIDs of Once calls that have not returned
}

// Config is how a Service is set up.
type Config struct {
	Clock  func() time.Time // nil: time.Now
	Region string           // of phone numbers without a country code, ISO 3166; empty: only numbers with one are read
	Logger *slog.Logger     // of Run; nil: slog.Default()

	AliasCounter *AliasCounter // counts the calls of the alias; nil: they are not counted
	QuietDays    int           // without a call, after which a user counts as moved off the alias; 0: DefaultQuietDays
	Composer     Composer      // of notices; nil: they are recorded and not sent
}

// NewService returns a service over the store, which stays the caller's to
// close.
func NewService(store Store, config Config) *Service {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Service{
		store:     store,
		now:       func() time.Time { return config.Clock().UTC().Truncate(time.Millisecond) },
		region:    config.Region,
		log:       config.Logger,
		passwords: newPasswords(),
		wake:      make(chan struct{}, 1),
		underWay:  &sync.Map{},

		gate:         &aliasGate{},
		aliasCounter: config.AliasCounter,
		quietDays:    cmp.Or(config.QuietDays, DefaultQuietDays),
		composer:     config.Composer,
	}
}

// DryRun returns a service over the same records that checks and answers as s
// does, and writes nothing.
func (s *Service) DryRun() *Service {
	dry := *s
	dry.dryRun = true
	return &dry
}

// Ping returns nil if requests can be served.
func (s *Service) Ping(ctx context.Context) error { return s.store.Ping(ctx) }

// Get returns an account with its contacts. KindNotFound if the actor's company
// has none with the id, or if it is archived and those were not asked for.
func (s *Service) Get(ctx context.Context, actor Actor, id int64, includeArchived bool) (Account, error) {
	a, err := s.store.Account(ctx, actor.CompanyID, id)
	if err != nil {
		return Account{}, err
	}
	if !a.Active && !includeArchived {
		return Account{}, NotFound("account")
	}
	return a, nil
}

// Match is a condition on the version of an account.
type Match struct {
	Any      bool // every version
	Versions []int64
}

// holds tells whether the condition holds of an account; nil always does.
func (m *Match) holds(a Account) bool {
	return m == nil || m.Any || slices.Contains(m.Versions, a.Version)
}

func (m *Match) check(a Account) error {
	if m.holds(a) {
		return nil
	}
	return &Error{
		Kind:    KindPrecondition,
		Message: "the account is not the version that If-Match names; fetch it again",
	}
}

// UpdateRequest is one update of an account.
type UpdateRequest struct {
	ID              int64
	Patch           Patch
	Match           *Match // nil: no condition
	AllowNewOptions bool
	DryRun          bool // check and answer, but write nothing
}

// Update applies a patch in one transaction, and returns the account as it then
// is. A patch that changes nothing writes nothing. Errors: KindNotFound;
// KindPrecondition if Match does not hold; KindInvalid or KindConflict with
// every offence of the patch.
func (s *Service) Update(ctx context.Context, actor Actor, req UpdateRequest) (Account, error) {
	var updated Account
	err := s.write(ctx, req.DryRun, func(ctx context.Context, tx Tx) error {
		before, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return err
		}
		if err := req.Match.check(before); err != nil {
			return err
		}
		updated, err = s.applyAndSave(ctx, tx, actor, before, req.Patch, req.AllowNewOptions)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return updated, nil
}

// applyAndSave applies a patch to a stored account, and writes what changed.
func (s *Service) applyAndSave(ctx context.Context, tx Tx, actor Actor, before Account, p Patch, newOptions bool) (Account, error) {
	outcome, schema, err := s.apply(ctx, tx, before, p, newOptions)
	if err != nil {
		return Account{}, err
	}
	if len(outcome.Changes) == 0 {
		return before, nil
	}
	if err := addOptions(ctx, tx, before.CompanyID, outcome.NewOptions); err != nil {
		return Account{}, err
	}
	return s.save(ctx, tx, actor, before, outcome.Account, outcome.Changes, schema)
}

// save writes what changes have made of an account, with all that goes with a
// write: version, time and author, the index of custom values, the history.
// The schema must have the properties whose values changed.
func (s *Service) save(ctx context.Context, tx Tx, actor Actor, before, after Account, changes Changes, schema Schema) (Account, error) {
	after.Version = before.Version + 1
	// The clock may have been set back; a record never gets younger.
	after.UpdatedAt = later(s.now(), before.UpdatedAt)
	by := actor.User
	after.UpdatedBy = &by
	if err := tx.UpdateAccount(ctx, after, changes); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	if err := indexCustom(ctx, tx, after, changes, schema); err != nil {
		return Account{}, err
	}
	return after, s.addHistory(ctx, tx, actor, after, ChangeUpdated, changes)
}

// apply runs Apply with what it needs of the store, and adds what only the
// store knows: whether the number is taken. It returns the schema as well if it
// had to be loaded.
func (s *Service) apply(ctx context.Context, tx Tx, before Account, p Patch, newOptions bool) (Outcome, Schema, error) {
	env := Env{AllowNewOptions: newOptions, Region: s.region}
	if len(p.Custom.Value) > 0 {
		schema, err := loadSchema(ctx, tx, before.CompanyID)
		if err != nil {
			return Outcome{}, nil, err
		}
		env.Schema = schema
	}
	var err error
	if env.Contacts, err = contactsFor(ctx, tx, before, p.Contacts.Value); err != nil {
		return Outcome{}, nil, err
	}
	outcome := Apply(before, p, env)
	offence, err := numberOffence(ctx, tx, before, p.Number)
	if err != nil {
		return Outcome{}, nil, err
	}
	return outcome, env.Schema, Invalid(append(outcome.Errors, offence...))
}

// contactsFor returns the contacts that an account may be linked to. Those that
// it is linked to are at hand.
func contactsFor(ctx context.Context, tx Tx, a Account, ids []int64) (map[int64]Contact, error) {
	linked := make(map[int64]Contact, len(a.Contacts))
	for _, c := range a.Contacts {
		linked[c.ID] = c
	}
	unlinked := func(id int64) bool { _, ok := linked[id]; return !ok }
	if !slices.ContainsFunc(ids, unlinked) {
		return linked, nil
	}
	contacts, err := tx.Contacts(ctx, a.CompanyID, ids)
	if err != nil {
		return nil, fmt.Errorf("load contacts: %w", err)
	}
	return contacts, nil
}

func numberOffence(ctx context.Context, tx Tx, before Account, number Field[int64]) ([]FieldError, error) {
	if number.IsAbsent() || number.IsNull() || number.Value == before.Number || number.Value < 1 {
		return nil, nil
	}
	owner, err := tx.NumberOwner(ctx, before.CompanyID, number.Value)
	if err != nil {
		return nil, fmt.Errorf("find the number's owner: %w", err)
	}
	if owner == 0 || owner == before.ID {
		return nil, nil
	}
	return []FieldError{{
		In: InBody, Path: []string{"number"}, Kind: KindConflict,
		Message: fmt.Sprintf("number %d is taken by another account", number.Value),
	}}, nil
}

func loadSchema(ctx context.Context, r Reader, companyID int64) (Schema, error) {
	properties, err := r.Properties(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("load properties: %w", err)
	}
	schema := make(Schema, len(properties))
	for _, p := range properties {
		schema[p.Key] = p
	}
	return schema, nil
}

func addOptions(ctx context.Context, tx Tx, companyID int64, options []NewOption) error {
	for _, option := range options {
		if err := tx.AddOption(ctx, companyID, option); err != nil {
			return fmt.Errorf("add option: %w", err)
		}
	}
	return nil
}

func (s *Service) addHistory(ctx context.Context, tx Tx, actor Actor, a Account, kind ChangeKind, changes Changes) error {
	err := tx.AddHistory(ctx, &HistoryEntry{
		CompanyID: a.CompanyID,
		AccountID: a.ID,
		Kind:      kind,
		Version:   a.Version,
		At:        a.UpdatedAt,
		UserID:    actor.User.ID,
		KeyID:     actor.KeyID,
		Email:     actor.User.Email,
		Fields:    changes,
	})
	if err != nil {
		return fmt.Errorf("add history: %w", err)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
