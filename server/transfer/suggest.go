package transfer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
)

// guesses are the columns of members in the exports of Salesforce, HubSpot,
// EspoCRM, Odoo and Google Contacts, in plain form. The first list of which the
// file has a column counts.
var guesses = []struct {
	member  string
	columns [][]string
}{
	{"title", [][]string{{"title"}, {"accountname"}, {"companyname"}, {"firstname", "middlename", "lastname"}, {"givenname", "additionalname", "familyname"}, {"name"}, {"displayname"}, {"fullname"}, {"organizationname"}}},
	{"description", [][]string{{"description"}, {"accountdescription"}, {"notes"}, {"comment"}}},
	{"primaryEmail", [][]string{{"primaryemail"}, {"emailaddress"}, {"email"}, {"email1value"}}},
	{"primaryPhone", [][]string{{"primaryphone"}, {"accountphone"}, {"phonenumber"}, {"phone"}, {"phone1value"}, {"mobile"}}},
	{"number", [][]string{{"number"}}},
	{"isActive", [][]string{{"isactive"}}},
}

// places are the addresses that an account may have in a file, of which the
// first one counts, and addressParts their lines.
var (
	places       = []string{"", "billing", "billingaddress", "address1", "mailing", "shipping", "shippingaddress"}
	addressParts = [][]string{
		{"address", "street", "streetaddress"}, {"street2", "streetaddress2", "extendedaddress"}, {"pobox"}, {"city"},
		{"state", "stateprovince", "stateregion", "region", "stateid", "statedisplayname"}, {"zip", "zippostalcode", "postalcode"},
		{"country", "countryregion", "countryid", "countrydisplayname"},
	}
)

// samplesOf bounds how many rows are looked through for a sample of a column.
const samplesOf = 100

// Suggest returns a mapping file for a CSV file, to be edited, with a sample of
// each column. What the columns hold is guessed by their names; those without a
// guess are passed over.
func Suggest(file io.Reader, d Dialect, properties []schema.Property) (string, error) {
	text, foreign, err := d.text(file)
	if err != nil {
		return "", err
	}
	c, err := openCSV(text, foreign, d)
	if err != nil {
		return "", err
	}
	samples, err := c.samples()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# COLUMN=MEMBER or COLUMN+COLUMN=MEMBER; a column without a member is passed over.\n")
	for _, s := range suggestions(c.first, properties) {
		for _, at := range s.at {
			fmt.Fprintf(&b, "# %s: %s\n", oneLine(c.first[at]), fault.Quote(samples[at]))
		}
		b.WriteString(s.line(c.first))
	}
	return b.String(), nil
}

// samples returns the first cell of each column that is not blank.
func (c *csvReader) samples() ([]string, error) {
	samples := make([]string, len(c.first))
	for range samplesOf {
		r, err := c.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range min(len(samples), len(r.cells)) {
			if isBlank(samples[i]) {
				samples[i] = r.cells[i]
			}
		}
	}
	return samples, nil
}

// suggestion is that some columns are a member, or none.
type suggestion struct {
	member string
	at     []int
}

// oneLine is a name without line breaks, which do not count in it.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }

// line is the assignment, which must not look like a comment.
func (s suggestion) line(header []string) string {
	var names []string
	for _, at := range s.at {
		names = append(names, oneLine(header[at]))
	}
	line := strings.Join(names, "+") + "=" + s.member + "\n"
	if strings.HasPrefix(line, "#") {
		return " " + line
	}
	return line
}

// suggestions returns one for each column with a name, or for several together.
func suggestions(header []string, properties []schema.Property) []suggestion {
	at := map[string]int{}
	for i, name := range slices.Backward(header) {
		at[plain(name)] = i // the first one of a name
	}
	var all []suggestion
	used := map[int]bool{}
	add := func(member string, places []int) {
		if places = slices.DeleteFunc(places, func(i int) bool { return used[i] }); len(places) == 0 {
			return
		}
		all = append(all, suggestion{member, places})
		for _, i := range places {
			used[i] = true
		}
	}
	for _, g := range guesses {
		add(g.member, firstOf(at, g.columns))
	}
	add("address", addressOf(at))
	for _, p := range properties {
		member := account.CustomPrefix + p.Key
		add(member, firstOf(at, [][]string{{plain(member)}, {plain(p.Key)}, {plain(p.Name)}}))
	}
	for i, name := range header {
		if !isBlank(name) {
			add("", []int{i})
		}
	}
	slices.SortStableFunc(all, func(a, b suggestion) int { return a.at[0] - b.at[0] })
	return all
}

// firstOf returns the columns of the first list of which there are any.
func firstOf(at map[string]int, lists [][]string) []int {
	for _, names := range lists {
		var found []int
		for _, name := range names {
			if i, ok := at[name]; ok {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// addressOf returns the columns of the lines of the first address that has more
// than a country.
func addressOf(at map[string]int) []int {
	for _, place := range places {
		var lines []int
		for _, part := range addressParts {
			var names [][]string
			for _, name := range part {
				names = append(names, []string{place + name})
			}
			lines = append(lines, firstOf(at, names)...)
		}
		if len(lines) > 1 || len(firstOf(at, [][]string{{place + "address"}, {place + "street"}, {place + "formatted"}})) > 0 {
			return lines
		}
	}
	return nil
}

// plain is a name by its letters and digits alone.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
