package property

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// Patch says what to change of a property. Absent members stay as they
// are. Options are changed in the order of the members.
type Patch struct {
	Name     patch.Field[string]
	Type     patch.Field[schema.Type]
	Multiple patch.Field[bool]
	Renames  []OptionRename
	// Options is the whole list. A label that differs from an option only in
	// case respells it; an option that is left out is removed.
	Options       patch.Field[[]string]
	AddOptions    []string
	RemoveOptions []string
	Default       patch.Field[[]any]
	Indexed       patch.Field[bool]
	Unique        patch.Field[bool]
	Key           patch.Field[string] // the echo of the key name; it is checked, never written
	fault.Findings
}

// ParsePatch reads the body of a PATCH, as it was decoded from JSON. What is
// wrong is among the findings, and else not in the patch.
func ParsePatch(body any) Patch {
	r := patch.NewReader(body, "")
	p := Patch{
		Name:          member(r, "name", patch.Text),
		Type:          member(r, "type", readType),
		Multiple:      member(r, "isMultiple", patch.Bool),
		Renames:       patch.Value(r, "renameOptions", patch.ListOf(readRename)),
		Options:       member(r, "options", patch.Texts),
		AddOptions:    patch.Value(r, "addOptions", patch.Texts),
		RemoveOptions: patch.Value(r, "removeOptions", patch.Texts),
		Default:       member(r, "defaultValue", patch.ListOf(patch.Any)),
		Indexed:       member(r, "indexed", patch.Bool),
		Unique:        member(r, "unique", patch.Bool),
		Key:           member(r, "keyName", patch.Text),
	}
	p.Found = r.Offences
	return p
}

// member reads a member; none of a property can be null.
func member[T any](r *patch.Reader, name string, convert patch.Converter[T]) patch.Field[T] {
	return patch.NotNull(r, name, patch.Member(r, name, convert))
}

func readType(r *patch.Reader, path []string, value any) (schema.Type, bool) {
	text, ok := patch.Text(r, path, value)
	return schema.Type(text), ok
}

func readRename(r *patch.Reader, path []string, value any) (OptionRename, bool) {
	object, ok := patch.Object(r, path, value)
	if !ok {
		return OptionRename{}, false
	}
	from, hasFrom := patch.Text(r, append(slices.Clip(path), "from"), object["from"])
	to, hasTo := patch.Text(r, append(slices.Clip(path), "to"), object["to"])
	return OptionRename{From: from, To: to}, hasFrom && hasTo
}

// OptionRename respells an option, in the property and in every account.
type OptionRename struct {
	From string // found by Fold
	To   string
}

// edit is a patch applied to a property. It is made without the store,
// and so does not know whether accounts have values.
type edit struct {
	before, after schema.Property
	options       []option // those of before that are kept or removed, and new ones
	offences      fault.Offences
}

// option is an option of a property that is edited.
type option struct {
	stored  string   // the label as accounts have it; empty: it is new
	label   string   // as it is to be
	removed []string // the path of what removes it; nil: it stays
}

func editProperty(before schema.Property, p Patch) *edit {
	e := &edit{before: before, after: before, offences: slices.Clip(p.Found)}
	if !p.Key.IsAbsent() && p.Key.Value != before.Key {
		e.offences.Add([]string{"keyName"}, "must be that of the property being updated, %s; got %s", fault.Quote(before.Key), fault.Quote(p.Key.Value))
	}
	if !p.Name.IsAbsent() {
		e.after.Name = checkName(p.Name.Value, &e.offences)
	}
	if !p.Type.IsAbsent() {
		if checkType(p.Type.Value, &e.offences) {
			e.after.Type = p.Type.Value
		}
	}
	if !p.Multiple.IsAbsent() {
		e.after.Multiple = p.Multiple.Value
	}
	if !p.Unique.IsAbsent() {
		e.after.Unique = p.Unique.Value
	}
	e.editOptions(p)
	e.editDefault(p.Default)
	if before.Unique && p.Unique.IsAbsent() {
		checkStaysUnique(e.after, &e.offences)
	} else {
		checkUnique(e.after, &e.offences)
	}
	switch {
	case p.Indexed.IsAbsent() || p.Indexed.Value == (before.Index != schema.IndexNone):
	case p.Indexed.Value:
		e.after.Index = schema.IndexBuilding
		e.after.Builds++
	default:
		e.after.Index = schema.IndexNone
	}
	return e
}

