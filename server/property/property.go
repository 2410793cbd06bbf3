// Package property is about the definitions of custom members: how they come,
// change and go, with the values that accounts have, and their indexes.
package property

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
	"golang.org/x/text/unicode/norm"
)

// keyForm is what a key name looks like, but for its length.
var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func isKey(name string) bool { return len(name) <= schema.MaxKeyName && keyForm.MatchString(name) }

// reservedKeys are the members that all accounts have, and the other words that
// searches read as more than a key name.
var reservedKeys = append(account.ReservedNames(), string(query.MemberText), "status")

// Service keeps the definitions of custom members. Values are rewritten through
// the accounts, which change by it.
type Service struct {
	store    Store
	accounts *account.Writer
	clock    write.Clock
	log      *slog.Logger
	wake     chan struct{} // holds one if an index is to be built
}

// NewService returns a service over the store. A nil logger of Run is
// slog.Default().
func NewService(store Store, accounts *account.Writer, clock write.Clock, log *slog.Logger) *Service {
	if log == nil {
		log = slog.Default()
	}
	return &Service{store: store, accounts: accounts, clock: clock, log: log, wake: make(chan struct{}, 1)}
}

// List returns the company's properties in the order of creation.
func (s *Service) List(ctx context.Context, actor identity.Actor) ([]schema.Property, error) {
	return s.store.Properties(ctx, actor.CompanyID)
}

// Version returns a number that grows with every change of the company's
// properties.
func (s *Service) Version(ctx context.Context, actor identity.Actor) (int64, error) {
	return s.store.SchemaVersion(ctx, actor.CompanyID)
}

// New is a property to define.
type New struct {
	schema.Property
	fault.Findings
}

// ParseNew reads the body of a POST, as it was decoded from JSON. What is wrong
// is among the findings.
func ParseNew(body any) New {
	r := patch.NewReader(body, "")
	n := New{Property: schema.Property{
		Name:     patch.Value(r, "name", patch.Text),
		Key:      patch.Value(r, "keyName", patch.Text),
		Type:     schema.Type(patch.Value(r, "type", patch.Text)),
		Multiple: patch.Value(r, "isMultiple", patch.Bool),
		Options:  patch.Value(r, "options", patch.Texts),
		Default:  patch.Value(r, "defaultValue", patch.ListOf(patch.Any)),
		Unique:   patch.Value(r, "unique", patch.Bool),
	}}
	switch indexed := member(r, "indexed", patch.Bool); {
	case indexed.IsAbsent():
		n.Index = n.Type.DefaultIndex()
	case indexed.Value:
		n.Index = schema.IndexReady
	}
	n.Found = r.Offences
	return n
}

// Create defines a property, and returns it with its id. A key name is made
// from the name if none is given. An index other than IndexNone is ready at
// once, as there is nothing to put into it. Errors: KindInvalid with every
// offence; KindConflict if the company has the key name already.
func (s *Service) Create(ctx context.Context, actor identity.Actor, n New, mode write.Mode[schema.Property]) (schema.Property, error) {
	n.CompanyID = actor.CompanyID
	p, offences := n.check()
	properties, err := account.LoadSchema(ctx, s.store, p.CompanyID)
	if err != nil {
		return schema.Property{}, err
	}
	taken := keyTaken(p.Key)
	if _, ok := properties[p.Key]; ok && mode.Claim == nil { // A claim may be of the request that took it.
		offences = append(offences, taken)
	}
	if err := fault.Invalid(offences); err != nil {
		return schema.Property{}, err
	}
	return write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (schema.Property, error) {
		created := p
		if err := fault.ConflictAt(taken, tx.InsertProperty(ctx, &created)); err != nil {
			return schema.Property{}, err
		}
		return created, s.note(ctx, tx, actor, audit.PropertyCreated, created, map[string]any{"type": string(created.Type)})
	})
}

// note adds to the audit log what was done to a property.
func (s *Service) note(ctx context.Context, tx Tx, actor identity.Actor, action audit.Action, p schema.Property, details map[string]any) error {
	return audit.Add(ctx, tx, audit.Entry{
		CompanyID: actor.CompanyID, At: s.clock.Now(), By: actor.By(), Action: action, Subject: audit.Subject{ID: p.ID, Name: p.Key}, Details: details,
	})
}

