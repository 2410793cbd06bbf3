package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limitGroup is the most updates of one commit, limitReaders the connections for
// reads.
const (
	limitGroup   = 256
	limitReaders = 4
)

// insertDocuments adds the accounts as the JSON to be read.
const insertDocuments = `
INSERT INTO documents SELECT id, '{"id":' || id || ',"number":' || number || ',"title":"' || title || '","description":"' || description ||
	'","address":' || address || ',"isActive":true,"primaryEmail":"' || primary_email || '","primaryPhone":"' || primary_phone ||
	'","accountType":"COMMERCIAL","value":1234,"size":56,"custom":' || custom || ',"createdAt":"2026-11-24T16:05:12.300Z","updatedAt":"2026-11-24T16:05:12.300Z",' ||
	'"createdBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"},"updatedBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"}}' FROM accounts`

// update is one that waits for its commit.
type update struct {
	id, at, version                         int64
	title, phone, custom, key, fields, body string
	done                                    chan error
}

// limitStore is where the limit program keeps rows and their history.
type limitStore interface {
	// write commits the updates that next returns, until it returns nil, together.
	write(next func() *update) error
	read(id int64) (string, error) // a row as JSON
	list() ([]string, error)       // twenty of them
	back(id int64) (update, error) // what an update wrote
}

// limit is the program that ratios are made to.
type limit struct {
	store   limitStore
	updates chan *update
}

// runLimit serves a file or a database at an address until it is killed.
func runLimit(db, addr string) (err error) {
	l := &limit{updates: make(chan *update, limitGroup)}
	if isURL(db) {
		l.store, err = openLimitDatabase(db)
	} else {
		l.store, err = openLimitFile(db)
	}
	if err != nil {
		return err
	}
	go l.write()
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /v1/accounts/{id}", l.patch)
	mux.HandleFunc("GET /v1/accounts/{id}", l.get)
	mux.HandleFunc("GET /v1/accounts", l.list)
	mux.HandleFunc("GET /v1/written/{id}", l.written)
	return http.ListenAndServe(addr, mux)
}

// write commits the updates that wait, together. With one client each has a
// commit of its own.
func (l *limit) write() {
	for first := range l.updates {
		group := []*update{first}
		taken := 0
		err := l.store.write(func() *update {
			if taken == len(group) {
				select {
				case next := <-l.updates:
					group = append(group, next)
				default:
					return nil
				}
			}
			taken++
			return group[taken-1]
		})
		for _, u := range group {
			u.done <- err
		}
	}
}

func (l *limit) patch(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	var body struct {
		Title, PrimaryPhone string
		Custom              struct{ Capacity int }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u := &update{id: id, at: time.Now().UnixMilli(), title: body.Title, phone: body.PrimaryPhone, done: make(chan error, 1)}
	u.custom = fmt.Sprintf(`{"capacity":%d,"installed_on":"2014-02-07","meter":"M1234567","roof_type":"Tile","route":123}`, body.Custom.Capacity)
	u.key = fmt.Sprintf("n%010d", body.Custom.Capacity)
	u.fields = fmt.Sprintf(`{"custom.capacity":{"before":%d,"after":%[1]d},"primaryPhone":{"before":%q,"after":%[2]q},"title":{"before":%q,"after":%[3]q}}`,
		body.Custom.Capacity, u.phone, u.title)
	u.body = fmt.Sprintf(`{"id":%d,"number":%[1]d,"title":%q,"description":"Came by referral w12345678 and wants to hear of the next steps by phone.","address":["1 Mission Street","San Francisco, CA 94105"],`+
		`"isActive":true,"primaryEmail":"office1@customer.example","primaryPhone":%q,"accountType":"COMMERCIAL","value":1234,"size":56,"custom":%s,`+
		`"createdAt":"2026-11-24T16:05:12.300Z","updatedAt":"2026-11-24T16:05:12.300Z","createdBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"},`+
		`"updatedBy":{"id":1,"firstName":"","lastName":"","email":"ada@example.com"}}`, u.id, u.title, u.phone, u.custom)
	l.updates <- u
	err := <-u.done
	w.Header().Set("ETag", fmt.Sprintf(`"%d-%d"`, id, u.version))
	l.answer(w, err, u.body)
}

func (l *limit) get(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	text, err := l.store.read(id)
	l.answer(w, err, text)
}

func (l *limit) list(w http.ResponseWriter, _ *http.Request) {
	texts, err := l.store.list()
	l.answer(w, err, "["+strings.Join(texts, ",")+"]")
}

// written answers with what an update of an account wrote.
func (l *limit) written(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	u, err := l.store.back(id)
	w.Header().Set("ETag", fmt.Sprintf(`"%d-%d"`, id, u.version))
	l.answer(w, err, fmt.Sprintf(`{"title":%q,"primaryPhone":%q,"custom":%s}`, u.title, u.phone, u.custom))
}

func (l *limit) answer(w http.ResponseWriter, err error, text string) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, text)
}