func (e *edit) editOptions(p Patch) {
	for _, label := range e.before.Options {
		e.options = append(e.options, option{stored: label, label: label})
	}
	if e.after.Type != schema.Dropdown {
		e.refuseOptions(p)
		e.after.Options = nil
		return
	}
	for i, rename := range p.Renames {
		e.rename(i, rename)
	}
	if !p.Options.IsAbsent() {
		e.setOptions(p.Options.Value)
	}
	for _, label := range checkOptions(e.after, []string{"addOptions"}, p.AddOptions, &e.offences) {
		e.addOption(label)
	}
	for i, label := range p.RemoveOptions {
		e.removeOption(i, label)
	}
	e.after.Options = nil
	for _, o := range e.options {
		if o.removed == nil {
			e.after.Options = append(e.after.Options, o.label)
		}
	}
	if n := len(e.after.Options); n > schema.MaxOptions {
		e.offences.Add([]string{"options"}, "must be at most %d after the update; there would be %d", schema.MaxOptions, n)
	}
}

// refuseOptions notes every member that has no meaning without options.
func (e *edit) refuseOptions(p Patch) {
	for _, sent := range []struct {
		member string
		n      int
	}{
		{"renameOptions", len(p.Renames)}, {"options", len(p.Options.Value)},
		{"addOptions", len(p.AddOptions)}, {"removeOptions", len(p.RemoveOptions)},
	} {
		if sent.n > 0 {
			e.offences.Add([]string{sent.member}, "are only for a %s: an option of a %s has no meaning", schema.Dropdown, e.after.Type)
		}
	}
}

// find returns the place of the option that a label means, or -1.
func (e *edit) find(label string) int {
	fold := normal.Fold(label)
	return slices.IndexFunc(e.options, func(o option) bool { return normal.Fold(o.label) == fold })
}

// labels are the options that are there now.
func (e *edit) labels() []string {
	var labels []string
	for _, o := range e.options {
		labels = append(labels, o.label)
	}
	return labels
}

func (e *edit) rename(i int, r OptionRename) {
	fromPath := []string{"renameOptions", strconv.Itoa(i), "from"}
	toPath := []string{"renameOptions", strconv.Itoa(i), "to"}
	to := checkLabel(toPath, r.To, &e.offences)
	place := e.find(r.From)
	if place < 0 {
		e.offences.Add(fromPath, "must be an option; got %s%s", fault.Quote(r.From), fault.DidYouMean(r.From, e.labels()))
		return
	}
	if other := e.find(to); other >= 0 && other != place {
		e.offences.Add(toPath, "must not be another option; got %s", fault.Quote(r.To))
		return
	}
	e.options[place].label = to
}

// setOptions makes the labels all that there are, in their order.
func (e *edit) setOptions(labels []string) {
	labels = checkOptions(e.after, []string{"options"}, labels, &e.offences)
	var ordered []option
	for _, label := range labels {
		o := option{}
		if place := e.find(label); place >= 0 {
			o = e.options[place]
			e.options = slices.Delete(e.options, place, place+1)
		}
		o.label = label
		ordered = append(ordered, o)
	}
	for _, o := range e.options {
		o.removed = []string{"options"}
		ordered = append(ordered, o)
	}
	e.options = ordered
}

// addOption appends a label unless it is an option already.
func (e *edit) addOption(label string) {
	o := option{label: label}
	if place := e.find(label); place >= 0 {
		if e.options[place].removed == nil {
			return
		}
		o.stored = e.options[place].stored
		e.options = slices.Delete(e.options, place, place+1)
	}
	e.options = append(e.options, o)
}

func (e *edit) removeOption(i int, label string) {
	path := []string{"removeOptions", strconv.Itoa(i)}
	place := e.find(label)
	if place < 0 {
		e.offences.Add(path, "must be an option; got %s%s", fault.Quote(label), fault.DidYouMean(label, e.labels()))
		return
	}
	e.options[place].removed = path
}

// editDefault sets the default values. Those that are not sent follow their
// options: they are renamed and removed with them.
func (e *edit) editDefault(sent patch.Field[[]any]) {
	values := sent.Value
	if sent.IsAbsent() {
		values = e.follow(e.before.Default)
	}
	if sent.IsAbsent() && !e.changesForm() {
		e.after.Default = values
		return
	}
	e.after.Default = checkDefault(e.after, values, &e.offences)
}

// follow returns what the edit makes of stored values: renamed labels are new,
// removed ones are gone.
func (e *edit) follow(values []any) []any {
	if e.before.Type != schema.Dropdown || e.after.Type != schema.Dropdown {
		return values
	}
	var kept []any
	for _, value := range values {
		label, _ := value.(string)
		place := slices.IndexFunc(e.options, func(o option) bool { return o.stored == label })
		switch {
		case place < 0:
			kept = append(kept, value)
		case e.options[place].removed == nil:
			kept = append(kept, e.options[place].label)
		}
	}
	return kept
}

