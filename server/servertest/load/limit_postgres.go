package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The rows of the limit program in PostgreSQL: those of limitSchema, and the company
// that the entries of history are counted on.
const limitTables = `
CREATE TABLE companies (id bigint PRIMARY KEY, last_sequence bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO companies VALUES (1, 0);
CREATE TABLE accounts (
	company_id bigint NOT NULL, id bigint NOT NULL, number bigint NOT NULL, version bigint NOT NULL,
	title text COLLATE "C" NOT NULL, title_fold text COLLATE "C" NOT NULL, description text, address text NOT NULL, address_fold text NOT NULL,
	is_active boolean NOT NULL, primary_email text, primary_phone text COLLATE "C", account_type text, value double precision, size double precision,
	custom text NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, created_by bigint, updated_by bigint,
	PRIMARY KEY (company_id, id)
) WITH (fillfactor = 80);
CREATE TABLE changes (
	company_id bigint NOT NULL, sequence bigint NOT NULL, account_id bigint NOT NULL, kind text NOT NULL, version bigint NOT NULL,
	at bigint NOT NULL, user_id bigint, key_id bigint, email text NOT NULL, fields text NOT NULL, PRIMARY KEY (company_id, sequence)
);
CREATE TABLE documents (id bigint PRIMARY KEY, body text NOT NULL);`

const limitIndexes = `
CREATE INDEX accounts_title ON accounts (company_id, title_fold);
CREATE INDEX accounts_phone ON accounts (company_id, primary_phone);
CREATE INDEX accounts_updated ON accounts (company_id, updated_at, id);
CREATE INDEX changes_account ON changes (company_id, account_id, sequence);`

const limitInserts = `
INSERT INTO accounts SELECT 1, i, i, 1, 'Customer ' || i || ' Solar and Roofing', 'customer ' || i || ' solar and roofing',
	'Came by referral w12345678 and wants to hear of the next steps by phone.',
	'["' || i || ' Mission Street","San Francisco, CA 94105"]', i || ' mission street' || chr(10) || 'san francisco, ca 94105', true,
	'office' || i || '@customer.example', '+1415555' || (1000 + i % 9000), 'COMMERCIAL', i % 50000, i % 70,
	'{"capacity":' || i || ',"installed_on":"2014-02-07","meter":"M1234567","roof_type":"Tile","route":123}',
	1700000000000 + i, 1700000000000 + i, 1, 1 FROM generate_series(1, $1::bigint) i`

const limitDocuments = `
INSERT INTO documents SELECT id, '{"id":' || id || ',"number":' || number || ',"title":"' || title || '","description":"' || description ||
	'","address":' || address || ',"isActive":true,"primaryEmail":"' || primary_email || '","primaryPhone":"' || primary_phone ||
	'","accountType":"COMMERCIAL","value":1234,"size":56,"custom":' || custom || ',"createdAt":"2026-11-24T16:05:12.300Z","updatedAt":"2026-11-24T16:05:12.300Z",' ||
	'"createdBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"},"updatedBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"}}' FROM accounts`

// limitWrite writes a group and its history, in one statement and checking nothing.
const limitWrite = `WITH rows AS (
	SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) WITH ORDINALITY AS r (id, title, phone, custom, fields, at, place)
), updated AS (
	UPDATE accounts a SET version = a.version + 1, title = r.title, title_fold = r.title, primary_phone = r.phone, custom = r.custom, updated_at = r.at, updated_by = 1
	FROM rows r WHERE a.company_id = 1 AND a.id = r.id RETURNING a.id, a.version
), counted AS (
	UPDATE companies SET last_sequence = last_sequence + cardinality($1::bigint[]) WHERE id = 1 RETURNING last_sequence
), entered AS (
	INSERT INTO changes SELECT 1, last_sequence - cardinality($1::bigint[]) + r.place, r.id, 'update', u.version, r.at, 1, 1, 'ada@example.com', r.fields
	FROM rows r JOIN updated u USING (id), counted
)
SELECT id, version FROM updated`

func fillLimitDatabase(ctx context.Context, url string, size int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, limitTables); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, limitInserts, size); err != nil {
		return err
	}
	for _, text := range []string{limitDocuments, limitIndexes} {
		if _, err := conn.Exec(ctx, text); err != nil {
			return err
		}
	}
	return analyze(ctx, url)
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
	var titles, phones, customs, fields []string
	for u := next(); u != nil; u = next() {
		byID[u.id] = u
		ids, at = append(ids, u.id), append(at, u.at)
		titles, phones, customs, fields = append(titles, u.title), append(phones, u.phone), append(customs, u.custom), append(fields, u.fields)
		if len(ids) == limitGroup {
			break
		}
	}
	rows, err := d.pool.Query(context.Background(), limitWrite, ids, titles, phones, customs, fields, at)
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
