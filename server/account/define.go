package account

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// keyForm is what a key name looks like.
var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// CreateProperty defines a property, and returns it with its id. A key name is
// made from the name if none is given. Errors: KindInvalid with every offence;
// KindConflict if the company has the key name already.
func (s *Service) CreateProperty(ctx context.Context, p Property) (Property, error) {
	p.Name = strings.TrimSpace(p.Name)
	if p.Key == "" {
		p.Key = keyName(p.Name)
	}
	var offences fieldErrors
	if wrong := checkName(p.Name, MaxPropertyName); wrong != "" {
		offences.add([]string{"name"}, "%s", wrong)
	}
	if !keyForm.MatchString(p.Key) {
		offences.add([]string{"keyName"}, "must start with a letter, followed by at most %d letters a-z, digits and underscores; got %s", MaxKeyName-1, Quote(p.Key))
	}
	if !slices.Contains(PropertyTypes, p.Type) {
		offences.add([]string{"type"}, "must be one of %s; got %s", joined(PropertyTypes), Quote(string(p.Type)))
	}
	p.Options = checkOptions(p, &offences)
	if err := Invalid(offences); err != nil {
		return Property{}, err
	}
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error { return tx.InsertProperty(ctx, &p) })
	if err != nil {
		return Property{}, err
	}
	return p, nil
}

// checkOptions returns the labels, each once under Fold, in order.
func checkOptions(p Property, offences *fieldErrors) []string {
	path := []string{"options"}
	if len(p.Options) > 0 && p.Type != PropertyDropdown {
		offences.add(path, "are for a %s only: an option of a %s has no meaning", PropertyDropdown, p.Type)
		return nil
	}
	if len(p.Options) > MaxOptions {
		offences.add(path, "must hold at most %d; got %d", MaxOptions, len(p.Options))
	}
	var labels []string
	seen := make(map[string]bool)
	for _, label := range p.Options {
		label = strings.TrimSpace(label)
		if wrong := checkName(label, MaxOptionLabel); wrong != "" {
			offences.add(path, "%s", wrong)
		}
		if fold := Fold(label); !seen[fold] {
			seen[fold] = true
			labels = append(labels, label)
		}
	}
	return labels
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
