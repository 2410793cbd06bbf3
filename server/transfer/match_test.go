package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/transfer"
)

// state writes what the tests of strategies look at.
func state(accounts []account.Account) string {
	var b strings.Builder
	for _, a := range accounts {
		description, value := "-", "-"
		if a.Description != nil {
			description = *a.Description
		}
		if a.Value != nil {
			value = fmt.Sprint(*a.Value)
		}
		fmt.Fprintf(&b, "%d %s %s %s %s %v %d|", a.Number, a.Title, a.Address[0], description, value, a.Custom["text_false"], len(a.Contacts))
	}
	return b.String()
}

// The accounts that the tests of strategies begin with.
const (
	startCSV = "title,address,description,value,primaryEmail,primaryPhone,custom.text_false\n" +
		"One,1 Main St,first,,one@example.com,(415) 555-0101,x\n" +
		"Two,2 Main St,,2,,,\n"
	one = "1 One 1 Main St first - x 1|"
	two = "2 Two 2 Main St - 2 <nil> 0|"
)

func TestStrategies(t *testing.T) {
	t.Parallel()
	// ID stands for the id of the first account.
	for name, c := range map[string]struct {
		by       account.MatchBy
		strategy intake.Strategy
		csv      string
		counts   string // created, updated, unchanged, rejected
		want     string
	}{
		"title is the default":          {"", "", "title,address\n one ,x\nThree,3 St\n", "1 0 1 0", one + two + "3 Three 3 St - - <nil> 0|"},
		"id is, if there is one":        {"", "", "id,title\nID,Eins\n", "0 1 0 0", "1 Eins 1 Main St first - x 1|" + two},
		"a row without an id is new":    {"", "", "id,title,address\n,Three,3 St\n", "1 0 0 0", one + two + "3 Three 3 St - - <nil> 0|"},
		"a new row needs an address":    {"", "", "id,title\n,Three\n", "0 0 0 1", one + two},
		"an unknown id":                 {"", "", "id,title,primaryEmail\n999,x,nobody\n", "0 0 0 1", one + two},
		"an unreadable id":              {"", "", "id,title,address\nx,Three,3 St\n", "0 0 0 1", one + two},
		"update clears by empty cells":  {"", "", "id,title,address,isActive,number,description,custom.text_false,contacts\nID,,,,,,,\n", "0 1 0 0", "1 One 1 Main St - - <nil> 0|" + two},
		"an empty text is no null":      {"", "", "id,description,custom.text_false\nID,\"\"\"\"\"\",\"\"\"\"\"\"\n", "0 1 0 0", "1 One 1 Main St  -  1|" + two},
		"id with skip":                  {"", "skip", "id,title\nID,Eins\n", "0 0 1 0", one + two},
		"id with enrich":                {"", "enrich", "id,title,description,value\nID,Eins,new,7\n", "0 1 0 0", "1 One 1 Main St first 7 x 1|" + two},
		"id with replace":               {"", "replace", "id,title,address,value\nID,Eins,Weg 1,7\n", "0 1 0 0", "1 Eins Weg 1 - 7 <nil> 0|" + two},
		"replace needs all":             {"", "replace", "id,title\nID,Eins\n", "0 0 0 1", one + two},
		"number":                        {"number", "update", "number,value\n1,7\n2,2\n3,3\n", "0 1 1 1", "1 One 1 Main St first 7 x 1|" + two},
		"number of a new one":           {"number", "", "number,title,address\n9,Nine,9 St\n,Next,3 St\n", "2 0 0 0", one + two + "9 Nine 9 St - - <nil> 0|3 Next 3 St - - <nil> 0|"},
		"title with update":             {"title", "update", "title,value\nONE,7\n", "0 1 0 0", "1 ONE 1 Main St first 7 x 1|" + two},
		"e-mail":                        {"primaryEmail", "update", "primaryEmail,title\nONE@example.com,Eins\nx@example.com,New\n", "0 1 0 1", "1 Eins 1 Main St first - x 1|" + two},
		"phone":                         {"primaryPhone", "enrich", "primaryPhone,value\n415-555-0101,7\n", "0 1 0 0", "1 One 1 Main St first 7 x 1|" + two},
		"address":                       {"address", "update", "address,value\n\"[\"\"1 MAIN st\"\"]\",7\n", "0 1 0 0", "1 One 1 MAIN st first 7 x 1|" + two},
		"none":                          {"none", "", "title,address\nOne,1 Main St\n", "1 0 0 0", one + two + "3 One 1 Main St - - <nil> 0|"},
		"an id that does not count":     {"title", "update", "id,title,value\n999,One,7\n", "0 1 0 0", "1 One 1 Main St first 7 x 1|" + two},
		"a row sees the ones before it": {"", "", "title,address\nThree,3 St\nTHREE,x\n", "1 0 1 0", one + two + "3 Three 3 St - - <nil> 0|"},
		"a number that is taken":        {"", "", "id,number,description\nID,2,x\n", "0 0 0 1", one + two},
		"its own number":                {"title", "", "title,address,number,primaryEmail\nOne,x,1,nobody\n", "0 0 0 1", one + two},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			wantCounts(t, f.importText(t, "start.csv", startCSV, transfer.Options{}), 2, 0, 0, 0)
			text := strings.ReplaceAll(c.csv, "ID", fmt.Sprint(f.accounts(t)[0].ID))
			r := f.importText(t, "a.csv", text, transfer.Options{MatchBy: c.by, Strategy: c.strategy})
			if got := fmt.Sprint(r.Counts.Created, r.Counts.Updated, r.Counts.Unchanged, r.Counts.Rejected); got != c.counts {
				t.Errorf("got %s, want %s; %+v", got, c.counts, r.First)
			}
			if got := state(f.accounts(t)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if name == "its own number" && len(r.First[0].Reasons) != 1 {
				t.Errorf("got the reasons %q, want only the e-mail address", r.First[0].Reasons)
			}
			if name == "an unknown id" && len(r.First[0].Reasons) != 2 {
				t.Errorf("got the reasons %q, want both", r.First[0].Reasons)
			}
		})
	}
}

