package account

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// keyForm is what a key name looks like.
var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// reservedKeys are the members that all accounts have, as far as keyForm allows
// them, and the other words that searches read as more than a key name.
var reservedKeys = []string{
	"address", "contacts", "custom", "description", "id", "name", "number", "q", "size", "status", "title", "type", "value",
}

// Properties returns the company's properties in the order of creation.
func (s *Service) Properties(ctx context.Context, actor Actor) ([]Property, error) {
	return s.store.Properties(ctx, actor.CompanyID)
}

// CreateProperty defines a property, and returns it with its id. A key name is
// made from the name if none is given. An index other than IndexNone is ready at
// once, as there is nothing to put into it. Errors: KindInvalid with every
// offence; KindConflict if the company has the key name already.
func (s *Service) CreateProperty(ctx context.Context, p Property) (Property, error) {
	p, offences := checkProperty(p)
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		schema, err := loadSchema(ctx, tx, p.CompanyID)
		if err != nil {
			return err
		}
		found, taken := slices.Clone(offences), keyTaken(p.Key)
		if _, ok := schema[p.Key]; ok {
			found = append(found, taken)
		}
		if err := Invalid(found); err != nil {
			return err
		}
		return conflictAt(taken, tx.InsertProperty(ctx, &p))
	})
	if err != nil {
		return Property{}, err
	}
	return p, nil
}

func keyTaken(key string) FieldError {
	return FieldError{
		In: InBody, Path: []string{"keyName"}, Kind: KindConflict,
		Message: "keyName " + Quote(key) + " is taken by another property",
	}
}

// checkProperty returns the form of a new property that is stored, and what is
// wrong with it.
func checkProperty(p Property) (Property, fieldErrors) {
	var offences fieldErrors
	p.Name = checkPropertyName(p.Name, &offences)
	if p.Key == "" {
		p.Key = keyName(p.Name)
	}
	switch {
	case p.Name == "" && p.Key == "":
	case !keyForm.MatchString(p.Key):
		offences.add([]string{"keyName"}, "must start with a letter, followed by at most %d letters a-z, digits and underscores; got %s", MaxKeyName-1, Quote(p.Key))
	case slices.Contains(reservedKeys, p.Key):
		offences.add([]string{"keyName"}, "must not be %s, which has a meaning of its own; send another keyName", Quote(p.Key))
	}
	checkPropertyType(p.Type, &offences)
	p.Options = checkOptions(p, []string{"options"}, p.Options, &offences)
	p.Default = checkDefault(p, p.Default, &offences)
	if p.Index != IndexNone {
		p.Index, p.Builds = IndexReady, 1
	}
	return p, offences
}

func checkPropertyName(name string, offences *fieldErrors) string {
	name = strings.TrimSpace(name)
	if wrong := checkName(name, MaxPropertyName); wrong != "" {
		offences.add([]string{"name"}, "%s", wrong)
	}
	return name
}

func checkPropertyType(t PropertyType, offences *fieldErrors) bool {
	known := slices.Contains(PropertyTypes, t)
	if !known {
		offences.add([]string{"type"}, "must be one of %s; got %s", joined(PropertyTypes), Quote(string(t)))
	}
	return known
}

// checkOptions returns the labels that are sent at the path, each once under
// Fold, in order.
func checkOptions(p Property, path []string, labels []string, offences *fieldErrors) []string {
	if len(labels) > 0 && p.Type != PropertyDropdown {
		offences.add(path, "are only for a %s: an option of a %s has no meaning", PropertyDropdown, p.Type)
		return nil
	}
	if len(labels) > MaxOptions {
		offences.add(path, "must contain at most %d items; got %d", MaxOptions, len(labels))
		return nil
	}
	var kept []string
	seen := make(map[string]bool)
	for i, label := range labels {
		label = checkLabel(slices.Concat(path, []string{strconv.Itoa(i)}), label, offences)
		if fold := Fold(label); !seen[fold] {
			seen[fold] = true
			kept = append(kept, label)
		}
	}
	return kept
}

func checkLabel(path []string, label string, offences *fieldErrors) string {
	label = strings.TrimSpace(label)
	if wrong := checkName(label, MaxOptionLabel); wrong != "" {
		offences.add(path, "%s", wrong)
	}
	return label
}

// checkDefault returns the stored form of default values, which must be what an
// account can have.
func checkDefault(p Property, values []any, offences *fieldErrors) []any {
	if len(values) == 0 || !slices.Contains(PropertyTypes, p.Type) {
		return nil
	}
	var a applier
	value := a.customValue([]string{"defaultValue"}, p, values)
	*offences = append(*offences, a.errors...)
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
	return strings.TrimRight(key[:min(len(key), MaxKeyName)], "_")
}
