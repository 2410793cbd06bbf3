package fuzz

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
)

// pool is what is known of the records that are there, so that many requests find one.
type pool struct {
	accounts, contacts, users, keys, webhooks []string // ids
	properties                                []property
	sequences                                 []string
	cursors, tags, tokens                     ring
}

// property is the definition of a custom member.
type property struct {
	KeyName, Type string
	IsMultiple    bool
	IsCustom      bool
	Options       []string
}

// ring keeps the last few texts.
type ring struct {
	texts []string
	next  int
}

const ringSize = 30

func (r *ring) add(text string) {
	if len(r.texts) < ringSize {
		r.texts = append(r.texts, text)
		return
	}
	r.texts[r.next%ringSize] = text
	r.next++
}

// record is what is read of any record.
type record struct {
	ID       json.Number
	UserID   json.Number
	Sequence string
	Name     string
}

// readPool reads what records there are.
func (s *sampleServer) readPool() error {
	var lists struct{ Account []property }
	var changes struct{ Changes []record }
	if err := s.ask("GET", "/properties", s.keys["admin"], "", &lists); err != nil {
		return err
	}
	if err := s.ask("GET", "/accounts/changes?page_size=50", s.keys["admin"], "", &changes); err != nil {
		return err
	}
	var hooks struct{ Webhooks []record }
	if err := s.ask("GET", "/webhooks", s.keys["admin"], "", &hooks); err != nil {
		return err
	}
	s.pool.properties, s.pool.sequences, s.pool.webhooks = lists.Account, nil, nil
	for _, w := range hooks.Webhooks {
		s.pool.webhooks = append(s.pool.webhooks, w.ID.String())
	}
	for _, c := range changes.Changes {
		s.pool.sequences = append(s.pool.sequences, c.Sequence)
	}
	for path, ids := range map[string]*[]string{
		"/accounts?include_archived=true&page_size=40": &s.pool.accounts, "/contacts?page_size=40": &s.pool.contacts,
		"/users?page_size=40": &s.pool.users, "/api-keys?page_size=100": &s.pool.keys,
	} {
		var records []record
		if err := s.ask("GET", path, s.keys["admin"], "", &records); err != nil {
			return err
		}
		*ids = nil
		for _, r := range records {
			if r.Name != ownName {
				*ids = append(*ids, r.ID.String())
			}
		}
	}
	return nil
}

var (
	cursorIn = regexp.MustCompile(`[?&]cursor=([^&>]+)`)
	tokenIn  = regexp.MustCompile(`"token":"([^"]+)"`)
)

// learn keeps what later requests can name of an answer.
func (s *sampleServer) learn(r *request, a *answer) {
	if tag := a.header.Get("ETag"); tag != "" {
		s.pool.tags.add(tag)
	}
	for _, found := range cursorIn.FindAllStringSubmatch(fmt.Sprint(a.header["Link"]), 2) {
		if cursor, err := url.QueryUnescape(found[1]); err == nil {
			s.pool.cursors.add(cursor)
		}
	}
	if r.operation.path == "/users" || r.operation.path == "/users/{userId}/invitation" || r.operation.path == "/users/{userId}/password-reset" {
		if found := tokenIn.FindSubmatch(a.body); found != nil {
			s.pool.tokens.add(string(found[1]))
		}
	}
}
