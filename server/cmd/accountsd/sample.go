package main

import (
	"context"
	_ "embed" // for sampleBodies
	"fmt"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// sampleBodies is what a caller of the API would send to make the records of the
// sample company, but that an account names its contacts by their places in the
// list, from 1.
//
//go:embed sample.json
var sampleBodies []byte

// addSampleData fills a new company with properties, contacts and accounts.
func addSampleData(ctx context.Context, services server.Services, actor identity.Actor) error {
	value, _, err := jsonvalue.Decode(sampleBodies)
	if err != nil {
		return fmt.Errorf("sample data: %w", err)
	}
	bodies := value.(map[string]any)
	for _, body := range bodies["properties"].([]any) {
		if _, err := services.Properties.Create(ctx, actor, property.ParseNew(body), write.Mode[schema.Property]{}); err != nil {
			return fmt.Errorf("sample property: %w", err)
		}
	}
	var ids []int64
	for _, body := range bodies["contacts"].([]any) {
		made, err := services.Contacts.Create(ctx, actor, services.Contacts.Parse(body), write.Mode[account.Contact]{})
		if err != nil {
			return fmt.Errorf("sample contact: %w", err)
		}
		ids = append(ids, made.ID)
	}
	for _, body := range bodies["accounts"].([]any) {
		p := services.Accounts.Parse(body)
		for i, place := range p.Contacts.Value {
			p.Contacts.Value[i] = ids[place-1]
		}
		if _, err := services.Accounts.Create(ctx, actor, account.CreateRequest{Patch: p, MatchBy: account.MatchNone}); err != nil {
			return fmt.Errorf("sample account: %w", err)
		}
	}
	return nil
}
