package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// text is a value of a member as JSON; empty for none, as an empty list is none. A zero
// below zero is 0: histories of the first release have some that SQLite did not keep.
func text(value any) string {
	b, err := jsonvalue.Append(nil, value)
	switch json := string(b); {
	case err != nil:
		return fmt.Sprintf("%T", value)
	case json == "null" || json == "[]":
		return ""
	case json == "-0":
		return "0"
	default:
		return json
	}
}

func asNumber(value any) json.Number {
	number, _ := value.(json.Number)
	return number
}

// keyTable is what accounts are found by: keys of their values of properties.
type keyTable struct {
	name   string
	each   func(r records.Reader, ctx context.Context, companyID, after, last int64, take func(accountID, propertyID int64, key string) error) error
	has    func(schema.Property) bool // whether it has the values of a property
	keys   func(r records.Reader, p schema.Property, value any) []string
	remedy string
}

var (
	indexed = keyTable{
		name: "the index of properties", each: records.Reader.EachKey,
		has:    func(p schema.Property) bool { return p.Index == schema.IndexReady },
		keys:   func(r records.Reader, p schema.Property, value any) []string { return r.Cut(p.Keys(value)) },
		remedy: "switch indexed off and on again for the property by PATCH /properties/{keyName}, which makes its index anew",
	}
	unique = keyTable{
		name: "the table of unique values", each: records.Reader.EachUnique,
		has: func(p schema.Property) bool { return p.Unique },
		keys: func(_ records.Reader, p schema.Property, value any) []string {
			if key := p.UniqueKey(value); key != "" {
				return []string{key}
			}
			return nil
		},
		remedy: "switch unique off and on again for the property by PATCH /properties/{keyName}, which makes its keys anew",
	}
)

// checkKeys compares what accounts are found by with the values that they have. A
// database that follows another one gets the keys of unique values at its promotion.
func (p *replay) checkKeys(ctx context.Context, after, last int64) error {
	tables := []keyTable{indexed, unique}
	if p.follows {
		tables = tables[:1]
	}
	for _, t := range tables {
		if err := p.checkTable(ctx, t, after, last); err != nil {
			return err
		}
	}
	return nil
}

