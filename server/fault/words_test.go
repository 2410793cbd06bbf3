package fault_test

import (
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"title", "description", "primaryEmail", "roof_type"}
	for name, want := range map[string]string{
		"titel": `; did you mean "title"?`, "TITLE": `; did you mean "title"?`, "primary_email": `; did you mean "primaryEmail"?`,
		"rooftype": `; did you mean "roof_type"?`, "colour": "", "x": "", "": "",
	} {
		if got := fault.DidYouMean(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestFieldErrorPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path                  []string
		field, pointer, label string
	}{
		{nil, "", "", "the body"},
		{[]string{"title"}, "title", "/title", "title"},
		{[]string{"address", "0"}, "address", "/address/0", "address[0]"},
		{[]string{"custom", "tags", "12"}, "custom.tags", "/custom/tags/12", "custom.tags[12]"},
		{[]string{"a/b", "c~d"}, "a/b.c~d", "/a~1b/c~0d", "a/b.c~d"},
		{[]string{""}, "", "/", `""`},
		{[]string{"custom", ""}, "custom.", "/custom/", `custom.""`},
		{[]string{"custom", "is a"}, "custom.is a", "/custom/is a", `custom."is a"`},
		{[]string{"größe", "a\x00"}, "größe.a\x00", "/größe/a\x00", `größe."a\x00"`},
	} {
		e := fault.Offence{Path: c.path}
		if e.Field() != c.field || e.Pointer() != c.pointer || fault.Label(c.path) != c.label {
			t.Errorf("%v: %q %q %q", c.path, e.Field(), e.Pointer(), fault.Label(c.path))
		}
	}
}

func TestNormalizePhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"(415) 555-0142": "+14155550142", "+49 30 901820": "+4930901820", "1-800-555-0199": "+18005550199",
		" 415-555-0142 x7 ": "415-555-0142 x7", "555-0142": "555-0142", "ask for 5": "ask for 5", "112": "112",
	} {
		if got := normal.Phone(in, "US"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" Ada@Example.COM ": "ada@example.com", "a+b@c.example": "a+b@c.example"} {
		if got, ok := normal.Email(in); got != want || !ok {
			t.Errorf("%q: %q %t, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "nobody", "a@", "@b", "a b@c", "Ada <a@b.example>", "a@b, c@d", "a@b\n"} {
		if got, ok := normal.Email(in); ok && in != "a@b\n" {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}