func keyTaken(key string) fault.Offence {
	return fault.Offence{
		In: fault.InBody, Path: []string{"keyName"}, Kind: fault.KindConflict,
		Message: "keyName " + fault.Quote(key) + " is taken by another property",
	}
}

// check returns the form of a new property that is stored, and what is wrong
// with it.
func (n New) check() (schema.Property, fault.Offences) {
	p, offences := n.Property, slices.Clip(n.Found)
	p.Name = checkName(p.Name, &offences)
	sent := p.Key != ""
	if !sent {
		p.Key = keyName(p.Name)
	}
	switch {
	case p.Name == "" && p.Key == "":
	case !sent && !isKey(p.Key):
		offences.Add([]string{"keyName"}, "%s", "is required: no keyName can be made from this name; send one")
	case !isKey(p.Key):
		offences.Add([]string{"keyName"}, "must start with a letter, followed by at most %d letters a-z, digits and underscores; got %s", schema.MaxKeyName-1, fault.Quote(p.Key))
	case slices.Contains(reservedKeys, p.Key):
		offences.Add([]string{"keyName"}, "must not be %s, which has a meaning of its own; send another keyName", fault.Quote(p.Key))
	}
	checkType(p.Type, &offences)
	p.Options = checkOptions(p, []string{"options"}, p.Options, &offences)
	p.Default = checkDefault(p, p.Default, &offences)
	checkUnique(p, &offences)
	if p.Index != schema.IndexNone {
		p.Index, p.Builds = schema.IndexReady, 1
	}
	return p, offences
}

func checkName(name string, offences *fault.Offences) string {
	name = normal.Trim(name)
	if wrong := normal.CheckName(name, schema.MaxPropertyName); wrong != "" {
		offences.Add([]string{"name"}, "%s", wrong)
	}
	return name
}

func checkType(t schema.Type, offences *fault.Offences) bool {
	known := slices.Contains(schema.Types, t)
	if !known {
		offences.Add([]string{"type"}, "must be one of %s; got %s", fault.Join(schema.Types), fault.Quote(string(t)))
	}
	return known
}

// checkOptions returns the labels that are sent at the path, each once under
// Fold, in order.
func checkOptions(p schema.Property, path []string, labels []string, offences *fault.Offences) []string {
	if len(labels) > 0 && p.Type != schema.Dropdown {
		offences.Add(path, "are only for a %s: an option of a %s has no meaning", schema.Dropdown, p.Type)
		return nil
	}
	if len(labels) > schema.MaxOptions {
		offences.Add(path, "%s", fault.TooMany(schema.MaxOptions, len(labels)))
		return nil
	}
	var kept []string
	seen := make(map[string]bool)
	for i, label := range labels {
		label = checkLabel(slices.Concat(path, []string{strconv.Itoa(i)}), label, offences)
		if fold := normal.Fold(label); !seen[fold] {
			seen[fold] = true
			kept = append(kept, label)
		}
	}
	return kept
}

func checkLabel(path []string, label string, offences *fault.Offences) string {
	label = normal.Trim(label)
	if wrong := normal.CheckName(label, schema.MaxOptionLabel); wrong != "" {
		offences.Add(path, "%s", wrong)
	}
	return label
}

// checkDefault returns the stored form of default values, which must be what an
// account can have.
func checkDefault(p schema.Property, values []any, offences *fault.Offences) []any {
	if len(values) == 0 || !slices.Contains(schema.Types, p.Type) {
		return nil
	}
	check := schema.Values{Offences: offences}
	value := check.Check([]string{"defaultValue"}, p, values)
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}

// keyName makes a key name of a name: accents are dropped, and whatever is no
// letter or digit becomes an underscore.
func keyName(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= 0x300 && r < 0x370: // a combining mark, split off its letter
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	key := strings.Trim(b.String(), "_")
	if key != "" && key[0] >= '0' && key[0] <= '9' {
		key = "p_" + key
	}
	return strings.TrimRight(key[:min(len(key), schema.MaxKeyName)], "_")
}