// followValue is follow for the value that an account has.
func (e *edit) followValue(value any) any {
	if list, ok := value.([]any); ok {
		if list = e.follow(list); len(list) > 0 {
			return list
		}
		return nil
	}
	if kept := e.follow([]any{value}); len(kept) > 0 {
		return kept[0]
	}
	return nil
}

// changesNothing tells whether the property is to be as it is.
func (e *edit) changesNothing() bool {
	b, a := e.before, e.after
	return b.Name == a.Name && b.Type == a.Type && b.Multiple == a.Multiple && b.Index == a.Index && b.Unique == a.Unique &&
		slices.Equal(b.Options, a.Options) && slices.Equal(b.Default, a.Default)
}

// changesForm tells whether values of before may be no values of after.
func (e *edit) changesForm() bool {
	return e.before.Type != e.after.Type || e.before.Multiple != e.after.Multiple
}

// touched are the options as they are stored whose values change.
func (e *edit) touched() []any {
	var labels []any
	for _, o := range e.options {
		if o.stored != "" && (o.removed != nil || o.label != o.stored) {
			labels = append(labels, o.stored)
		}
	}
	return labels
}

// eachTouched calls fn once with every account whose value may change, which an index
// leads to. The values and the keys change by it.
func (e *edit) eachTouched(ctx context.Context, tx Tx, fn func(account.Account) error) error {
	touched := e.touched()
	switch {
	case len(touched) == 0:
		return nil
	case e.before.Index != schema.IndexReady || e.after.Index != schema.IndexReady:
		return eachWith(ctx, tx, e.after, fn)
	}
	ids, err := tx.KeyedAccounts(ctx, e.after, e.after.Keys(touched))
	if err != nil {
		return fmt.Errorf("find values: %w", err)
	}
	for chunk := range slices.Chunk(ids, readChunk) {
		accounts, err := tx.AccountsForUpdate(ctx, e.after.CompanyID, chunk)
		if err != nil {
			return fmt.Errorf("load accounts: %w", err)
		}
		if err := each(accounts, fn); err != nil {
			return err
		}
	}
	return nil
}

// inUse returns the conflicts of the edit with values that accounts have.
func (e *edit) inUse(ctx context.Context, r Reader, force bool) (fault.Offences, error) {
	var found fault.Offences
	conflict := func(path []string, format string, args ...any) {
		found = append(found, fault.Offence{In: fault.InBody, Path: path, Kind: fault.KindConflict, Message: fmt.Sprintf(format, args...)})
	}
	if e.changesForm() {
		used, err := isUsed(ctx, r, e.before)
		if used && e.before.Type != e.after.Type {
			conflict([]string{"type"}, "type cannot change from %s while accounts have values", e.before.Type)
		}
		if used && e.before.Multiple != e.after.Multiple {
			conflict([]string{"isMultiple"}, "isMultiple cannot change while accounts have values")
		}
		if err != nil || e.after.Type != schema.Dropdown {
			return found, err
		}
	}
	if force {
		return found, nil
	}
	uses, err := e.countRemoved(ctx, r)
	for _, o := range e.options {
		switch n := uses[o.stored]; {
		case n == 1:
			conflict(o.removed, "option %s is used by 1 account; with force=true its value is cleared", fault.Quote(o.stored))
		case n > 1:
			conflict(o.removed, "option %s is used by %d accounts; with force=true their values are cleared", fault.Quote(o.stored), n)
		}
	}
	return found, err
}

// countRemoved counts the accounts that have each option that is removed.
func (e *edit) countRemoved(ctx context.Context, r Reader) (map[string]int, error) {
	uses := make(map[string]int)
	for _, o := range e.options {
		if o.removed != nil && o.stored != "" {
			uses[o.stored] = 0
		}
	}
	switch {
	case len(uses) == 0:
		return nil, nil
	case e.before.Index == schema.IndexReady:
		return uses, e.countKeyed(ctx, r, uses)
	}
	return uses, eachWith(ctx, r, e.before, func(a account.Account) error {
		items, ok := a.Custom[e.before.Key].([]any)
		if !ok {
			items = []any{a.Custom[e.before.Key]}
		}
		for _, item := range items {
			label, _ := item.(string)
			if _, removed := uses[label]; removed {
				uses[label]++
			}
		}
		return nil
	})
}

// countKeyed counts the accounts that have each of the options, by the index.
func (e *edit) countKeyed(ctx context.Context, r Reader, uses map[string]int) error {
	for label := range uses {
		key := e.before.Keys(label)[0]
		n, err := r.CountAccounts(ctx, e.before.CompanyID, having(e.before, query.Condition{Ranges: []query.Range{{From: key, To: key}}}))
		if err != nil {
			return fmt.Errorf("count values: %w", err)
		}
		uses[label] = int(n)
	}
	return nil
}
