package lenient

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// addressParts are the members of older records that an address is made of.
var addressParts = []string{"street", "street2", "city", "state", "zip", "zipcode", "zipCode", "postalCode", "country"}

// change replaces a member by what read makes of it, unless that is not ok.
func change(name string, read func(sent any) (any, bool)) func(object) bool {
	return func(o object) bool {
		sent, ok := o[name]
		if !ok {
			return false
		}
		value, ok := read(sent)
		if ok {
			o[name] = value
		}
		return ok
	}
}

// moved gives a member another name, which was not sent.
func moved(from, to string) func(object) bool {
	return func(o object) bool {
		value, ok := o[from]
		if _, taken := o[to]; !ok || taken {
			return false
		}
		o[to] = value
		delete(o, from)
		return true
	}
}

// repeated takes a member away that says what another one does, or that belongs
// to a record which does not exist yet.
func repeated(name, of string) func(object) bool {
	return func(o object) bool {
		value, ok := o[name]
		other, sent := o[of]
		if !ok || sent && !strings.EqualFold(fmt.Sprint(value), fmt.Sprint(other)) {
			return false
		}
		delete(o, name)
		return true
	}
}

func dropped(name string) func(object) bool {
	return func(o object) bool {
		_, ok := o[name]
		delete(o, name)
		return ok
	}
}

// droppedEmpty takes a list away that holds nothing which could be lost.
func droppedEmpty(name string) func(object) bool {
	return func(o object) bool {
		value, ok := o[name]
		items, isList := value.([]any)
		ok = ok && (value == nil || isList && len(items) == 0)
		if ok {
			delete(o, name)
		}
		return ok
	}
}

func upper(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		text, _ := sent.(string)
		return strings.ToUpper(text), strings.ToUpper(text) != text
	})
}

// listed makes a list of a text.
func listed(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		text, ok := sent.(string)
		return []any{text}, ok
	})
}

func emptyAsNull(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		text, ok := sent.(string)
		return nil, ok && strings.TrimSpace(text) == ""
	})
}

func numeric(name string) func(object) bool {
	return change(name, asNumber)
}

// asNumber reads a text as the number that it is, digit for digit.
func asNumber(sent any) (any, bool) {
	text, _ := sent.(string)
	text = strings.TrimSpace(text)
	ok := json.Valid([]byte(text)) && (text[0] == '-' || '0' <= text[0] && text[0] <= '9')
	return json.Number(text), ok
}

// numbers reads the texts in a list as the numbers that they are.
func numbers(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		changed := false
		items, _ := sent.([]any)
		items = slices.Clone(items)
		for i, item := range items {
			if n, ok := asNumber(item); ok {
				items[i], changed = n, true
			}
		}
		return items, changed
	})
}

// truth reads a text or a number as true or false.
func truth(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		if _, ok := sent.(bool); ok {
			return nil, false
		}
		value, ok := boolean(fmt.Sprint(sent))
		return value == "true", ok
	})
}

// emptyObject reads an empty list as an empty object: some languages do not tell
// them apart.
func emptyObject(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		items, ok := sent.([]any)
		return object{}, ok && len(items) == 0
	})
}

// withoutEmpty takes what is empty out of a list. Null is an empty list.
func withoutEmpty(name string) func(object) bool {
	return change(name, func(sent any) (any, bool) {
		if sent == nil {
			return []any{}, true
		}
		items, _ := sent.([]any)
		left := slices.DeleteFunc(slices.Clone(items), func(item any) bool { return item == "" || item == nil })
		return left, len(left) < len(items)
	})
}

// streetAsAddress makes the lines of an address. Without a street it makes none,
// since a city alone would replace a whole address.
func streetAsAddress(o object) bool {
	if _, sent := o["address"]; sent || part(o, "street") == "" {
		return false
	}
	zip := cmp.Or(part(o, "zip"), part(o, "zipcode"), part(o, "zipCode"), part(o, "postalCode"))
	town := join(" ", part(o, "state"), zip)
	var lines []any
	for _, line := range []string{part(o, "street"), part(o, "street2"), join(", ", part(o, "city"), town), part(o, "country")} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	for _, name := range addressParts {
		delete(o, name)
	}
	o["address"] = lines
	return true
}

// part is a part of an address; empty if there is none.
func part(o object, name string) string {
	switch value := o[name].(type) {
	case string:
		return strings.TrimSpace(value)
	case json.Number:
		return value.String()
	}
	return ""
}

// join joins the texts that are not empty.
func join(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), separator)
}

// fullName makes the name of its two parts. One alone would replace a whole name.
func fullName(o object) bool {
	first, ok := o["firstName"].(string)
	last, both := o["lastName"].(string)
	if _, sent := o["name"]; sent || !ok || !both {
		return false
	}
	o["name"] = join(" ", strings.TrimSpace(first), strings.TrimSpace(last))
	delete(o, "firstName")
	delete(o, "lastName")
	return true
}
