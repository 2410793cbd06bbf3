package main

import (
	"context"
	_ "embed" // for sampleBodies
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// The size of the sample company, and how long it has been at work.
const (
	sampleAccounts = 500
	sampleTime     = 8 * 7 * 24 * time.Hour
)

// sampleBodies is what a caller of the API would send to make the first records
// of the sample company, but that an account names its contacts by their places
// in the list, from 1. Its users and words are those of sampleWords.
//
//go:embed sample.json
var sampleBodies []byte

// sampleWords are what the other records are made of.
type sampleWords struct {
	Accounts []any // written out, which only count here
	Users    []struct{ Email, FirstName, LastName, Key string }
	Words    struct {
		First, Last, Places, Businesses, Streets, Notes []string
		Towns                                           []struct{ Name, Zip, Area string }
	}
}

// sampler fills a company as its users would have done over weeks, by a clock of
// its own. It is the same company each time, but for the days.
type sampler struct {
	server.Services
	tx     store.Tx
	words  sampleWords
	random *rand.Rand
	now    time.Time
	actors []identity.Actor
}

// inside is a store whose writes are parts of one transaction: a sample company
// is made whole or not at all, and waits for the disk once.
type inside struct{ store.Tx }

func (s inside) Ping(context.Context) error { return nil }

func (s inside) Close() error { return nil }

func (s inside) Write(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return fn(ctx, s.Tx)
}

func (s inside) Rehearse(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return errors.New("a sample rehearses nothing")
}

func (s inside) Look(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return fn(ctx, s.Tx)
}

func (s inside) Commit(ctx context.Context, set *account.WriteSet) error { return set.Play(ctx, s.Tx) }

// createSample makes a company with properties, users, contacts and accounts that
// have a history.
func createSample(ctx context.Context, tx store.Tx, company identity.NewCompany) (identity.CreatedCompany, error) {
	s := &sampler{tx: tx, random: rand.New(rand.NewPCG(1, 2)), now: time.Now().Add(-sampleTime)}
	if err := json.Unmarshal(sampleBodies, &s.words); err != nil {
		return identity.CreatedCompany{}, fmt.Errorf("sample data: %w", err)
	}
	s.Services = server.NewServices(inside{tx}, server.ServiceConfig{Region: "US", Clock: func() time.Time { return s.now }})
	created, err := s.Users.CreateCompany(ctx, company)
	if err != nil {
		return created, err
	}
	s.actors = []identity.Actor{created.Actor}
	for _, step := range []func(context.Context) error{s.addUsers, s.addFirst, s.addHistory, s.addAliasUse} {
		if err := step(ctx); err != nil {
			return created, fmt.Errorf("sample data: %w", err)
		}
	}
	return created, nil
}

// addUsers adds the users beside the admin, each with a key.
func (s *sampler) addUsers(ctx context.Context) error {
	company := s.actors[0].CompanyID
	for _, u := range s.words.Users {
		user := identity.User{CompanyID: company, Email: u.Email + "@example.com", FirstName: u.FirstName, LastName: u.LastName, CreatedAt: s.now}
		if err := s.tx.InsertUser(ctx, &user); err != nil {
			return err
		}
		token, err := s.Keys.CreateFor(ctx, user, identity.NewKey{Name: u.Key, Scopes: []identity.Scope{identity.ScopeWrite}})
		if err != nil {
			return err
		}
		key, _, err := s.tx.KeyByHash(ctx, identity.HashToken(token), s.now)
		if err != nil {
			return err
		}
		s.actors = append(s.actors, identity.Actor{CompanyID: company, KeyID: key.ID, Scope: key.Scope, User: user.Ref()})
	}
	return nil
}

// addFirst adds the records that are written out, which the tour is about.
func (s *sampler) addFirst(ctx context.Context) error {
	value, _, err := jsonvalue.Decode(sampleBodies)
	if err != nil {
		return err
	}
	bodies := value.(map[string]any)
	for _, body := range bodies["properties"].([]any) {
		if _, err := s.Properties.Create(ctx, s.actors[0], property.ParseNew(body), write.Mode[schema.Property]{}); err != nil {
			return err
		}
	}
	var ids []int64
	for _, body := range bodies["contacts"].([]any) {
		id, err := s.addContact(ctx, s.actors[0], body)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, body := range bodies["accounts"].([]any) {
		p := s.Accounts.Parse(body)
		for i, place := range p.Contacts.Value {
			p.Contacts.Value[i] = ids[place-1]
		}
		if _, err := s.addAccount(ctx, s.actors[0], p); err != nil {
			return err
		}
	}
	return nil
}

func (s *sampler) addContact(ctx context.Context, actor identity.Actor, body any) (int64, error) {
	made, err := s.Contacts.Create(ctx, actor, s.Contacts.Parse(body), write.Mode[account.Contact]{})
	return made.ID, err
}

func (s *sampler) addAccount(ctx context.Context, actor identity.Actor, p account.Patch) (int64, error) {
	made, err := s.Intake.Create(ctx, actor, intake.CreateRequest{Patch: p, MatchBy: account.MatchNone})
	return made.Account.ID, err
}

// addAliasUse has the first of the other users call the former path every night
// of the last weeks.
func (s *sampler) addAliasUse(ctx context.Context) error {
	actor := s.actors[1]
	var uses []alias.Use
	for days := 24; days > 0; days-- {
		day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -days)
		for operation, calls := range map[string]int64{"GET /v1/accounts": 5, "PATCH /v1/accounts/{accountId}": 12 + int64(days*7%20)} {
			uses = append(uses, alias.Use{
				CompanyID: actor.CompanyID, UserID: actor.User.ID, KeyID: actor.KeyID,
				Operation: operation, UserAgent: "nightly-sync/1.4", Day: day, Calls: calls,
				First: day.Add(3 * time.Hour), Last: day.Add(3*time.Hour + 9*time.Minute),
			})
		}
	}
	return s.tx.AddAliasUse(ctx, uses)
}

func pick[T any](s *sampler, list []T) T { return list[s.random.IntN(len(list))] }

// pairs returns all pairs of two lists' texts, shuffled.
func (s *sampler) pairs(a, b []string) []string {
	var list []string
	for _, x := range a {
		for _, y := range b {
			list = append(list, x+" "+y)
		}
	}
	s.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// emailName is a name as the local part of an address, or as a part of a domain.
func emailName(name, between string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", between))
}
