package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

var sampleProperties = []account.Property{
	{Name: "Roof type", Type: account.PropertyDropdown, Options: []string{"Tile", "Metal", "Shingle"}},
	{Name: "Stage", Type: account.PropertyDropdown, Options: []string{"Lead", "Proposal", "Installed"}},
	{Name: "Interests", Type: account.PropertyDropdown, Multiple: true, Options: []string{"Solar", "Battery", "Heat pump"}},
	{Name: "System size kW", Type: account.PropertyNumeric},
	{Name: "Installed on", Type: account.PropertyDate},
	{Name: "Monitored", Type: account.PropertyBoolean},
	{Name: "Gate code", Type: account.PropertyText},
}

var sampleContacts = []account.Contact{
	{Name: "Jo Park", Title: "Facility manager", Emails: []string{"jo.park@sunrise.example"}, Phones: []string{"+14155550143"}},
	{Name: "Lee Chan", Title: "Owner", Emails: []string{"lee@harborcafe.example"}, Phones: []string{"+18315550117"}},
	{Name: "Priya Nair", Emails: []string{"priya.nair@mail.example"}, Phones: []string{"+15105550162"}},
	{Name: "Tom Okafor", Emails: []string{"tom.okafor@mail.example"}},
	{Name: "Rosa Delgado", Title: "Board member", Phones: []string{"+17075550134"}},
}

// sampleAccount is an account of the sample company. contacts are positions in
// sampleContacts.
type sampleAccount struct {
	title, description, address, email, phone string
	kind                                      account.Type
	value                                     float64
	custom                                    map[string]any
	contacts                                  []int
}

var sampleAccounts = []sampleAccount{
	{
		title: "Sunrise Solar", description: "Flagship rooftop, shown to new customers.", address: "120 Mission Street, San Francisco, CA 94105",
		email: "office@sunrise.example", phone: "(415) 555-0142", kind: account.TypeCommercial, value: 184000, contacts: []int{0},
		custom: map[string]any{"roof_type": "Tile", "stage": "Installed", "system_size_kw": json.Number("86.40"), "installed_on": "2026-04-17", "monitored": true},
	},
	{
		title: "Harbor Cafe", description: "Wants to open the terrace before June.", address: "5 Pier Road, Monterey, CA 93940",
		email: "hello@harborcafe.example", phone: "(831) 555-0117", kind: account.TypeCommercial, value: 41250.5, contacts: []int{1, 0},
		custom: map[string]any{"roof_type": "Metal", "stage": "Proposal", "interests": []any{"Solar", "Battery"}},
	},
	{
		title: "Nair Residence", address: "77 Alder Court, Oakland, CA 94611", email: "priya.nair@mail.example", phone: "(510) 555-0162",
		kind: account.TypeResidential, contacts: []int{2},
		custom: map[string]any{"roof_type": "Shingle", "stage": "Installed", "system_size_kw": json.Number("7.2"), "installed_on": "2025-10-03", "monitored": false, "gate_code": "4711#"},
	},
	{
		title: "Okafor Residence", address: "1901 Cedar Lane, Sacramento, CA 95818", email: "tom.okafor@mail.example",
		kind: account.TypeResidential, contacts: []int{3},
		custom: map[string]any{"stage": "Lead", "interests": []any{"Heat pump"}},
	},
	{
		title: "Valley View Cooperative", description: "Decides on the first Tuesday of the month.", address: "300 Vineyard Way, Napa, CA 94558",
		phone: "(707) 555-0134", kind: account.TypeCommercial, value: 96000, contacts: []int{4},
		custom: map[string]any{"roof_type": "Metal", "stage": "Proposal", "system_size_kw": json.Number("42")},
	},
}

// addSampleData fills a new company with properties, contacts and accounts. The
// accounts are made as a caller of the API would make them.
func addSampleData(ctx context.Context, store account.Store, service *account.Service, actor account.Actor) error {
	for _, p := range sampleProperties {
		p.CompanyID = actor.CompanyID
		if _, err := service.CreateProperty(ctx, p); err != nil {
			return fmt.Errorf("sample property %s: %w", p.Name, err)
		}
	}
	contacts := make([]account.Contact, len(sampleContacts))
	err := store.Write(ctx, func(ctx context.Context, tx account.Tx) error {
		copy(contacts, sampleContacts)
		for i := range contacts {
			contacts[i].CompanyID = actor.CompanyID
			contacts[i].CreatedAt = time.Now()
			contacts[i].UpdatedAt = contacts[i].CreatedAt
			if err := tx.InsertContact(ctx, &contacts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sample contacts: %w", err)
	}
	for _, a := range sampleAccounts {
		if _, err := service.Create(ctx, actor, account.CreateRequest{Patch: a.patch(contacts), MatchBy: account.MatchNone}); err != nil {
			return fmt.Errorf("sample account %s: %w", a.title, err)
		}
	}
	return nil
}

func (a sampleAccount) patch(contacts []account.Contact) account.Patch {
	ids := make([]int64, len(a.contacts))
	for i, position := range a.contacts {
		ids[i] = contacts[position].ID
	}
	patch := account.Patch{
		Title:    account.Set(a.title),
		Address:  account.Set([]string{a.address}),
		Type:     account.Set(a.kind),
		Custom:   account.Set(a.custom),
		Contacts: account.Set(ids),
	}
	if a.description != "" {
		patch.Description = account.Set(a.description)
	}
	if a.email != "" {
		patch.PrimaryEmail = account.Set(a.email)
	}
	if a.phone != "" {
		patch.PrimaryPhone = account.Set(a.phone)
	}
	if a.value != 0 {
		patch.Value = account.Set(a.value)
	}
	return patch
}
