package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
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
	SELECT set, place, {casts}
	FROM unnest($4::bigint[], {values}) WITH ORDINALITY AS r (set, {columns}, place)
), good AS (
	SELECT set FROM sets
	WHERE coalesce(schema = (SELECT schema_version FROM companies WHERE id = $1), true)
		AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.set = sets.set AND NOT EXISTS (
			SELECT 1 FROM accounts a WHERE a.company_id = $1 AND a.id = r.id AND a.version = r.version - 1))
), updated AS (
	UPDATE accounts a SET {sets}
	FROM rows r JOIN good USING (set) WHERE a.company_id = $1 AND a.id = r.id
), head AS (
	SELECT last_sequence, last_hash FROM companies WHERE id = $1
), entries AS (
	SELECT {entries}, entry_hash, row_number() OVER (ORDER BY place) AS nth FROM rows e JOIN good USING (set)
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
	INSERT INTO changes (sequence, hash, {entry})
	SELECT last_sequence + nth, hash, {entries} FROM entries e JOIN chain USING (nth), head
), keyed AS (
	SELECT k.property, k.account, k.before, k.key
	FROM unnest({keys}) AS k (set, property, account, before, key) JOIN good USING (set)
), moved AS (
	UPDATE custom_index x SET key = k.key FROM keyed k
	WHERE x.company_id = $1 AND x.property_id = k.property AND x.key = k.before AND x.account_id = k.account
	RETURNING x.property_id AS property, x.account_id AS account
), others AS (
	SELECT property, account, key FROM keyed k WHERE NOT EXISTS (SELECT 1 FROM moved m WHERE m.property = k.property AND m.account = k.account)
), dropped AS (
	DELETE FROM custom_index x
	USING (SELECT property, account, array_remove(array_agg(key), NULL) AS keys FROM others GROUP BY property, account) k
	WHERE x.company_id = $1 AND x.account_id = k.account AND x.property_id = k.property AND x.key <> ALL (k.keys)
), added AS (
	INSERT INTO custom_index (company_id, property_id, key, account_id)
	SELECT $1, property, key, account FROM others WHERE key IS NOT NULL ON CONFLICT DO NOTHING
), texts AS (
	UPDATE search_texts t SET text = {parts}
	FROM unnest({changed}) AS p (set, account, places, apart, {places}) JOIN good USING (set)
	WHERE t.company_id = $1 AND t.kind = 'accounts' AND t.record_id = p.account
	RETURNING p.account, p.places, p.apart
), apart AS (
	INSERT INTO search_parts (company_id, kind, record_id, places, text) SELECT $1, 'accounts', account, places, apart FROM texts
	ON CONFLICT (company_id, kind, record_id, places) DO UPDATE SET text = excluded.text
), named AS (
	INSERT INTO commits (id, at, members) SELECT {name}, {at}, coalesce(string_agg(set::text, ','), '') FROM good
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
	var casts, columns, sets, entry, entries []string
	add := func(prefix, name string, types map[string]string) error {
		if types[name] == "" {
			return fmt.Errorf("the database has no column %s", name)
		}
		casts, columns = append(casts, prefix+name+"::"+types[name]+" AS "+prefix+name), append(columns, prefix+name)
		return nil
	}
	var err error
	for _, name := range records.AccountColumns() {
		err = errors.Join(err, add("", name, accountTypes))
	}
	for _, name := range records.EntryColumns() {
		err = errors.Join(err, add(entryPrefix, name, changeTypes))
		if name != "sequence" && name != "hash" { // which are known of the good ones only
			entry, entries = append(entry, name), append(entries, "e."+entryPrefix+name)
		}
	}
	for _, name := range records.ChangedColumns() {
		sets = append(sets, name+" = r."+name)
	}
	var parts, places []string
	for i := range records.AccountTexts.Columns {
		place := strconv.Itoa(i + 1)
		places = append(places, "p"+place)
		parts = append(parts, "coalesce(p"+place+", split_part(coalesce(t.text, t.words), '"+parted+"', "+place+"))")
	}
	next := parameters(5)
	words := db.Dialect{
		"casts": commas(casts), "columns": commas(columns), "sets": commas(sets), "entry": commas(entry), "entries": commas(entries),
		"places": commas(places), "parts": db.Word(strings.Join(parts, " || '"+parted+"' || ")),
		"values":  next.lists(slices.Repeat([]string{"text"}, len(columns))...),
		"keys":    next.lists("bigint", "bigint", "bigint", "text", "text"),
		"changed": next.lists(append([]string{"bigint", "bigint", "bigint"}, slices.Repeat([]string{"text"}, 1+len(places))...)...),
		"name":    next.one(), "at": next.one(),
	}
	return layout{text: words.Expand(writeGroup), columns: len(columns)}, err
}

func commas(list []string) func(string) string { return db.Word(strings.Join(list, ", ")) }

// parameters is the number of the next parameter of a statement.
type parameters int

func (p *parameters) one() func(string) string {
	*p++
	return db.Word("$" + strconv.Itoa(int(*p-1)))
}

// lists are as many parameters as types, each a list of the type.
func (p *parameters) lists(types ...string) func(string) string {
	list := make([]string, len(types))
	for i, name := range types {
		list[i] = p.one()("") + "::" + name + "[]"
	}
	return commas(list)
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
