package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/client"
)

// assignments returns a T, which is a body of the client, with the members that
// the arguments assign. Custom members are read by the properties' types.
func assignments[T any](args []string, properties []client.Property) (T, error) {
	var body T
	members := map[string]any{}
	custom := map[string]any{}
	for _, arg := range args {
		name, text, literal, err := cutAssignment(arg)
		if err != nil {
			return body, err
		}
		key, isCustom := strings.CutPrefix(name, "custom.")
		into, kind := custom, customKind(properties, key)
		if !isCustom {
			if kind, err = memberKind[T](name); err != nil {
				return body, err
			}
			into, key = members, name
		}
		if err := kind.assign(into, key, text, literal); err != nil {
			return body, usagef("%s: %w", name, err)
		}
	}
	if len(custom) > 0 {
		members["custom"] = custom
	}
	text, err := json.Marshal(members)
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

// cutAssignment splits name=text or name:=JSON.
func cutAssignment(arg string) (name, text string, literal bool, err error) {
	name, text, ok := strings.Cut(arg, "=")
	if !ok || name == "" {
		return "", "", false, usagef("%q is not an assignment such as title=Sunrise", arg)
	}
	name, literal = strings.CutSuffix(name, ":")
	return name, text, literal, nil
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

// memberKind is the kind of a member of a T: of the type of its field.
func memberKind[T any](name string) (kind, error) {
	for _, field := range assignable[T]() {
		if tagName(field) == name && name != "custom" {
			return kindOf(valueType(field.Type)), nil
		}
	}
	return kind{}, usagef("there is no member %q; the members are %s", name, strings.Join(assignableNames[T](), ", "))
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