// A line of NDJSON is a patch: what is not there stays, null clears.
func TestNDJSONIsPatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantCounts(t, f.importText(t, "start.csv", startCSV, transfer.Options{}), 2, 0, 0, 0)
	a := f.accounts(t)[0]
	contact := f.addContacts(t, 1)[0]
	text := fmt.Sprintf(`{"id":%d,"description":null,"custom":{"numeric_false":1.10},"contacts":[{"id":%d,"name":"echo"}],"updatedBy":null}`, a.ID, contact)
	wantCounts(t, f.importText(t, "a.ndjson", text, transfer.Options{}), 0, 1, 0, 0)
	got := f.accounts(t)[0]
	if got.Description != nil || *got.PrimaryEmail != "one@example.com" || fmt.Sprint(got.Custom) != "map[numeric_false:1.10 text_false:x]" || len(got.Contacts) != 1 || got.Contacts[0].ID != contact {
		t.Errorf("%+v", got)
	}
	wantCounts(t, f.importText(t, "a.ndjson", `{"id":null,"title":"x","address":["y"]}`, transfer.Options{}), 0, 0, 0, 1)
}

func TestNewOptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	options := func() string {
		properties, err := f.store.Properties(t.Context(), f.actor.CompanyID)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(properties[8].Options, "|")
	}
	before := options()
	// The last row is rejected, so its option must not stay.
	text := "title,address,custom.dropdown_false,primaryEmail\nA,1 St,Silver,\nB,2 St,SILVER,\nC,3 St,Tin,nobody\n"
	wantCounts(t, f.importText(t, "a.csv", text, transfer.Options{}), 0, 0, 0, 3)
	if options() != before {
		t.Errorf("options were added: %s", options())
	}
	wantCounts(t, f.importText(t, "b.csv", text, transfer.Options{AllowNewOptions: true}), 2, 0, 0, 1)
	if got := options(); got != before+"|Silver" {
		t.Errorf("options %s", got)
	}
	if got := f.accounts(t)[1].Custom["dropdown_false"]; got != "Silver" {
		t.Errorf("got %v, want the option as it is spelled", got)
	}
}

// The history says who imported, and rows of other companies are out of reach.
func TestActorAndCompany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantCounts(t, f.importText(t, "start.csv", startCSV, transfer.Options{}), 2, 0, 0, 0)
	mine, id := state(f.accounts(t)), f.accounts(t)[0].ID
	entries, err := f.store.Changes(t.Context(), f.actor.CompanyID, 0, 10)
	if err != nil || len(entries) != 2 || entries[0].Email != "sunrise@example.com" || entries[0].UserID != f.actor.User.ID {
		t.Errorf("%+v %v", entries, err)
	}
	other := *f
	other.addCompany(t, "Harbor")
	wantCounts(t, other.importText(t, "theirs.csv", fmt.Sprintf("id,title\n%d,Stolen\n", id), transfer.Options{}), 0, 0, 0, 1)
	wantCounts(t, other.importText(t, "start.csv", startCSV, transfer.Options{}), 2, 0, 0, 0)
	if got := state(f.accounts(t)); got != mine {
		t.Errorf("got %s, want %s", got, mine)
	}
}

// One address links all rows of a file to one contact, which is listed with the first of
// them.
func TestOneContactOfManyRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const rows = contact.AccountsListed + 1
	text := "title,address,primaryEmail\n" + strings.Repeat("One,1 Main St,one@example.com\n", rows)
	wantCounts(t, f.importText(t, "a.csv", text, transfer.Options{MatchBy: account.MatchNone}), rows, 0, 0, 0)
	list, err := f.Contacts.List(t.Context(), f.actor, contact.Query{Words: []string{"one@example.com"}, Page: query.Page{Limit: 10}})
	if err != nil || len(list) != 1 || list[0].AccountCount != rows || len(list[0].Accounts) != contact.AccountsListed {
		t.Errorf("got %+v, %v", list, err)
	}
}
