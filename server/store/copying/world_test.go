package copying_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	accountsd "github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/webhook"
	"github.com/accountsd/accountsd/server/write"
)

// start is a time to the millisecond.
var start = time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)

// long is a text of as many characters as any can have.
var long = strings.Repeat("Größe 🏠 ", 1250)

// short is a part of it.
var short = strings.Repeat("Größe 🏠 ", 5)

// world is records of all kinds, and values that a database might not keep.
type world struct {
	testing.TB
	accountsd.Services
	store store.Store
	identity.CreatedCompany
}

// fill adds them to a store.
func fill(t testing.TB, s store.Store) {
	t.Helper()
	w := &world{TB: t, store: s, Services: accountsd.NewServices(s, accountsd.ServiceConfig{Clock: func() time.Time { return start }, Region: "US"})}
	for _, name := range []string{"Sunrise", "Harbor"} {
		var err error
		w.CreatedCompany, err = w.Users.CreateCompany(t.Context(), identity.NewCompany{Name: name, Email: "Zoë@" + name + ".example", Password: "a long password 🏠"})
		must(t, err)
		w.addProperties()
		w.addContacts()
		w.addAccounts()
		w.addIdentity()
		w.addAlias()
		w.addWebhook()
	}
	w.addRaw()
}

func (w *world) addProperties() {
	for _, body := range []map[string]any{
		{"name": "Notes", "type": "TEXT", "indexed": true},
		{"name": "Capacity", "type": "NUMERIC", "isMultiple": true},
		{"name": "Solar", "type": "BOOLEAN", "defaultValue": []any{true}},
		{"name": "Built", "type": "DATE"},
		{"name": "Roof type", "type": "DROPDOWN", "options": []any{"Tile", "Métal 🏠"}},
		{"name": "Ext", "type": "TEXT", "unique": true},
		{"name": "Gone", "type": "TEXT", "indexed": true},
	} {
		_, err := w.Properties.Create(w.Context(), w.Actor, property.ParseNew(body), write.Mode[schema.Property]{})
		must(w, err)
	}
	must(w, w.Properties.Delete(w.Context(), w.Actor, "gone", false))
}

func (w *world) addContacts() {
	for _, body := range []map[string]any{
		{"name": "Ana Sílva", "emails": []any{"Ana@Büro.example", "a@b.example"}, "phones": []any{"(415) 555-0142"}, "title": short},
		{"name": "Gone", "emails": []any{"gone@example.com"}},
	} {
		c, err := w.Contacts.Create(w.Context(), w.Actor, w.Contacts.Parse(body), write.Mode[account.Contact]{})
		must(w, err)
		if c.Name == "Gone" {
			must(w, w.Contacts.Delete(w.Context(), w.Actor, c.ID))
		}
	}
}

// addAccounts adds some with all members and the least, one that is archived, one that
// is merged into it, and last one that is deleted: its id and number must not be used
// again.
func (w *world) addAccounts() {
	all := map[string]any{
		"title": "Sunrise 🏠 \ue000 Café", "address": []any{"1 Main St\t\"x\"", "Köln"}, "description": long, "primaryEmail": "Office@Büro.example",
		"primaryPhone": "+49 30 901820", "accountType": "COMMERCIAL", "value": json.Number("0.1"), "size": json.Number("1e-300"),
		"contacts": []any{json.Number("1")},
		"custom": map[string]any{
			"notes": long, "capacity": []any{json.Number("1.10"), json.Number("12345678901234567890.123"), json.Number("-1E+400"), json.Number("1.1")},
			"solar": false, "built": "2026-11-24T10:00:00+05:30", "roof_type": "Thatch", "ext": "Zoë's 🏠",
		},
	}
	bodies := []map[string]any{
		all, {"title": "Least", "address": []any{"x"}}, {"title": "Archived", "address": []any{"x"}, "isActive": false},
		{"title": "Merged", "address": []any{"x"}},
		{"title": "Deleted", "address": []any{"x"}, "custom": map[string]any{"notes": short}},
	}
	for _, body := range bodies {
		if body["contacts"] != nil && w.Company.ID > 1 {
			delete(body, "contacts")
		}
		a, err := w.Intake.Create(w.Context(), w.Actor, intake.CreateRequest{Patch: w.Accounts.Parse(body), MatchBy: account.MatchNone, AllowNewOptions: true})
		must(w, err)
		told := w.Actor
		told.Reason = short
		_, err = w.Accounts.Update(w.Context(), told, account.UpdateRequest{ID: a.Account.ID, Patch: w.Accounts.Parse(map[string]any{"value": json.Number("-12345678901.5")})})
		must(w, err)
		switch body["title"] {
		case "Merged":
			_, err = w.Lineage.Merge(w.Context(), w.Actor, lineage.MergeRequest{ID: a.Account.ID - 1, From: []lineage.MergeSource{{ID: a.Account.ID}}})
			must(w, err)
		case "Deleted":
			must(w, w.Accounts.Delete(w.Context(), w.Actor, account.DeleteRequest{ID: a.Account.ID}))
		}
	}
}

func (w *world) addIdentity() {
	invited, err := w.Users.Invite(w.Context(), w.Actor, identity.NewUser{Email: "lin@example.com", FirstName: "Lin"})
	must(w, err)
	key, err := w.Keys.Create(w.Context(), w.Actor, identity.NewKey{Name: "old", ExpiresAt: start.Add(time.Hour)})
	must(w, err)
	must(w, w.Keys.Revoke(w.Context(), w.Actor, key.Key.ID))
	must(w, w.store.Write(w.Context(), func(ctx context.Context, tx store.Tx) error {
		invited.User.DisabledAt = start
		return tx.UpdateUser(ctx, invited.User)
	}))
}

