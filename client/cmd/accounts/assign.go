package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/client"
)

// assignments returns a T, which is a body of the client, with the members that
// the arguments assign. Custom members are read by the properties' types.
func assignments[T any](args []string, properties []client.Property) (T, error) {
	var body T
	whole := &assigned{body: reflect.TypeFor[T](), properties: properties, members: map[string]any{}}
	for _, arg := range args {
		a, err := cutAssignment(arg)
		if err != nil {
			return body, err
		}
		part, err := whole.part(a.sign)
		if err != nil {
			return body, err
		}
		if err := part.assign(a); err != nil {
			return body, err
		}
	}
	text, err := json.Marshal(whole.members)
	if err != nil {
		return body, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return body, usageError{err}
	}
	return body, nil
}

// sign stands before the = of an assignment that changes a member by what it
// holds, in a part of the body.
type sign struct{ text, part string }

var signs = []sign{{"+", "add"}, {"-", "remove"}, {"?", "fill"}}

// assignment is name=text or name:=JSON, with a sign or none.
type assignment struct {
	name, text string
	literal    bool
	sign       sign
}

// cutAssignment takes an assignment apart.
func cutAssignment(arg string) (a assignment, err error) {
	if !utf8.ValidString(arg) {
		return a, usagef("%q: %w", arg, errNotUTF8)
	}
	name, text, ok := strings.Cut(arg, "=")
	a.text = text
	name, a.literal = strings.CutSuffix(name, ":")
	for _, s := range signs {
		if short, signed := strings.CutSuffix(name, s.text); signed {
			name, a.sign = short, s
			break
		}
	}
	if a.name = name; !ok || name == "" {
		return a, usagef("%q is not an assignment such as title=Sunrise", arg)
	}
	return a, nil
}

// assigned is the members that are assigned of a body, or of a part of one.
type assigned struct {
	body       reflect.Type
	properties []client.Property
	members    map[string]any
	parts      map[string]*assigned
}

// part is what an assignment with the sign is about.
func (a *assigned) part(s sign) (*assigned, error) {
	if s.part == "" {
		return a, nil
	}
	if part := a.parts[s.part]; part != nil {
		return part, nil
	}
	for _, field := range fieldsOf(a.body) {
		if tagName(field) != s.part {
			continue
		}
		part := &assigned{body: field.Type.Elem(), properties: a.properties, members: map[string]any{}}
		if a.parts == nil {
			a.parts = map[string]*assigned{}
		}
		a.parts[s.part], a.members[s.part] = part, part.members
		return part, nil
	}
	return nil, usagef("%s= is of updates of accounts only", s.text)
}

func (a *assigned) assign(one assignment) error {
	key, isCustom := strings.CutPrefix(one.name, "custom.")
	into, kind := a.members, customKind(a.properties, key)
	if isCustom {
		into = a.custom()
	} else {
		var err error
		if kind, err = a.memberKind(one); err != nil {
			return err
		}
	}
	if err := kind.assign(into, key, one.text, one.literal); err != nil {
		return usagef("%s: %w", one.name, err)
	}
	return nil
}

// custom is the custom members that are assigned.
func (a *assigned) custom() map[string]any {
	custom, ok := a.members["custom"].(map[string]any)
	if !ok {
		custom = map[string]any{}
		a.members["custom"] = custom
	}
	return custom
}

// kind is how the text of a value is read.
type kind struct {
	list  bool // several assignments make a list
	value func(text string) (any, error)
}

func (k kind) assign(into map[string]any, key, text string, literal bool) error {
	if literal {
		if !json.Valid([]byte(text)) {
			return fmt.Errorf("%q is not valid JSON", text)
		}
		into[key] = json.RawMessage(text)
		return nil
	}
	if text == "null" {
		into[key] = nil
		return nil
	}
	value, err := k.value(text)
	if err != nil {
		return err
	}
	earlier, again := into[key]
	switch {
	case k.list:
		list, _ := earlier.([]any)
		into[key] = append(list, value)
	case again:
		return fmt.Errorf("it takes one value, but is assigned twice")
	default:
		into[key] = value
	}
	return nil
}

func text(s string) (any, error) { return s, nil }

func number(s string) (any, error) {
	if _, err := strconv.ParseFloat(s, 64); err != nil || !json.Valid([]byte(s)) {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	return json.Number(s), nil
}

func boolean(s string) (any, error) {
	if s != "true" && s != "false" {
		return nil, fmt.Errorf("must be true or false; got %q", s)
	}
	return s == "true", nil
}

// customKind is the kind of a property. One that is not known goes to the
// server, which tells what it may have been.
func customKind(properties []client.Property, key string) kind {
	for _, p := range properties {
		if p.KeyName != key {
			continue
		}
		k := kind{list: p.IsMultiple, value: text}
		switch p.Type {
		case client.Numeric:
			k.value = number
		case client.Boolean:
			k.value = boolean
		}
		return k
	}
	return kind{value: text}
}

// memberKind is the kind of the member that is assigned: of the type of its field.
func (a *assigned) memberKind(one assignment) (kind, error) {
	for _, field := range assignable(a.body) {
		if tagName(field) == one.name && one.name != "custom" {
			return kindOf(valueType(field.Type)), nil
		}
	}
	how := ""
	if one.sign.text != "" {
		how = " to assign with " + one.sign.text + "="
	}
	return kind{}, usagef("there is no member %q%s; the members are %s", one.name, how, strings.Join(assignableNames(a.body), ", "))
}

// valueType is the type of a field's value: a client.Field is a map to it.
func valueType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Map {
		return t.Elem()
	}
	return t
}

func kindOf(t reflect.Type) kind {
	if t.Kind() == reflect.Slice {
		return kind{list: true, value: kindOf(t.Elem()).value}
	}
	switch t.Kind() {
	case reflect.Int64, reflect.Float64:
		return kind{value: number}
	case reflect.Bool:
		return kind{value: boolean}
	}
	return kind{value: text}
}

func mentionsCustom(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "custom.") })
}
