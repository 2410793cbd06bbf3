package normal_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/accountsd/accountsd/server/normal"
)

// What cannot be seen is no part of a text's ends, and alone it is nothing. It
// stays within, where an emoji or a word may need it.
func TestTrim(t *testing.T) {
	t.Parallel()
	for _, r := range "\u200b\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2060" {
		in := string(r) + " Ada" + string(r) + "Reyes " + string(r)
		if got, want := normal.Trim(in), "Ada"+string(r)+"Reyes"; got != want {
			t.Errorf("%U: %q, want %q", r, got, want)
		}
		if got := normal.Trim(" "+string(r)) + normal.Strip(string(r)); got != "" {
			t.Errorf("%U alone: %q", r, got)
		}
		if normal.Fold(in) != "adareyes" || normal.Fold("a"+string(r)) != "a" {
			t.Errorf("%U: folded to %q", r, normal.Fold(in))
		}
	}
	for in, want := range map[string]string{
		"👩\u200d👧": "👩\u200d👧", "ക്\u200d": "ക്\u200d", "❤\ufe0f": "❤\ufe0f", "\u200d": "", "\u3164\ufe0f": "", "\u00a0a\u3000": "a",
	} {
		if got := normal.Trim(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := normal.Strip("\ufeff  a \n\u200b"); got != "  a \n" {
		t.Errorf("stripped to %q", got)
	}
}

// Values that differ in accents are two; searches find either.
func TestFolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, fold, search string }{
		{" José ", "josé", "jose"}, {"Jose\u0301", "josé", "jose"}, {"O’Neil", "o’neil", "o'neil"}, {"OʼNeil", "oʼneil", "o'neil"},
		{"Łódź", "łódź", "lodz"}, {"Ångström", "ångström", "angstrom"}, {"Iğdır", "iğdır", "igdir"}, {"İstanbul", "i\u0307stanbul", "istanbul"},
		{"Ærø", "ærø", "aero"}, {"Straße", "strasse", "strasse"}, {"Ё", "ё", "е"}, {"Ά", "ά", "α"},
		{"が", "が", "が"}, {"각", "각", "각"}, {"हिन्दी", "हिन्दी", "हिन्दी"}, {"٤١٥ ４", "٤١٥ ４", "415 4"}, {"`x`", "`x`", "`x`"},
	} {
		if fold, search := normal.Fold(c.in), normal.SearchFold(c.in); fold != c.fold || search != c.search {
			t.Errorf("%q: %q and %q, want %q and %q", c.in, fold, search, c.fold, c.search)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Ada@Example.COM\u200b": "ada@example.com", "ad\u00ada@exam\u200bple.com": "ada@example.com", "\u202aa+b@c.example\u202c": "a+b@c.example",
		"jose\u0301@example.com": "josé@example.com", "ada@MÜNCHEN.example": "ada@münchen.example", "ada@xn--mnchen-3ya.example": "ada@xn--mnchen-3ya.example",
		`"Ada Reyes"@example.com`: `"ada reyes"@example.com`, `"a@b"@c.example`: `"a@b"@c.example`, "ada@[127.0.0.1]": "ada@[127.0.0.1]", "ada@[IPv6:::1]": "ada@[ipv6:::1]",
	} {
		if got, ok := normal.Email(in); got != want || !ok {
			t.Errorf("%q: %q %t, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", "\u200b", "nobody", "a@", "@b", "a b@c", "Ada <a@b.example>", `"Ada" <a@b.example>`, `"ada"b@c`, `""@c.example`, `"ada" @c.example`, "a@b, c@d",
		"a@[IPv6:1.2.3.4]", "a@[IPv6:::1%eth0]", "a@[IPv6:::1", "a@b (c)", `"a"@b (c)`,
	} {
		if got, ok := normal.Email(in); ok {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
	for a, b := range map[string]string{"jose\u0301@x.example": "JOSÉ@x.example", "ada@MÜNCHEN.example": "ada@xn--mnchen-3ya.example"} {
		if normal.EmailKey(a) != normal.EmailKey(b) {
			t.Errorf("%q and %q: %q and %q", a, b, normal.EmailKey(a), normal.EmailKey(b))
		}
	}
	if normal.EmailKey("jose@x.example") == normal.EmailKey("josé@x.example") {
		t.Error("accents do not count")
	}
}

// Every number is written as the library writes it.
func TestE164(t *testing.T) {
	t.Parallel()
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			if phonenumbers.IsPossibleNumberWithReason(example) != phonenumbers.IS_POSSIBLE {
				if in := phonenumbers.Format(example, phonenumbers.NATIONAL); normal.IsE164(normal.Phone(in, region)) || len(normal.Digits(in)) > 8 {
					t.Errorf("%s %s is local", region, in)
				}
				continue
			}
			want := phonenumbers.Format(example, phonenumbers.E164)
			for _, form := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
				in := phonenumbers.Format(example, form)
				read, err := phonenumbers.Parse(in, region)
				if err != nil || phonenumbers.Format(read, phonenumbers.E164) != want {
					continue // It is dialled in another way.
				}
				if got := normal.Phone(in, region); got != want {
					t.Errorf("%s %s: %s, want %s", region, in, got, want)
				}
			}
		}
	}
}

// Numbers of the United States, and those that look like them, are read as the
// library reads them, wherever they are dialled from.
func TestAmerican(t *testing.T) {
	t.Parallel()
	regions := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
	random := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for i := range 6_000 {
		in, region := fmt.Sprintf("+1%010d", random.Uint64N(1e10)), regions[i%len(regions)]
		if i%3 == 0 {
			in = fmt.Sprintf("+1415555%04d", i%10_000)
		}
		want := in + " as typed"
		number, err := phonenumbers.Parse(in, region)
		if err == nil && phonenumbers.IsValidNumber(number) {
			want, valid = phonenumbers.Format(number, phonenumbers.E164), valid+1
		}
		got := normal.Phone(in, region)
		if !normal.IsE164(got) {
			got += " as typed"
		}
		if got != want {
			t.Errorf("%s %s: %s, want %s", region, in, got, want)
		}
	}
	if valid < 2_000 {
		t.Errorf("only %d numbers were valid", valid)
	}
}

// Only a valid number is in E.164, however it is dialled and written.
func TestPhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\u202a+14155550142\u202c": "+14155550142", "(415)\u200b 555\u00ad-0142": "+14155550142", "＋１４１５５５５０１４２": "+14155550142", "٤١٥٥٥٥٠١٤٢": "+14155550142",
		"0049 30 901820": "+4930901820", "001 415 555 0142": "+14155550142", "00 44 20 7946 0958": "+442079460958", "+1 (555) 214-7954": "+1 (555) 214-7954",
		"0415 555 012": "0415 555 012", "００ 1": "００ 1", "00": "00", "+61 415 555 012": "+61415555012", "tel:+14155550142": "+14155550142",
	} {
		got := normal.Phone(in, "US")
		if got != want || normal.Phone(got, "US") != want || normal.IsE164(got) != (got != in) {
			t.Errorf("%q: %q, want %q; in E.164: %t", in, got, want, normal.IsE164(got))
		}
	}
	if got := normal.Phone("0415 555 012", "AU"); got != "+61415555012" {
		t.Errorf("dialled in Australia: %q", got)
	}
	for in, want := range map[string]string{"１２३": "123", "٤١٥": "415", "०-९": "09", "x": ""} {
		if got := normal.Digits(in); got != want {
			t.Errorf("the digits of %q: %q, want %q", in, got, want)
		}
	}
}

func TestPhonePart(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"(415) 55": "41555", "020": "020", "x": "", "0000000": "0000000", "415-555-0142": "4155550142", "+1 415 555 0142": "4155550142",
		"＋１ 415 555 0142": "4155550142", "001 415 555 0142": "4155550142", "(+44) 020 7946 0018": "2079460018", "+999 415 555 0142": "9994155550142",
		"14155550142": "14155550142", "020 7946 0018": "2079460018", "+39 06 6982 1234": "669821234",
	} {
		if got := normal.PhonePart(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
