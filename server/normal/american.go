package normal

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// americanDigits is how many there are behind the country code of a number of the
// United States.
const americanDigits = 10

// isAmerican tells whether a text is a valid number of the United States in E.164. So
// are most that come, again and again, and the library takes ten times as long: it
// makes dozens of texts of its patterns for each. Of other texts it does not know.
func isAmerican(s string) bool {
	digits, ok := strings.CutPrefix(s, "+1")
	if !ok || len(digits) != americanDigits || digits[0] == '1' || strings.Trim(digits, "0123456789") != "" {
		return false // A 1 would be a prefix once more.
	}
	plan := americanPlan()
	return plan != nil && plan.all.MatchString(digits) &&
		slices.ContainsFunc(plan.kinds, func(kind *regexp.Regexp) bool { return kind.MatchString(digits) })
}

// numberingPlan has the patterns of valid numbers: those that all match, and those
// of which one does.
type numberingPlan struct {
	all   *regexp.Regexp
	kinds []*regexp.Regexp
}

// americanPlan is that of the United States, by the library's metadata; nil if they
// say more than isAmerican looks at.
var americanPlan = sync.OnceValue(func() *numberingPlan {
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil
	}
	for _, m := range collection.GetMetadata() {
		// Of a country code's regions the main one comes first, and takes all numbers
		// that are valid in it if it has no leading digits.
		if m.GetId() == "US" && m.GetMainCountryForCode() && m.GetLeadingDigits() == "" && m.GetNationalPrefixForParsing() == "1" {
			return americanPlanOf(m)
		}
	}
	return nil
})

func americanPlanOf(m *phonenumbers.PhoneMetadata) *numberingPlan {
	plan := &numberingPlan{all: patternOf(m.GetGeneralDesc())}
	for _, kind := range []*phonenumbers.PhoneNumberDesc{ // the most frequent ones first
		m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
		m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
	} {
		if p := patternOf(kind); p != nil {
			plan.kinds = append(plan.kinds, p)
		}
	}
	if plan.all == nil {
		return nil
	}
	return plan
}

// patternOf is the pattern of the numbers of a kind; nil if none has as many digits.
func patternOf(kind *phonenumbers.PhoneNumberDesc) *regexp.Regexp {
	lengths := kind.GetPossibleLength()
	if kind.GetNationalNumberPattern() == "" || len(lengths) > 0 && !slices.Contains(lengths, americanDigits) {
		return nil
	}
	return regexp.MustCompile("^(?:" + kind.GetNationalNumberPattern() + ")$")
}
