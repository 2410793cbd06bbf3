package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/webhook"
)

var webhookTests = tests{
	"Webhooks": testWebhooks, "WebhookSettings": testWebhookSettings, "WebhookLeases": testWebhookLeases,
	"WebhooksDue": testWebhooksDue, "Deliveries": testDeliveries,
}

// newWebhook has all that one can have.
func (f *fixture) newWebhook() webhook.Webhook {
	return webhook.Webhook{
		CompanyID: f.company.ID, URL: "https://hooks.example.com/ü?a=b", Description: "billing", Kinds: account.ChangeKinds, Members: []string{"custom.roof", "title"},
		Secret: "whsec_1", FormerSecret: "whsec_2", FormerUntil: start.Add(time.Hour), PauseReason: webhook.PauseGone, PausedAt: start,
		Progress:  webhook.Progress{Position: 7, Ahead: []int64{9, 12}, Failures: 3, FailingSince: start, NextAttempt: start.Add(time.Minute)},
		CreatedAt: start, UpdatedAt: start.Add(time.Second),
	}
}

// activeWebhook has nothing behind it.
func (f *fixture) activeWebhook() webhook.Webhook {
	w := f.newWebhook()
	w.PauseReason, w.PausedAt, w.Progress = "", time.Time{}, webhook.Progress{Ahead: []int64{}}
	return w
}

func (f *fixture) addWebhook(t *testing.T, w webhook.Webhook) webhook.Webhook {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertWebhook(ctx, &w) })
	return w
}

func refOf(w webhook.Webhook) webhook.Ref { return webhook.Ref{CompanyID: w.CompanyID, ID: w.ID} }

func (f *fixture) wantWebhook(t *testing.T, want webhook.Webhook) {
	t.Helper()
	got, err := f.store.Webhook(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

func testWebhooks(t *testing.T, f *fixture) {
	first, second := f.addWebhook(t, f.newWebhook()), f.addWebhook(t, f.activeWebhook())
	stranger := f.activeWebhook()
	stranger.CompanyID, stranger.Members = f.other.ID, []string{}
	stranger = f.addWebhook(t, stranger)
	f.wantWebhook(t, first)
	for company, want := range map[int64][]webhook.Webhook{f.company.ID: {first, second}, f.other.ID: {stranger}, 1 << 40: {}} {
		got, err := f.store.Webhooks(t.Context(), company)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	}
	_, err := f.store.Webhook(t.Context(), f.other.ID, first.ID)
	wantKind(t, err, fault.KindNotFound)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		wantKind(t, tx.DeleteWebhook(ctx, f.other.ID, first.ID), fault.KindNotFound)
		if err := tx.AddDeliveries(ctx, refOf(first), []webhook.Delivery{{At: start}}); err != nil {
			return err
		}
		return tx.DeleteWebhook(ctx, f.company.ID, first.ID)
	})
	_, err = f.store.Webhook(t.Context(), f.company.ID, first.ID)
	wantKind(t, err, fault.KindNotFound)
	if third := f.addWebhook(t, f.newWebhook()); third.ID <= stranger.ID {
		t.Errorf("the id %d comes again", third.ID)
	}
	standing, err := f.store.WebhookStanding(t.Context())
	if want := (webhook.Standing{Active: 2, Paused: 1}); err != nil || standing != want {
		t.Errorf("got %+v, %v", standing, err)
	}
}

// What an admin writes leaves the position as it is, and a replay the settings.
func testWebhookSettings(t *testing.T, f *fixture) {
	w := f.addWebhook(t, f.newWebhook())
	changed := w
	changed.URL, changed.Description, changed.Kinds, changed.Members = "https://x.example", "", account.ChangeKinds[:1], []string{}
	changed.Secret, changed.FormerSecret, changed.FormerUntil, changed.UpdatedAt = "whsec_3", "", time.Time{}, start.Add(time.Minute)
	changed.PauseReason, changed.PausedAt, changed.Progress = "", time.Time{}, webhook.Progress{Position: 1000, Ahead: []int64{1001}}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.WebhookForUpdate(ctx, w.CompanyID, w.ID); err != nil {
			return err
		}
		return tx.UpdateWebhook(ctx, changed)
	})
	want := changed
	want.Position, want.Ahead = w.Position, w.Ahead
	f.wantWebhook(t, want)
	moved := w
	moved.Progress = webhook.Progress{Position: 2, Ahead: []int64{}}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.MoveWebhook(ctx, moved) })
	want.Progress, want.PauseReason, want.PausedAt = moved.Progress, w.PauseReason, w.PausedAt
	f.wantWebhook(t, want)
	gone := w
	gone.ID++
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		wantKind(t, tx.UpdateWebhook(ctx, gone), fault.KindNotFound)
		wantKind(t, tx.MoveWebhook(ctx, gone), fault.KindNotFound)
		_, err := tx.WebhookForUpdate(ctx, f.other.ID, w.ID)
		wantKind(t, err, fault.KindNotFound)
		return nil
	})
}

// claim takes a lease, or returns why not.
func (f *fixture) claim(t *testing.T, w webhook.Webhook, holder string, now time.Time) error {
	t.Helper()
	return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		got, err := tx.ClaimWebhook(ctx, refOf(w), webhook.Lease{Holder: holder, Until: now.Add(time.Minute)}, now)
		if err == nil && got.URL != w.URL {
			t.Errorf("got %+v", got)
		}
		return err
	})
}

// save stores progress as a holder, or returns why not.
func (f *fixture) save(t *testing.T, w webhook.Webhook, holder string, next webhook.Lease) error {
	t.Helper()
	return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.SaveProgress(ctx, w, holder, next) })
}

