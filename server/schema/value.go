package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/normal"
)

// maxExponent bounds the exponent of a number, either way, so that every store
// can hold it.
const maxExponent = 1000

// maxListed is how many allowed labels a message lists.
const maxListed = 20

// takes says in words what values a type takes.
func (t Type) takes() string {
	switch t {
	case Text, Dropdown:
		return "a string"
	case Numeric:
		return "a number"
	case Boolean:
		return "true or false"
	case Date:
		return "a date such as 2026-11-24 or an RFC 3339 date-time"
	}
	return "a " + string(t)
}

// Values checks the values that one patch gives to properties.
type Values struct {
	AllowNewOptions bool        // whether an unknown label becomes an option
	NewOptions      []NewOption // those that the values add
	Offences        *fault.Offences
}

// Check returns the stored form of a value of the property; nil clears. It notes
// what is wrong with it at the path.
func (v *Values) Check(path []string, p Property, value any) any {
	if value == nil {
		return nil
	}
	if value == "" && p.Type != Text {
		wrong := fmt.Sprintf("must be %s; got %s", p.Type.takes(), fault.Show(value))
		if p.Type == Dropdown {
			wrong = fault.MustNotBeBlank
		}
		v.Offences.Add(path, "%s%s", wrong, fault.SendNull)
		return nil
	}
	list, isList := value.([]any)
	if !p.Multiple {
		if !isList {
			return v.item(path, p, value)
		}
		if len(list) != 1 {
			v.Offences.Add(path, "takes one value; got a list of %d", len(list))
			return nil
		}
		return v.item(append(path, "0"), p, list[0])
	}
	if !isList {
		list = []any{value}
	}
	if len(list) > MaxValues {
		v.Offences.Add(path, "%s", fault.TooMany(MaxValues, len(list)))
		return nil
	}
	values := make([]any, 0, len(list))
	for i, item := range list {
		itemPath := path
		if isList {
			itemPath = slices.Concat(path, []string{strconv.Itoa(i)})
		}
		if item := v.item(itemPath, p, item); item != nil && !slices.Contains(values, item) {
			values = append(values, item)
		}
	}
	if len(values) == 0 {
		return nil // An empty list means no value.
	}
	return values
}

// item returns the stored form of one value, or nil after noting what is
// wrong with it.
func (v *Values) item(path []string, p Property, value any) any {
	var wrong string
	switch p.Type {
	case Text:
		if text, ok := value.(string); ok {
			if text, wrong = p.text(text); wrong == "" {
				return text
			}
		}
	case Numeric:
		if number, ok := value.(json.Number); ok {
			if wrong = CheckNumeric(number); wrong == "" {
				return number
			}
		}
	case Boolean:
		if b, ok := value.(bool); ok {
			return b
		}
	case Date:
		if text, ok := value.(string); ok {
			if date, ok := normalizeDate(text); ok {
				return date
			}
		}
	case Dropdown:
		if label, ok := value.(string); ok {
			return v.label(path, p, label)
		}
	}
	if wrong == "" {
		wrong = "must be " + p.Type.takes() + "; got " + fault.Show(value)
	}
	v.Offences.Add(path, "%s", wrong)
	return nil
}

// text returns the stored form of a text, and what is wrong with it. One that is a
// key has no space around it, since nobody would see that two keys differ.
func (p Property) text(sent string) (text, wrong string) {
	if p.Unique {
		text = normal.Trim(sent)
		return text, normal.CheckName(text, MaxUnique)
	}
	text = normal.Strip(sent)
	return text, normal.CheckText(text, maxText)
}

// label returns the option that a label means. Labels are compared
// folded, and stored as the option is spelled.
func (v *Values) label(path []string, p Property, label string) any {
	label = normal.Trim(label)
	if wrong := normal.CheckName(label, MaxOptionLabel); wrong != "" {
		v.Offences.Add(path, "%s", wrong)
		return nil
	}
	options := v.optionsOf(p)
	fold := normal.Fold(label)
	for _, option := range options {
		if normal.Fold(option) == fold {
			return option
		}
	}
	switch {
	case !v.AllowNewOptions:
		v.Offences.Add(path, "must be one of %s; got %s%s", listed(options), fault.Quote(label), fault.DidYouMean(label, options))
		return nil
	case len(options) >= MaxOptions:
		v.Offences.Add(path, "cannot take the new option %s: the property has %d, the most allowed", fault.Quote(label), MaxOptions)
		return nil
	}
	v.NewOptions = append(v.NewOptions, NewOption{Key: p.Key, Label: label})
	return label
}

// optionsOf are the property's options with those that this patch has added.
func (v *Values) optionsOf(p Property) []string {
	options := p.Options
	for _, added := range v.NewOptions {
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

// CheckNumeric returns what is wrong with an exact number.
func CheckNumeric(number json.Number) string {
	text := number.String()
	switch {
	case !jsonvalue.IsNumber(text):
		return "must be a number; got " + fault.Quote(text)
	case len(text) > maxNumeric:
		return fmt.Sprintf("must be a number of at most %d characters; got %d", maxNumeric, len(text))
	}
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return ""
	}
	sent := text[at+1:]
	if exponent, err := strconv.Atoi(sent); err != nil || exponent > maxExponent || exponent < -maxExponent {
		return fmt.Sprintf("must have an exponent from -%d to %d; got %s", maxExponent, maxExponent, sent)
	}
	return ""
}

// DateTimeLayout is how a point in time is stored.
const DateTimeLayout = "2006-01-02T15:04:05.000Z"

// normalizeDate keeps a date, and writes a date-time in UTC with milliseconds.
func normalizeDate(s string) (string, bool) {
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return s, true
	}
	t, err := timestamp.Parse(s)
	if err != nil {
		return "", false
	}
	return t.UTC().Format(DateTimeLayout), true
}

// EqualValues compares two stored custom values, nil among them. Numbers are
// equal when their texts are.
func EqualValues(a, b any) bool {
	left, ok1 := a.([]any)
	right, ok2 := b.([]any)
	if ok1 || ok2 {
		return ok1 && ok2 && slices.Equal(left, right)
	}
	return a == b
}
