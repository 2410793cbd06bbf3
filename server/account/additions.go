package account

import (
	"encoding/json"
	"maps"
	"math"
	"strconv"

	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// amount is a number that null clears, and that amounts can be added to.
func amount(name string, at func(*Account) **float64, in func(*Patch) *patch.Field[float64]) member {
	m := nullable(name, patch.Number, checkAmount, at, in)
	m.move = mover(in, true)
	m.add = func(a *applier, from, into *Patch) bool {
		added := *in(from)
		if !added.IsSet() {
			return false
		}
		had := 0.0
		if x := *at(&a.after); x != nil {
			had = *x
		}
		*in(into) = patch.Set(sum(had, added.Value))
		return true
	}
	return m
}

// sum adds two numbers as they are written, so that 0.1 and 0.2 make 0.3.
func sum(x, y float64) float64 {
	text := func(x float64) json.Number { return json.Number(strconv.FormatFloat(x, 'g', -1, 64)) }
	total, err := schema.Sum(text(x), text(y)).Float64()
	if err != nil {
		return math.Inf(1) // which is refused
	}
	return total
}

// addCustom adds items to properties that take several values, and amounts to
// numbers.
func (a *applier) addCustom(from, into *Patch) bool {
	return a.changeCustom(from, into, func(path []string, p schema.Property, had, sent any) any {
		switch value := a.values.Check(path, p, sent).(type) {
		case []any:
			return p.With(had, value)
		case json.Number:
			number, _ := had.(json.Number)
			return schema.Sum(number, value)
		}
		return had
	}, schema.Property.TakesMore, "to which nothing can be added")
}

// removeCustom removes items from properties that take several values. No option
// is new to that.
func (a *applier) removeCustom(from, into *Patch) bool {
	values := schema.Values{Offences: &a.Offences}
	return a.changeCustom(from, into, func(path []string, p schema.Property, had, sent any) any {
		gone, _ := values.Check(path, p, sent).([]any)
		return p.Without(had, gone)
	}, func(p schema.Property) bool { return p.Multiple }, "from which nothing can be removed")
}

// changeCustom makes into set what change makes of each custom value that from
// holds something of.
func (a *applier) changeCustom(from, into *Patch, change func(path []string, p schema.Property, had, sent any) any, takes func(schema.Property) bool, unfit string) bool {
	changed := maps.Clone(into.Custom.Value)
	if changed == nil {
		changed = make(map[string]any)
	}
	for _, key := range jsonvalue.Names(from.Custom.Value) {
		path := []string{memberCustom, key}
		sent := from.Custom.Value[key]
		p, ok := a.property(key)
		switch {
		case !ok || sent == nil:
			continue
		case !takes(p):
			a.Offences.Add(path, "takes one value, %s; set it instead", unfit)
			continue
		}
		had, again := changed[key]
		if !again {
			had = a.after.Custom[key]
		}
		changed[key] = change(path, p, had, sent)
	}
	into.Custom = patch.Set(changed)
	return from.Custom.IsSet()
}
