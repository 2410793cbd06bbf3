package account

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxExponent bounds the exponent of a number, either way, so that every store
// can hold it.
const maxExponent = 1000

// maxListed is how many allowed labels a message lists.
const maxListed = 20

// customValue returns the stored form of a custom value; nil clears. It notes
// what is wrong.
func (a *applier) customValue(path []string, p Property, value any) any {
	if value == nil {
		return nil
	}
	list, isList := value.([]any)
	if !p.Multiple {
		if !isList {
			return a.customItem(path, p, value)
		}
		if len(list) != 1 {
			a.errors.add(path, "takes one value; got a list of %d", len(list))
			return nil
		}
		return a.customItem(append(path, "0"), p, list[0])
	}
	if !isList {
		list = []any{value}
	}
	if len(list) > MaxValues {
		a.errors.add(path, "must contain at most %d items; got %d", MaxValues, len(list))
		return nil
	}
	values := make([]any, 0, len(list))
	for i, item := range list {
		itemPath := path
		if isList {
			itemPath = slices.Concat(path, []string{strconv.Itoa(i)})
		}
		if item := a.customItem(itemPath, p, item); item != nil && !slices.Contains(values, item) {
			values = append(values, item)
		}
	}
	if len(values) == 0 {
		return nil // An empty list means no value.
	}
	return values
}

// customItem returns the stored form of one value, or nil after noting what is
// wrong with it.
func (a *applier) customItem(path []string, p Property, value any) any {
	var wrong string
	switch p.Type {
	case PropertyText:
		if text, ok := value.(string); ok {
			if wrong = checkText(text, MaxText); wrong == "" {
				return text
			}
		}
	case PropertyNumeric:
		if number, ok := value.(json.Number); ok {
			if wrong = checkNumeric(number); wrong == "" {
				return number
			}
		}
	case PropertyBoolean:
		if b, ok := value.(bool); ok {
			return b
		}
	case PropertyDate:
		if text, ok := value.(string); ok {
			if date, ok := normalizeDate(text); ok {
				return date
			}
		}
	case PropertyDropdown:
		if label, ok := value.(string); ok {
			return a.dropdownLabel(path, p, label)
		}
	}
	if wrong == "" {
		wrong = "must be " + p.Type.takes() + "; got " + Show(value)
	}
	a.errors.add(path, "%s", wrong)
	return nil
}

// takes says in words what values a type takes.
func (t PropertyType) takes() string {
	switch t {
	case PropertyText, PropertyDropdown:
		return "a string"
	case PropertyNumeric:
		return "a number"
	case PropertyBoolean:
		return "true or false"
	case PropertyDate:
		return "a date such as 2026-11-24 or an RFC 3339 date-time"
	}
	return "a " + string(t)
}

// dropdownLabel returns the option that a label means. Labels are compared
// folded, and stored as the option is spelled.
func (a *applier) dropdownLabel(path []string, p Property, label string) any {
	label = strings.TrimSpace(label)
	if wrong := checkName(label, MaxOptionLabel); wrong != "" {
		a.errors.add(path, "%s", wrong)
		return nil
	}
	options := a.optionsOf(p)
	fold := Fold(label)
	for _, option := range options {
		if Fold(option) == fold {
			return option
		}
	}
	switch {
	case !a.env.AllowNewOptions:
		a.errors.add(path, "must be one of %s; got %s%s", listed(options), Quote(label), DidYouMean(label, options))
		return nil
	case len(options) >= MaxOptions:
		a.errors.add(path, "cannot take the new option %s: the property has %d, the most allowed", Quote(label), MaxOptions)
		return nil
	}
	a.options = append(a.options, NewOption{Key: p.Key, Label: label})
	return label
}

// optionsOf are the property's options with those that this patch has added.
func (a *applier) optionsOf(p Property) []string {
	options := p.Options
	for _, added := range a.options {
		if added.Key == p.Key {
			options = append(slices.Clip(options), added.Label)
		}
	}
	return options
}

// listed lists the options for a message, the first ones if there are many.
func listed(options []string) string {
	switch {
	case len(options) == 0:
		return "its options, of which there are none yet"
	case len(options) > maxListed:
		return fmt.Sprintf("%s and %d more", strings.Join(options[:maxListed], ", "), len(options)-maxListed)
	}
	return strings.Join(options, ", ")
}

// jsonNumber is the grammar of RFC 8259, section 6; the group is the exponent.
var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE]([+-]?\d+))?$`)

func checkNumeric(number json.Number) string {
	text := number.String()
	match := jsonNumber.FindStringSubmatch(text)
	switch {
	case match == nil:
		return "must be a number; got " + Quote(text)
	case len(text) > MaxNumeric:
		return fmt.Sprintf("must be a number of at most %d characters; got %d", MaxNumeric, len(text))
	}
	if exponent, err := strconv.Atoi(match[1]); match[1] != "" && (err != nil || exponent > maxExponent || exponent < -maxExponent) {
		return fmt.Sprintf("must have an exponent from -%d to %d; got %s", maxExponent, maxExponent, match[1])
	}
	return ""
}

// dateTimeLayout is how a point in time is stored.
const dateTimeLayout = "2006-01-02T15:04:05.000Z"

// normalizeDate keeps a date, and writes a date-time in UTC with milliseconds.
func normalizeDate(s string) (string, bool) {
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return s, true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		return "", false
	}
	return t.UTC().Format(dateTimeLayout), true
}

// equalValues compares two stored custom values, nil among them. Numbers are
// equal when their texts are.
func equalValues(a, b any) bool {
	left, ok1 := a.([]any)
	right, ok2 := b.([]any)
	if ok1 || ok2 {
		return ok1 && ok2 && slices.Equal(left, right)
	}
	return a == b
}