// One at a time has the lease, and who has lost it moves nothing.
func testWebhookLeases(t *testing.T, f *fixture) {
	w := f.addWebhook(t, f.activeWebhook())
	must(t, f.claim(t, w, "a", start))
	wantKind(t, f.claim(t, w, "b", start.Add(59*time.Second)), fault.KindNotFound)
	w.Position, w.Ahead = 5, []int64{8}
	must(t, f.save(t, w, "a", webhook.Lease{Holder: "a", Until: start.Add(2 * time.Minute)}))
	wantKind(t, f.claim(t, w, "b", start.Add(61*time.Second)), fault.KindNotFound) // It was made longer.
	must(t, f.claim(t, w, "b", start.Add(2*time.Minute)))                          // The first one has not come back.
	late := w
	late.Position, late.Ahead = 3, []int64{}
	wantKind(t, f.save(t, late, "a", webhook.Lease{}), fault.KindNotFound)
	f.wantWebhook(t, w)
	must(t, f.save(t, w, "b", webhook.Lease{Until: start.Add(time.Hour)})) // It is given back, whatever its time.
	must(t, f.claim(t, w, "c", start.Add(3*time.Minute)))
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateWebhook(ctx, w) })
	wantKind(t, f.save(t, late, "c", webhook.Lease{}), fault.KindNotFound) // An admin has changed it.
	must(t, f.claim(t, w, "d", start.Add(3*time.Minute)))
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.MoveWebhook(ctx, w) })
	wantKind(t, f.save(t, late, "d", webhook.Lease{}), fault.KindNotFound)
	must(t, f.claim(t, w, "e", start.Add(3*time.Minute)))
	w.PauseReason, w.PausedAt = webhook.PauseFailing, start
	must(t, f.save(t, w, "e", webhook.Lease{}))
	wantKind(t, f.claim(t, w, "f", start.Add(time.Hour)), fault.KindNotFound)
	f.wantWebhook(t, w)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Those are due that have something before them and need not wait.
func testWebhooksDue(t *testing.T, f *fixture) {
	entry := account.HistoryEntry{CompanyID: f.company.ID, AccountID: 1, Kind: account.ChangeCreated, Version: 1, At: start}
	for range 3 {
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddHistory(ctx, &entry) })
	}
	add := func(change func(w *webhook.Webhook)) webhook.Webhook {
		w := f.activeWebhook()
		w.Position = 1
		change(&w)
		return f.addWebhook(t, w)
	}
	due := add(func(*webhook.Webhook) {})
	add(func(w *webhook.Webhook) { w.Position = 3 })
	add(func(w *webhook.Webhook) { w.CompanyID = f.other.ID })
	add(func(w *webhook.Webhook) { w.PauseReason, w.PausedAt = webhook.PauseRequested, start })
	waits := add(func(w *webhook.Webhook) { w.Failures, w.NextAttempt = 1, start.Add(time.Second) })
	taken := add(func(*webhook.Webhook) {})
	must(t, f.claim(t, taken, "a", start))
	for at, want := range map[time.Duration][]webhook.Webhook{
		0: {due}, time.Second: {due, waits}, time.Minute: {due, waits, taken},
	} {
		got, err := f.store.DueWebhooks(t.Context(), start.Add(at), 10)
		must(t, err)
		refs := make([]webhook.Ref, len(want))
		for i, w := range want {
			refs[i] = refOf(w)
		}
		equal(t, got, refs)
	}
	if got, err := f.store.DueWebhooks(t.Context(), start.Add(time.Minute), 1); err != nil || len(got) != 1 {
		t.Errorf("%d are due, %v", len(got), err)
	}
	wantKind(t, f.claim(t, waits, "b", start), fault.KindNotFound)
	standing, err := f.store.WebhookStanding(t.Context())
	if want := (webhook.Standing{Active: 5, Failing: 1, Behind: 2}); err != nil || standing != want {
		t.Errorf("got %+v, %v", standing, err)
	}
}

// The last ones are kept, in their order.
func testDeliveries(t *testing.T, f *fixture) {
	w, other := f.addWebhook(t, f.activeWebhook()), f.addWebhook(t, f.activeWebhook())
	var all []webhook.Delivery
	for _, n := range []int{1, 0, 70, 31, 2, 100} {
		added := make([]webhook.Delivery, n)
		for i := range added {
			added[i] = webhook.Delivery{
				MessageID: fmt.Sprint("wh", len(all)+i), Sequence: int64(i), AccountID: 5, At: start.Add(time.Duration(i) * time.Millisecond), Took: 12 * time.Millisecond,
				Answer: webhook.Answer{Status: 503, Failure: webhook.FailedStatus, Text: "später"},
			}
		}
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddDeliveries(ctx, refOf(w), added) })
		all = append(added, all...)
		slices.Reverse(all[:n])
		got, err := f.store.Deliveries(t.Context(), w.CompanyID, w.ID, 1000)
		must(t, err)
		equal(t, got, all[:min(len(all), webhook.KeptDeliveries)])
	}
	if all[0].Number != 204 {
		t.Errorf("the last one has the number %d", all[0].Number)
	}
	got, err := f.store.Deliveries(t.Context(), w.CompanyID, w.ID, 2)
	must(t, err)
	equal(t, got, all[:2])
	for _, none := range []webhook.Ref{refOf(other), {CompanyID: f.other.ID, ID: w.ID}} {
		if got, err := f.store.Deliveries(t.Context(), none.CompanyID, none.ID, 10); err != nil || len(got) != 0 {
			t.Errorf("%v: %v, %v", none, got, err)
		}
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		wantKind(t, tx.AddDeliveries(ctx, webhook.Ref{CompanyID: f.other.ID, ID: w.ID}, []webhook.Delivery{{At: start}}), fault.KindNotFound)
		return nil
	})
}
