package postgres

import (
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// encoded is a set as the lists of a group have it: what takes time is done before
// the set waits for its group.
type encoded struct {
	companyID int64
	schema    *int64
	accounts  []int64
	rows      [][]*string // by write
	keys      []encodedKey
	parts     []encodedParts
}

type encodedKey struct {
	property, account int64
	before            *string // the only one before, where key is the only one now
	key               *string // nil: there is none
}

// encodedParts are the parts of an account's text that have changed.
type encodedParts struct {
	account int64
	places  int64     // as bits
	apart   string    // joined
	texts   []*string // of all parts; nil: it has not changed
}

// encode encodes a set of updates.
func (s *Store) encode(set *account.WriteSet) (*encoded, error) {
	e := &encoded{companyID: set.CompanyID, schema: set.Schema}
	for i := range set.Writes {
		w := &set.Writes[i]
		entry, err := records.EntryValues(&w.Entry)
		if err != nil {
			return nil, err
		}
		row, err := engine.Texts(append(records.AccountValues(w.Account), entry...))
		if err != nil {
			return nil, err
		}
		e.rows, e.accounts = append(e.rows, row), append(e.accounts, w.Account.ID)
		for _, k := range w.Keys {
			e.addKeys(w.Account.ID, k.Property.ID, s.Cut(k.Before), s.Cut(k.Keys))
		}
		if parts := records.ChangedParts(&w.Account, w.Changes); len(parts) > 0 {
			e.parts = append(e.parts, encodeParts(w.Account.ID, parts))
		}
	}
	return e, nil
}

// addKeys adds the keys of a property's value. One that takes the place of one is put
// there, which saves what a new row costs: the rows that it refers to are looked up.
func (e *encoded) addKeys(accountID, propertyID int64, before, keys []string) {
	if len(keys) == 0 {
		e.keys = append(e.keys, encodedKey{property: propertyID, account: accountID})
	}
	for _, key := range keys {
		k := encodedKey{property: propertyID, account: accountID, key: new(engine.Text(key))}
		if len(before) == 1 && len(keys) == 1 {
			k.before = new(engine.Text(before[0]))
		}
		e.keys = append(e.keys, k)
	}
}

func encodeParts(accountID int64, parts []records.Part) encodedParts {
	e := encodedParts{account: accountID, texts: make([]*string, len(records.AccountTexts.Columns))}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = engine.Text(joinedPart(part.Text))
		e.texts[part.Place] = &texts[i]
		e.places |= bitOf(part.Place)
	}
	e.apart = strings.Join(texts, parted)
	return e
}

// args are those of the statement for a group of sets.
func (l layout) args(companyID int64, sets []*encoded, name string, at int64) []any {
	var of lists
	columns, parts := make([][]*string, l.columns), make([][]*string, len(records.AccountTexts.Columns))
	for number, e := range sets {
		n := int64(number)
		of.sets, of.schemas = append(of.sets, n), append(of.schemas, e.schema)
		for _, row := range e.rows {
			of.rows = append(of.rows, n)
			for i, value := range row {
				columns[i] = append(columns[i], value)
			}
		}
		for _, k := range e.keys {
			of.keySets, of.properties = append(of.keySets, n), append(of.properties, k.property)
			of.keyAccounts = append(of.keyAccounts, k.account)
			of.before, of.keys = append(of.before, k.before), append(of.keys, k.key)
		}
		for _, p := range e.parts {
			of.partSets, of.partAccounts = append(of.partSets, n), append(of.partAccounts, p.account)
			of.places, of.apart = append(of.places, p.places), append(of.apart, p.apart)
			for i, text := range p.texts {
				parts[i] = append(parts[i], text)
			}
		}
	}
	args := []any{companyID, of.sets, of.schemas, of.rows}
	args = appendAll(args, columns)
	args = append(args, of.keySets, of.properties, of.keyAccounts, of.before, of.keys, of.partSets, of.partAccounts, of.places, of.apart)
	return append(appendAll(args, parts), name, at)
}

func appendAll(args []any, columns [][]*string) []any {
	for _, column := range columns {
		args = append(args, column)
	}
	return args
}

// lists are those of a group beside the columns of its rows.
type lists struct {
	sets, rows, keySets, properties, keyAccounts, partSets, partAccounts, places []int64
	schemas                                                                      []*int64
	before, keys                                                                 []*string
	apart                                                                        []string
}
