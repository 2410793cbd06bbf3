package schema

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

// TakesMore tells whether something can be added to a value of the property.
func (p Property) TakesMore() bool { return p.Multiple || p.Type == Numeric }

// With returns a stored value of several items with more items at its end, but for
// those that it has. Items of one key are the same.
func (p Property) With(value any, items []any) any {
	had, _ := value.([]any)
	list := slices.Clone(had)
	keys := p.Keys(value)
	for _, item := range items {
		if key := p.Keys(item)[0]; !slices.Contains(keys, key) {
			list, keys = append(list, item), append(keys, key)
		}
	}
	return valueOf(list)
}

// Without returns a stored value of several items without those of the keys of
// others; nil if none is left.
func (p Property) Without(value any, items []any) any {
	had, _ := value.([]any)
	gone := p.Keys(items)
	return valueOf(slices.DeleteFunc(slices.Clone(had), func(item any) bool { return slices.Contains(gone, p.Keys(item)[0]) }))
}

// valueOf is the value of so many items: of none there is no value.
func valueOf(items []any) any {
	if len(items) == 0 {
		return nil
	}
	return items
}

// Sum returns the exact sum of two numbers that CheckNumeric accepts, with as many
// decimals as the one that has more. Nothing is 0, and adding 0 leaves a number as
// it is written. A sum of more digits than are stored has an exponent if that makes
// it short enough.
func Sum(a, b json.Number) json.Number {
	x, y := parseDecimal(string(a)), parseDecimal(string(b))
	switch {
	case a == "":
		return b
	case y.units.Sign() == 0:
		return a
	}
	text := x.plus(y).String()
	if len(text) <= maxNumeric {
		return json.Number(text)
	}
	digits, exponent := jsonvalue.Scientific(text)
	sign := text[:len(text)-len(strings.TrimPrefix(text, "-"))]
	return json.Number(sign + digits[:1] + strings.TrimSuffix("."+digits[1:], ".") + "e" + strconv.Itoa(exponent-1))
}

// decimal is units divided by a power of ten.
type decimal struct {
	units *big.Int
	scale int // of the power: how many decimals there are
}

// parseDecimal reads a JSON number; nothing is 0.
func parseDecimal(text string) decimal {
	mantissa, e, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent, _ := strconv.Atoi(e)
	units, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		units = new(big.Int)
	}
	return decimal{units, 0}.shifted(exponent - len(fraction))
}

// shifted is d times a power of ten.
func (d decimal) shifted(exponent int) decimal {
	if exponent <= 0 {
		return decimal{d.units, d.scale - exponent}
	}
	return decimal{new(big.Int).Mul(d.units, power(exponent)), d.scale}
}

func (d decimal) plus(other decimal) decimal {
	if d.scale < other.scale {
		return other.plus(d)
	}
	added := new(big.Int).Mul(other.units, power(d.scale-other.scale))
	return decimal{added.Add(added, d.units), d.scale}
}

func power(exponent int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
}

// String writes d with its decimals.
func (d decimal) String() string {
	digits := new(big.Int).Abs(d.units).String()
	if missing := d.scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	at := len(digits) - d.scale
	text := digits[:at] + strings.TrimSuffix("."+digits[at:], ".")
	if d.units.Sign() < 0 {
		text = "-" + text
	}
	return text
}
