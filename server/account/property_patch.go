package account

import (
	"slices"
	"strconv"
)

// PropertyPatch says what to change of a property. Absent members stay as they
// are. Options are changed in the order of the members.
type PropertyPatch struct {
	Name     Field[string]
	Type     Field[PropertyType]
	Multiple Field[bool]
	Renames  []OptionRename
	// Options is the whole list. A label that differs from an option only in
	// case respells it; an option that is left out is removed.
	Options       Field[[]string]
	AddOptions    []string
	RemoveOptions []string
	Default       Field[[]any]
	Indexed       Field[bool]
	Key           Field[string] // the echo of the key name; it is checked, never written
}

// OptionRename respells an option, in the property and in every account.
type OptionRename struct {
	From string // found by Fold
	To   string
}

// propertyEdit is a patch applied to a property. It is made without the store,
// and so does not know whether accounts have values.
type propertyEdit struct {
	before, after Property
	options       []option // those of before that are kept or removed, and new ones
	offences      fieldErrors
}

// option is an option of a property that is edited.
type option struct {
	stored  string   // the label as accounts have it; empty: it is new
	label   string   // as it is to be
	removed []string // the path of what removes it; nil: it stays
}

func editProperty(before Property, p PropertyPatch) *propertyEdit {
	e := &propertyEdit{before: before, after: before}
	if !p.Key.IsAbsent() && p.Key.Value != before.Key {
		e.offences.add([]string{"keyName"}, "must be that of the property being updated, %s; got %s", Quote(before.Key), Quote(p.Key.Value))
	}
	if !p.Name.IsAbsent() {
		e.after.Name = checkPropertyName(p.Name.Value, &e.offences)
	}
	if !p.Type.IsAbsent() {
		if checkPropertyType(p.Type.Value, &e.offences) {
			e.after.Type = p.Type.Value
		}
	}
	if !p.Multiple.IsAbsent() {
		e.after.Multiple = p.Multiple.Value
	}
	e.editOptions(p)
	e.editDefault(p.Default)
	switch {
	case p.Indexed.IsAbsent() || p.Indexed.Value == (before.Index != IndexNone):
	case p.Indexed.Value:
		e.after.Index = IndexBuilding
		e.after.Builds++
	default:
		e.after.Index = IndexNone
	}
	return e
}

func (e *propertyEdit) editOptions(p PropertyPatch) {
	for _, label := range e.before.Options {
		e.options = append(e.options, option{stored: label, label: label})
	}
	if e.after.Type != PropertyDropdown {
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
	if n := len(e.after.Options); n > MaxOptions {
		e.offences.add([]string{"options"}, "must be at most %d after the update; there would be %d", MaxOptions, n)
	}
}

// refuseOptions notes every member that has no meaning without options.
func (e *propertyEdit) refuseOptions(p PropertyPatch) {
	for _, sent := range []struct {
		member string
		n      int
	}{
		{"renameOptions", len(p.Renames)}, {"options", len(p.Options.Value)},
		{"addOptions", len(p.AddOptions)}, {"removeOptions", len(p.RemoveOptions)},
	} {
		if sent.n > 0 {
			e.offences.add([]string{sent.member}, "are only for a %s: an option of a %s has no meaning", PropertyDropdown, e.after.Type)
		}
	}
}

// find returns the place of the option that a label means, or -1.
func (e *propertyEdit) find(label string) int {
	fold := Fold(label)
	return slices.IndexFunc(e.options, func(o option) bool { return Fold(o.label) == fold })
}

// labels are the options that are there now.
func (e *propertyEdit) labels() []string {
	var labels []string
	for _, o := range e.options {
		labels = append(labels, o.label)
	}
	return labels
}

func (e *propertyEdit) rename(i int, r OptionRename) {
	fromPath := []string{"renameOptions", strconv.Itoa(i), "from"}
	toPath := []string{"renameOptions", strconv.Itoa(i), "to"}
	to := checkLabel(toPath, r.To, &e.offences)
	place := e.find(r.From)
	if place < 0 {
		e.offences.add(fromPath, "must be an option; got %s%s", Quote(r.From), DidYouMean(r.From, e.labels()))
		return
	}
	if other := e.find(to); other >= 0 && other != place {
		e.offences.add(toPath, "must not be another option; got %s", Quote(r.To))
		return
	}
	e.options[place].label = to
}

// setOptions makes the labels all that there are, in their order.
func (e *propertyEdit) setOptions(labels []string) {
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
func (e *propertyEdit) addOption(label string) {
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

func (e *propertyEdit) removeOption(i int, label string) {
	path := []string{"removeOptions", strconv.Itoa(i)}
	place := e.find(label)
	if place < 0 {
		e.offences.add(path, "must be an option; got %s%s", Quote(label), DidYouMean(label, e.labels()))
		return
	}
	e.options[place].removed = path
}

// editDefault sets the default values. Those that are not sent follow their
// options: they are renamed and removed with them.
func (e *propertyEdit) editDefault(sent Field[[]any]) {
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
func (e *propertyEdit) follow(values []any) []any {
	if e.before.Type != PropertyDropdown || e.after.Type != PropertyDropdown {
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
func (e *propertyEdit) followValue(value any) any {
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
func (e *propertyEdit) changesNothing() bool {
	b, a := e.before, e.after
	return b.Name == a.Name && b.Type == a.Type && b.Multiple == a.Multiple && b.Index == a.Index &&
		slices.Equal(b.Options, a.Options) && slices.Equal(b.Default, a.Default)
}

// changesForm tells whether values of before may be no values of after.
func (e *propertyEdit) changesForm() bool {
	return e.before.Type != e.after.Type || e.before.Multiple != e.after.Multiple
}

// touches tells whether values that accounts have may change.
func (e *propertyEdit) touches() bool {
	return slices.ContainsFunc(e.options, func(o option) bool {
		return o.stored != "" && (o.removed != nil || o.label != o.stored)
	})
}
