package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// limitDocuments are the accounts of a filled database as the JSON to be read.
const limitDocuments = `CREATE TABLE documents (id bigint PRIMARY KEY, body text NOT NULL);` + insertDocuments

// limitWrite writes a group with its history in one statement: the rows that the server
// writes, in its own tables with all their indexes, and checks nothing.
const limitWrite = `WITH rows AS (
	SELECT *, lower(title) AS fold, translate(phone, '+', '') AS digits
	FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]) WITH ORDINALITY AS r (id, title, phone, custom, key, fields, at, place)
), updated AS (
	UPDATE accounts a SET version = a.version + 1, title = r.title, title_fold = fold, primary_phone = r.phone, custom = r.custom, updated_at = r.at, updated_by = 1
	FROM rows r WHERE a.company_id = 1 AND a.id = r.id RETURNING a.id, a.version
), counted AS (
	UPDATE companies SET last_sequence = last_sequence + cardinality($1::bigint[]) WHERE id = 1 RETURNING last_sequence
), entered AS (
	INSERT INTO changes (company_id, sequence, account_id, kind, version, at, user_id, key_id, email, fields, hash)
	SELECT 1, last_sequence - cardinality($1::bigint[]) + r.place, r.id, 'update', u.version, r.at, 1, 1, 'ada@example.com', r.fields, sha256(r.fields::bytea)
	FROM rows r JOIN updated u USING (id), counted
), keyed AS (
	UPDATE custom_index x SET key = r.key FROM rows r
	WHERE x.company_id = 1 AND x.property_id = (SELECT id FROM properties WHERE company_id = 1 AND key = 'capacity') AND x.account_id = r.id
), texts AS (
	UPDATE search_texts t SET text = fold || substr(words, strpos(words, U&'\001E')) FROM rows r
	WHERE t.company_id = 1 AND t.kind = 'accounts' AND t.record_id = r.id
), parts AS (
	INSERT INTO search_parts (company_id, kind, record_id, places, text) SELECT 1, 'accounts', id, 0, fold || U&'\001E' || digits FROM rows
	ON CONFLICT (company_id, kind, record_id, places) DO UPDATE SET text = excluded.text
)
SELECT id, version FROM updated`

// makeDocuments adds to a filled database what the limit program reads.
func makeDocuments(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, limitDocuments)
	return err
}

// limitDatabase is a limitStore on PostgreSQL.
type limitDatabase struct{ pool *pgxpool.Pool }

func openLimitDatabase(url string) (*limitDatabase, error) {
	pool, err := pgxpool.New(context.Background(), url)
	return &limitDatabase{pool}, err
}

func (d *limitDatabase) write(next func() *update) error {
	byID := make(map[int64]*update)
	var ids, at []int64
	var titles, phones, customs, keys, fields []string
	for u := next(); u != nil; u = next() {
		byID[u.id] = u
		ids, at = append(ids, u.id), append(at, u.at)
		titles, phones, customs = append(titles, u.title), append(phones, u.phone), append(customs, u.custom)
		keys, fields = append(keys, u.key), append(fields, u.fields)
		if len(ids) == limitGroup {
			break
		}
	}
	rows, err := d.pool.Query(context.Background(), limitWrite, ids, titles, phones, customs, keys, fields, at)
	if err != nil {
		return err
	}
	var id, version int64
	_, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error {
		byID[id].version = version
		return nil
	})
	return err
}

func (d *limitDatabase) read(id int64) (text string, err error) {
	err = d.pool.QueryRow(context.Background(), `SELECT body FROM documents WHERE id = $1`, id).Scan(&text)
	return text, err
}

func (d *limitDatabase) list() ([]string, error) {
	rows, err := d.pool.Query(context.Background(), `SELECT body FROM documents ORDER BY id DESC LIMIT 20`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (d *limitDatabase) back(id int64) (u update, err error) {
	row := d.pool.QueryRow(context.Background(), `SELECT version, title, primary_phone, custom FROM accounts WHERE company_id = 1 AND id = $1`, id)
	return u, row.Scan(&u.version, &u.title, &u.phone, &u.custom)
}