func (p *replay) checkTable(ctx context.Context, t keyTable, after, last int64) error {
	found := make(map[int64]map[string]bool)
	err := t.each(p.reader, ctx, p.company.CompanyID, after, last, func(accountID, propertyID int64, key string) error {
		if found[accountID] == nil {
			found[accountID] = make(map[string]bool)
		}
		found[accountID][keyName(propertyID, key)] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(p.accounts)) {
		p.compareKeys(t, p.accounts[id], found[id])
		delete(found, id)
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		p.state = state{id: id}
		p.faultAt(0, t.remedy, "%s has keys of an account that is not there", t.name)
	}
	return nil
}

func keyName(propertyID int64, key string) string { return fmt.Sprintf("%d %s", propertyID, key) }

func (p *replay) compareKeys(t keyTable, a *records.CheckedAccount, found map[string]bool) {
	for _, property := range p.properties {
		if !t.has(property) {
			continue
		}
		want := make(map[string]bool)
		for _, key := range t.keys(p.reader, property, a.Custom[property.Key]) {
			want[keyName(property.ID, key)] = true
		}
		of := maps.Clone(found)
		maps.DeleteFunc(of, func(key string, _ bool) bool { return !strings.HasPrefix(key, keyName(property.ID, "")) })
		if !maps.Equal(want, of) {
			p.state = state{id: a.ID}
			p.faultAt(0, t.remedy, "the account is not found by its value of %s, or by another one", property.Key)
		}
	}
}

// checkContacts compares what contacts are found by with what they have.
func (r *run) checkContacts(ctx context.Context, company records.Head) error {
	for after, more := int64(math.MinInt64), true; more; {
		contacts, err := r.reader.CheckedContacts(ctx, company.CompanyID, after, atOnce)
		if err != nil {
			return err
		}
		for _, c := range contacts {
			after = c.ID
			if !maps.Equal(c.Want, c.Found) {
				c.Wrong = append(c.Wrong, "it is found by other e-mail addresses and phone numbers than it has")
			}
			if c.Wrong != nil {
				r.found(Fault{CompanyID: company.CompanyID, Remedy: rewrite, Problem: fmt.Sprintf("contact %d: %s", c.ID, strings.Join(c.Wrong, ", "))})
			}
		}
		r.result.Contacts += int64(len(contacts))
		r.Progress(People, r.result.Contacts, r.result.Contacts)
		more = len(contacts) == atOnce
	}
	return nil
}

// checkLinks finds links to what is not there.
func (r *run) checkLinks(ctx context.Context) error {
	return r.reader.LostLinks(ctx, func(companyID, accountID, contactID int64) error {
		r.found(Fault{CompanyID: companyID, AccountID: accountID, Remedy: Restore,
			Problem: fmt.Sprintf("the link to contact %d is not between an account and a contact of the company", contactID)})
		return nil
	})
}

// checkCounters finds ids that would be given out again. A database that follows another
// one gives out none, and gets its counters at its promotion.
func (r *run) checkCounters(ctx context.Context, tables []copying.Table, counters map[string]int64) error {
	if r.follows {
		return nil
	}
	columns := map[string]string{"changes": "account_id"} // accounts that are gone, too
	for _, t := range tables {
		if slices.Contains(t.ColumnNames(), "id") && slices.Equal(t.Key[max(0, len(t.Key)-1):], []string{"id"}) {
			columns[t.Name] = "id"
		}
	}
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		counter := table
		if table == "changes" {
			counter = "accounts"
		}
		highest := db.Statement{Thing: table, Text: fmt.Sprintf(`SELECT coalesce(max(%s), 0) FROM %s`, columns[table], table)}
		id, err := r.reader.Session.Number(ctx, highest)
		if err != nil {
			return err
		}
		if last := counters[counter]; id > last {
			r.found(Fault{Remedy: Restore, Problem: fmt.Sprintf("an id of the table %s is %d, but ids are counted only up to %d: the next one may be given out twice", table, id, last)})
		}
	}
	return nil
}

// disagreements are what tables cannot say of a company beside each other.
var disagreements = []struct {
	problem string
	db.Statement
}{
	{"there is history of a company that is not there", db.Statement{Thing: "history", Text: `SELECT DISTINCT h.company_id FROM changes h WHERE NOT EXISTS (SELECT 1 FROM companies c WHERE c.id = h.company_id)`}},
	{"a webhook has delivered more than there is in the history", db.Statement{Thing: "webhooks", Text: `SELECT DISTINCT w.company_id FROM webhooks w JOIN companies c ON c.id = w.company_id WHERE w.position > c.last_sequence`}},
	{"there is an API key of a user of another company", db.Statement{Thing: "keys", Text: `SELECT DISTINCT k.company_id FROM api_keys k JOIN users u ON u.id = k.user_id WHERE u.company_id <> k.company_id`}},
	{"the audit log has not all entries up to the sequence that the company has counted, or more", db.Statement{Thing: "audit log", Text: `SELECT c.id FROM companies c
WHERE c.last_audit <> (SELECT count(*) FROM audit a WHERE a.company_id = c.id) OR c.last_audit <> (SELECT coalesce(max(sequence), 0) FROM audit a WHERE a.company_id = c.id)`}},
}

// checkOwners finds records that are not the company's whose they say they are, and
// counts that do not fit.
func (r *run) checkOwners(ctx context.Context) error {
	for _, s := range disagreements {
		ids, err := db.Collect(ctx, r.reader.Session, s.Statement, nil, db.Scan[int64])
		if err != nil {
			return err
		}
		for _, id := range ids {
			r.found(Fault{CompanyID: id, Problem: s.problem, Remedy: Restore})
		}
	}
	return nil
}
