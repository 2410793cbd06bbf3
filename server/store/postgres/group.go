package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// A group of sets is written by one statement, with a list for each column of what
// it writes. PostgreSQL takes a fraction of the time for it that it takes for a
// statement for each. A set is written if the schema and all accounts are as it
// expects, which the statement sees for sure: the company is locked. The hashes of the
// entries are made of the digests that come with them, as chained in package records
// makes them: 48 bytes are a sequence, a time and a digest.
const writeGroup = `WITH RECURSIVE sets AS (
	SELECT set, schema FROM unnest($2::bigint[], $3::bigint[]) AS s (set, schema)
), rows AS (
	SELECT set, place, %[1]s
	FROM unnest($4::bigint[], %[2]s) WITH ORDINALITY AS r (set, %[3]s, place)
), good AS (
	SELECT set FROM sets
	WHERE coalesce(schema = (SELECT schema_version FROM companies WHERE id = $1), true)
		AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.set = sets.set AND NOT EXISTS (
			SELECT 1 FROM accounts a WHERE a.company_id = $1 AND a.id = r.id AND a.version = r.version - 1))
), updated AS (
	UPDATE accounts a SET %[4]s
	FROM rows r JOIN good USING (set) WHERE a.company_id = $1 AND a.id = r.id
), head AS (
	SELECT last_sequence, last_hash FROM companies WHERE id = $1
), entries AS (
	SELECT %[6]s, entry_hash, row_number() OVER (ORDER BY place) AS nth FROM rows e JOIN good USING (set)
), links AS (
	SELECT count(*) AS number, string_agg(int8send(last_sequence + nth) || int8send(entry_at) || entry_hash, '' ORDER BY nth) AS bytes
	FROM entries, head
), chain (nth, hash) AS (
	SELECT 0::bigint, last_hash FROM head
	UNION ALL SELECT nth + 1, sha256(hash || substr(bytes, nth::int * 48 + 1, 48)) FROM chain, links WHERE nth < number
), counted AS (
	UPDATE companies SET last_sequence = last_sequence + number, last_hash = hash
	FROM links JOIN chain ON nth = number WHERE id = $1
), entered AS (
	INSERT INTO changes (sequence, hash, %[5]s)
	SELECT last_sequence + nth, hash, %[6]s FROM entries e JOIN chain USING (nth), head
), keyed AS (
	SELECT k.property, k.account, k.key
	FROM unnest(%[7]s::bigint[], %[8]s::bigint[], %[9]s::bigint[], %[10]s::text[]) AS k (set, property, account, key) JOIN good USING (set)
), dropped AS (
	DELETE FROM custom_index x
	USING (SELECT property, account, array_remove(array_agg(key), NULL) AS keys FROM keyed GROUP BY property, account) k
	WHERE x.company_id = $1 AND x.account_id = k.account AND x.property_id = k.property AND x.key <> ALL (k.keys)
), added AS (
	INSERT INTO custom_index (company_id, property_id, key, account_id)
	SELECT $1, property, key, account FROM keyed WHERE key IS NOT NULL ON CONFLICT DO NOTHING
), texts AS (
	INSERT INTO search_texts AS t (company_id, kind, record_id, text)
	SELECT $1, 'accounts', s.record, s.text
	FROM unnest(%[11]s::bigint[], %[12]s::bigint[], %[13]s::text[]) AS s (set, record, text) JOIN good USING (set)
	ON CONFLICT (company_id, kind, record_id) DO UPDATE SET text = excluded.text, indexed = false WHERE t.text <> excluded.text
), named AS (
	INSERT INTO commits (id, at, members) SELECT %[14]s, %[15]s, coalesce(string_agg(set::text, ','), '') FROM good
)
SELECT set FROM good`

// entryPrefix is of the columns of history beside those of accounts.
const entryPrefix = "entry_"

// layout is how the lists of a group are laid out in its statement.
type layout struct {
	text    string
	columns int // of accounts, and behind them those of history
}

