package fault

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"github.com/accountsd/accountsd/gen/plural"
)

// What can be wrong with any member, in words that follow its name.
const (
	IsRequired     = "is required"
	MustNotBeNull  = "must not be null"
	MustNotBeBlank = "must not be blank"
	BeSequence     = "be a sequence as answers have it, which is digits such as 0000000000000000042" // behind must

	// DateTime is what a member with a time takes: a date alone is not enough.
	DateTime = "an RFC 3339 date-time such as 2026-11-24T10:00:00Z"

	// SendNull goes on from what is wrong with an empty text of a member that
	// may have no value.
	SendNull = "; send null to clear it"
)

// TooFew says that a list is too short.
func TooFew(least int) string {
	return "must contain at least " + plural.Of(least, "item", "items")
}

// TooMany says that a list is too long.
func TooMany(most, got int) string {
	return fmt.Sprintf("must contain at most %s; got %d", plural.Of(most, "item", "items"), got)
}

// unknownMember says that an object has a member that is none of the known ones.
func unknownMember(name string, known []string) string {
	return "is not a known member" + DidYouMean(name, known)
}

// Lazily is a part of a message that is only made if the message is.
type Lazily func() string

// String makes the text.
func (l Lazily) String() string { return l() }

// Join lists names for a message.
func Join[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// maxQuoted is how many characters of a rejected value a message repeats.
const maxQuoted = 60

// Quote writes a rejected text for its sender: in quotes, and cut short.
func Quote(s string) string { return strconv.Quote(Cut(s)) }

// Cut cuts a value short that a message repeats.
func Cut(s string) string {
	n := 0
	for at := range s { // which is not read to its end
		if n == maxQuoted {
			return strings.ToValidUTF8(s[:at], "\uFFFD") + "…"
		}
		n++
	}
	return s
}

// PlusLost goes on from a message about a date-time in a query that is none: it
// says how to write the + of an offset, which is read as a space.
func PlusLost(sent string) string {
	if strings.Contains(strings.TrimSpace(sent), " ") {
		return "; write + as %2B"
	}
	return ""
}

// Label names the member at a path in a message: "custom.roof_type",
// "contacts[2]". A name that would not stand out from the message is in quotes.
func Label(path []string) string {
	if len(path) == 0 {
		return "the body"
	}
	var b strings.Builder
	for i, segment := range path {
		switch {
		case i == 0:
			b.WriteString(labelOf(segment))
		case isIndex(segment):
			fmt.Fprintf(&b, "[%s]", segment)
		default:
			b.WriteString("." + labelOf(segment))
		}
	}
	return b.String()
}

// labelOf is a name as a part of a label.
func labelOf(name string) string {
	odd := func(r rune) bool { return r == '"' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if name == "" || len(name) > maxQuoted || strings.ContainsFunc(name, odd) {
		return Quote(name)
	}
	return name
}

// Show writes a rejected value, as decoded from JSON, for its sender.
func Show(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return Quote(v)
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return Cut(v.String())
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		return "a list"
	}
	return "an object"
}

// DidYouMean goes on from a message about an unknown name: it asks for the
// known name that is nearest, if one is near.
func DidYouMean(name string, known []string) string {
	if near := closest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// closest returns the known name that name is most likely a slip of, without
// regard to case, or "" if none is near.
func closest(name string, known []string) string {
	limit := max(1, (len(name)+1)/3) // one slip in three letters
	near := ""
	for _, candidate := range known {
		distance := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if distance <= limit {
			near, limit = candidate, distance-1
		}
	}
	return near
}
