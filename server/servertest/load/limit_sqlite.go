package main

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// limitSchema is the row of an account with what lists need to be in order, and
// its history, as the store had them when this was written.
const limitSchema = `
CREATE TABLE accounts (
	id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL,
	title TEXT NOT NULL, title_fold TEXT NOT NULL, description TEXT, address TEXT NOT NULL, address_fold TEXT NOT NULL,
	is_active INTEGER NOT NULL, primary_email TEXT, primary_phone TEXT, account_type TEXT, value REAL, size REAL,
	custom TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by INTEGER, updated_by INTEGER
) STRICT;
CREATE INDEX accounts_title ON accounts (company_id, title_fold);
CREATE INDEX accounts_phone ON accounts (company_id, primary_phone);
CREATE INDEX accounts_updated ON accounts (company_id, updated_at, id);
CREATE TABLE changes (
	sequence INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, account_id INTEGER NOT NULL, kind TEXT NOT NULL,
	version INTEGER NOT NULL, at INTEGER NOT NULL, user_id INTEGER, key_id INTEGER, email TEXT NOT NULL, fields TEXT NOT NULL
) STRICT;
CREATE INDEX changes_account ON changes (company_id, account_id, sequence);
CREATE TABLE documents (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;`

// limitRows are size accounts in columns to be updated.
const limitRows = `
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO accounts SELECT i, 1, i, 1, 'Customer ' || i || ' Solar and Roofing', 'customer ' || i || ' solar and roofing',
	'Came by referral w12345678 and wants to hear of the next steps by phone.',
	'["' || i || ' Mission Street","San Francisco, CA 94105"]', i || ' mission street' || char(10) || 'san francisco, ca 94105', 1,
	'office' || i || '@customer.example', '+1415555' || (1000 + i %% 9000), 'COMMERCIAL', i %% 50000, i %% 70,
	'{"capacity":' || i || ',"installed_on":"2014-02-07","meter":"M1234567","roof_type":"Tile","route":123}',
	1700000000000 + i, 1700000000000 + i, 1, 1 FROM n;
`

const (
	limitUpdate = `UPDATE accounts SET version = version + 1, title = ?, title_fold = ?, primary_phone = ?, custom = ?, updated_at = ?, updated_by = 1 WHERE id = ? RETURNING version`
	limitChange = `INSERT INTO changes (company_id, account_id, kind, version, at, user_id, key_id, email, fields) VALUES (1, ?, 'update', ?, ?, 1, 1, 'ada@example.com', ?)`
	limitRead   = `SELECT body FROM documents WHERE id = ?`
	limitList   = `SELECT body FROM documents ORDER BY id DESC LIMIT 20`
	limitBack   = `SELECT version, title, primary_phone, custom FROM accounts WHERE id = ?`
)

// open opens a connection with the server's pragmas, and others. The log is
// copied to the file when it has grown to the size that the server's may have.
func open(path string, pragmas ...string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path)
	for _, pragma := range append([]string{"busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 8000"}, pragmas...) {
		if err == nil {
			err = sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil)
		}
	}
	return conn, err
}

func fillLimit(path string, size int) error {
	conn, err := open(path, "cache_size = -64000")
	if err != nil {
		return err
	}
	defer conn.Close()
	return sqlitex.ExecuteScript(conn, limitSchema+fmt.Sprintf(limitRows, size)+insertDocuments, nil)
}

// reader is a connection for reads, with its statements.
type reader struct{ read, list, back query }

// query is a prepared statement.
type query struct{ *sqlite.Stmt }

// rows runs the statement, and calls each with a row.
func (q query) rows(each func(row *sqlite.Stmt), args ...any) error {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			q.BindText(i+1, text)
		} else {
			q.BindInt64(i+1, arg.(int64))
		}
	}
	for {
		found, err := q.Step()
		if err != nil || !found {
			return errors.Join(err, q.Reset())
		}
		each(q.Stmt)
	}
}

// prepare prepares statements on a connection of their own.
func prepare(path string, pragmas []string, texts ...string) ([]query, error) {
	conn, err := open(path, pragmas...)
	if err != nil {
		return nil, err
	}
	var queries []query
	for _, text := range texts {
		statement, err := conn.Prepare(text)
		if err != nil {
			return nil, err
		}
		queries = append(queries, query{statement})
	}
	return queries, nil
}

// limitFile is a limitStore on an SQLite file.
type limitFile struct {
	begin, change, history, commit query
	readers                        chan *reader
}

func openLimitFile(path string) (*limitFile, error) {
	writes, err := prepare(path, []string{"cache_size = -16000"}, "BEGIN IMMEDIATE", limitUpdate, limitChange, "COMMIT")
	if err != nil {
		return nil, err
	}
	f := &limitFile{writes[0], writes[1], writes[2], writes[3], make(chan *reader, limitReaders)}
	for range limitReaders {
		reads, err := prepare(path, []string{"cache_size = -4000", "query_only = 1"}, limitRead, limitList, limitBack)
		if err != nil {
			return nil, err
		}
		f.readers <- &reader{reads[0], reads[1], reads[2]}
	}
	return f, nil
}

func (f *limitFile) write(next func() *update) error {
	err := f.begin.rows(nil)
	for u := next(); u != nil && err == nil; u = next() {
		err = f.change.rows(func(row *sqlite.Stmt) { u.version = row.ColumnInt64(0) }, u.title, u.title, u.phone, u.custom, u.at, u.id)
		if err == nil {
			err = f.history.rows(nil, u.id, u.version, u.at, u.fields)
		}
	}
	if err == nil {
		err = f.commit.rows(nil)
	}
	return err
}

func (f *limitFile) read(id int64) (text string, err error) {
	err = f.look(func(r *reader) error {
		return r.read.rows(func(row *sqlite.Stmt) { text = row.ColumnText(0) }, id)
	})
	return text, err
}

func (f *limitFile) list() (texts []string, err error) {
	err = f.look(func(r *reader) error {
		return r.list.rows(func(row *sqlite.Stmt) { texts = append(texts, row.ColumnText(0)) })
	})
	return texts, err
}

func (f *limitFile) back(id int64) (u update, err error) {
	err = f.look(func(r *reader) error {
		return r.back.rows(func(row *sqlite.Stmt) {
			u = update{version: row.ColumnInt64(0), title: row.ColumnText(1), phone: row.ColumnText(2), custom: row.ColumnText(3)}
		}, id)
	})
	return u, err
}

func (f *limitFile) look(do func(*reader) error) error {
	r := <-f.readers
	defer func() { f.readers <- r }()
	return do(r)
}
