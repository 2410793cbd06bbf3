package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
)

// sampleEvent is what one user did at a time.
type sampleEvent struct {
	at time.Time
	do func(ctx context.Context, actor identity.Actor) error
}

// addHistory adds the other accounts, and has the users work on them.
func (s *sampler) addHistory(ctx context.Context) error {
	people := s.pairs(s.words.Words.First, s.words.Words.Last)
	businesses := s.pairs(s.words.Words.Places, s.words.Words.Businesses)
	begin := s.now
	var events []sampleEvent
	for i := range sampleAccounts - len(s.words.Accounts) {
		// The last one is a week old.
		at := begin.Add(time.Hour + (sampleTime-7*24*time.Hour)*time.Duration(i)/sampleAccounts)
		events = append(events, s.lifeOf(i, at, people[i], businesses[i])...)
	}
	slices.SortStableFunc(events, func(a, b sampleEvent) int { return a.at.Compare(b.at) })
	for _, event := range events {
		s.now = event.at
		if err := event.do(ctx, pick(s, s.actors)); err != nil {
			return err
		}
	}
	return nil
}

// lifeOf is what happens to one account, from its beginning on.
func (s *sampler) lifeOf(i int, at time.Time, person, business string) []sampleEvent {
	var id int64
	body, contact := s.newAccount(i, person, business)
	events := []sampleEvent{{at, func(ctx context.Context, actor identity.Actor) error {
		contactID, err := s.addContact(ctx, actor, contact)
		if err != nil {
			return err
		}
		body["contacts"] = []any{json.Number(fmt.Sprint(contactID))}
		id, err = s.addAccount(ctx, actor, s.Accounts.Parse(body))
		return err
	}}}
	for _, change := range s.changesOf(i, at) {
		at = at.Add(time.Duration(4+s.random.IntN(40)) * time.Hour)
		events = append(events, sampleEvent{at, func(ctx context.Context, actor identity.Actor) error {
			_, err := s.Accounts.Update(ctx, actor, account.UpdateRequest{ID: id, Patch: s.Accounts.Parse(change)})
			return err
		}})
	}
	return events
}

// newAccount returns the bodies of a new account and of its contact.
func (s *sampler) newAccount(i int, person, business string) (body, contact map[string]any) {
	words := s.words.Words
	town := words.Towns[i%len(words.Towns)]
	phone := fmt.Sprintf("+1%s55501%02d", town.Area, 20+i/len(words.Towns))
	email := emailName(person, ".") + "@mail.example"
	body = map[string]any{
		"title":       person + " Residence",
		"accountType": "RESIDENTIAL",
		"address": []any{fmt.Sprintf("%d %s %s, %s, CA %s", 10+s.random.IntN(1990), pick(s, words.Places), pick(s, words.Streets),
			town.Name, town.Zip)},
		"primaryPhone": phone,
		"custom":       map[string]any{"stage": "Lead", "interests": []any{pick(s, []string{"Solar", "Battery", "Heat pump"})}},
	}
	if i%5 < 2 {
		body["title"], body["accountType"] = business, "COMMERCIAL"
		body["value"] = json.Number(fmt.Sprint(5000 + 250*s.random.IntN(600)))
		email = emailName(person, ".") + "@" + emailName(business, "") + ".example"
	}
	if i%4 != 3 {
		body["primaryEmail"] = email
	}
	if i%3 == 0 {
		body["description"] = pick(s, words.Notes)
	}
	return body, map[string]any{"name": person, "emails": []any{email}, "phones": []any{phone}}
}

// changesOf are the bodies of the changes to an account after its first: it gets a
// roof and an offer, it is built or given up, and some end in the archive.
func (s *sampler) changesOf(i int, at time.Time) []map[string]any {
	custom := func(members map[string]any) map[string]any { return map[string]any{"custom": members} }
	changes := []map[string]any{
		custom(map[string]any{"roof_type": pick(s, []string{"Tile", "Metal", "Shingle"}), "stage": "Proposal"}),
		custom(map[string]any{
			"stage": "Installed", "system_size_kw": json.Number(fmt.Sprintf("%d.%d", 3+s.random.IntN(60), s.random.IntN(10))),
			"installed_on": at.AddDate(0, 0, 5).Format(time.DateOnly), "monitored": s.random.IntN(2) == 0,
		}),
	}[:i%3]
	if i%12 == 7 {
		changes = append(changes, map[string]any{"isActive": false, "description": "Gone to another installer."})
	}
	return changes
}