func (w *world) addAlias() {
	_, err := w.Alias.Notify(w.Context(), w.Actor, w.User.ID, alias.Notice{Message: "We tidy up 🏠"})
	must(w, err)
	_, err = w.Alias.Rehearse(w.Context(), w.Actor, w.User.ID, alias.NewRehearsal{Rehearsal: alias.Rehearsal{Until: start.Add(time.Hour)}})
	must(w, err)
	id, day, key := w.Company.ID, start.Truncate(24*time.Hour), write.AnswerID{}
	must(w, w.store.Write(w.Context(), func(ctx context.Context, tx store.Tx) error {
		keys, err := tx.Keys(ctx, id, w.User.ID, 0, 1)
		if err != nil {
			return err
		}
		key = write.AnswerID{CompanyID: id, KeyID: keys[0].ID, Name: "Order \"7\" 🏠"}
		step := alias.Step{CompanyID: id, UserID: w.User.ID, Kind: alias.StepMigrated, At: start, Forced: true}
		return errors.Join(
			tx.SaveAnswer(ctx, write.Answer{ID: key, Fingerprint: [32]byte{7, 31: 255}, Status: 201, Header: map[string]string{"Etag": `"1-2"`}, Body: []byte("{\"a\": \"Köln\"}\n\x00\xff"), At: start}, start.Add(-time.Hour)),
			failLogin(ctx, tx, identity.KeyHash{9, 31: byte(id)}),
			addCalls(ctx, tx, id, key.KeyID, day),
			tx.AddAliasUse(ctx, []alias.Use{{CompanyID: id, UserID: w.User.ID, KeyID: key.KeyID, Operation: "GET /v1/accounts", UserAgent: "curl 🏠", Day: day, Calls: 1 << 40, Refused: 2, First: start, Last: start}}),
			tx.AddAliasLeniencies(ctx, []alias.Leniency{{CompanyID: id, UserID: w.User.ID, KeyID: key.KeyID, Name: "address", Day: day, Calls: 3, Last: start}}),
			tx.SaveImport(ctx, intake.Import{CompanyID: id, Digest: intake.Digest{1, 31: 255}, Rejects: "Zoë's rows.csv", RejectsSize: 1 << 40}),
			tx.AddAliasStep(ctx, &step),
			tx.InsertMail(ctx, &alias.Mail{CompanyID: id, StepID: step.ID, To: "lin@example.com", Letter: alias.Letter{Subject: "S", Text: long, HTML: "<b>"}, State: alias.MailPending, CreatedAt: start, NextAttempt: start}),
		)
	}))
}

func (w *world) addWebhook() {
	hook := webhook.Webhook{
		CompanyID: w.Company.ID, URL: "https://hooks.example.com/ü", Description: short, Kinds: account.ChangeKinds, Members: []string{"custom.notes", "title"},
		Secret: "whsec_1", FormerSecret: "whsec_2", FormerUntil: start, PauseReason: webhook.PauseGone, PausedAt: start, CreatedAt: start, UpdatedAt: start,
		Progress: webhook.Progress{Position: 2, Ahead: []int64{4, 1 << 40}, Failures: 3, FailingSince: start, NextAttempt: start.Add(time.Hour)},
	}
	must(w, w.store.Write(w.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := tx.InsertWebhook(ctx, &hook); err != nil {
			return err
		}
		sent := webhook.Delivery{MessageID: "wh1-2-3", Sequence: 1 << 40, AccountID: 7, At: start, Took: time.Second, Answer: webhook.Answer{Status: 410, Failure: webhook.FailedStatus, Text: short}}
		return tx.AddDeliveries(ctx, webhook.Ref{CompanyID: hook.CompanyID, ID: hook.ID}, []webhook.Delivery{sent})
	}))
}

// addRaw adds what requests cannot bring, but older programs may have.
func (w *world) addRaw() {
	must(w, w.store.Write(w.Context(), func(ctx context.Context, tx store.Tx) error {
		a := account.Account{CompanyID: w.Company.ID, Version: 1, Title: "a\x00b\ue000\ue0000", Address: []string{"\x00"}, Custom: account.Custom{"notes": "x\x00y"}, CreatedAt: start, UpdatedAt: start}
		if err := tx.InsertAccount(ctx, &a); err != nil {
			return err
		}
		properties, err := tx.Properties(ctx, a.CompanyID)
		if err != nil {
			return err
		}
		return tx.IndexCustom(ctx, properties[0], a.ID, properties[0].Keys("x\x00y"))
	}))
}

// failLogin counts a failed login, with a pause after it.
func failLogin(ctx context.Context, tx store.Tx, key identity.KeyHash) error {
	counted, err := tx.LoginFailuresForUpdate(ctx, []identity.KeyHash{key})
	if err != nil {
		return err
	}
	counted[0].Count, counted[0].Last, counted[0].Until = 3, start, start.Add(time.Minute)
	return tx.SaveLoginFailures(ctx, counted)
}

func addCalls(ctx context.Context, tx store.Tx, companyID, keyID int64, day time.Time) error {
	_, err := tx.AddKeyCalls(ctx, companyID, keyID, day, 7)
	return err
}