// newLayout makes the statement for the columns that there are. Each value comes as
// a text, and is cast to the type that the column has.
func newLayout(accountTypes, changeTypes map[string]string) (layout, error) {
	var casts, params, names, sets, entered, entries []string
	next := 5
	add := func(name, typed string) {
		casts = append(casts, name+"::"+typed+" AS "+name)
		params = append(params, fmt.Sprintf("$%d::text[]", next))
		names = append(names, name)
		next++
	}
	for _, name := range records.AccountColumns() {
		typed, ok := accountTypes[name]
		if !ok {
			return layout{}, fmt.Errorf("accounts has no column %s", name)
		}
		add(name, typed)
	}
	for _, name := range records.ChangedColumns() {
		sets = append(sets, name+" = r."+name)
	}
	for _, name := range records.EntryColumns() {
		typed, ok := changeTypes[name]
		if !ok {
			return layout{}, fmt.Errorf("changes has no column %s", name)
		}
		add(entryPrefix+name, typed)
		if name != "sequence" && name != "hash" { // which are known of the good ones only
			entries, entered = append(entries, name), append(entered, "e."+entryPrefix+name)
		}
	}
	args := []any{
		strings.Join(casts, ", "), strings.Join(params, ", "), strings.Join(names, ", "), strings.Join(sets, ", "),
		strings.Join(entries, ", "), strings.Join(entered, ", "),
	}
	for range 9 {
		args = append(args, "$"+strconv.Itoa(next))
		next++
	}
	return layout{text: fmt.Sprintf(writeGroup, args...), columns: len(names)}, nil
}

// encoded is a set as the lists of a group have it: what takes time is done before
// the set waits for its group.
type encoded struct {
	companyID int64
	schema    *int64
	accounts  []int64
	rows      [][]*string // by write
	keys      []encodedKey
	texts     []encodedText
}

type encodedKey struct {
	property, account int64
	key               *string // nil: there is none
}

type encodedText struct {
	record int64
	text   string
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
			e.addKeys(w.Account.ID, k.Property.ID, s.Cut(k.Keys))
		}
		if records.ChangesText(w.Changes) {
			e.texts = append(e.texts, encodedText{w.Account.ID, engine.Text(joined(records.TextOfAccount(&w.Account)))})
		}
	}
	return e, nil
}

func (e *encoded) addKeys(accountID, propertyID int64, keys []string) {
	if len(keys) == 0 {
		e.keys = append(e.keys, encodedKey{property: propertyID, account: accountID})
	}
	for _, key := range keys {
		key = engine.Text(key)
		e.keys = append(e.keys, encodedKey{property: propertyID, account: accountID, key: &key})
	}
}

// args are those of the statement for a group of sets.
func (l layout) args(companyID int64, sets []*encoded, name string, at int64) []any {
	var of lists
	columns := make([][]*string, l.columns)
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
			of.keyAccounts, of.keys = append(of.keyAccounts, k.account), append(of.keys, k.key)
		}
		for _, t := range e.texts {
			of.textSets, of.records = append(of.textSets, n), append(of.records, t.record)
			of.texts = append(of.texts, t.text)
		}
	}
	args := []any{companyID, of.sets, of.schemas, of.rows}
	for _, column := range columns {
		args = append(args, column)
	}
	return append(args, of.keySets, of.properties, of.keyAccounts, of.keys, of.textSets, of.records, of.texts, name, at)
}

// lists are those of a group beside the columns of its rows.
type lists struct {
	sets, rows, keySets, properties, keyAccounts, textSets, records []int64
	schemas                                                         []*int64
	keys                                                            []*string
	texts                                                           []string
}

var selectTypes = db.Statement{Thing: "schema", Text: `SELECT attname::text, format_type(atttypid, atttypmod)
FROM pg_attribute WHERE attrelid = CAST(CAST(? AS text) AS regclass) AND attnum > 0 AND NOT attisdropped`}

// typesOf returns the types of a table's columns.
func typesOf(ctx context.Context, s db.Session, table string) (map[string]string, error) {
	types := make(map[string]string)
	err := s.Each(ctx, selectTypes, []any{table}, func(row *db.Row) error {
		var name, typed string
		err := row.Scan(&name, &typed)
		types[name] = typed
		return err
	})
	return types, err
}
