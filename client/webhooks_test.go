package client_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/client/webhook"
	"github.com/accountsd/accountsd/server/servertest"
)

// Webhooks are led by the client, and what they send is what the feed has.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithWebhooks())
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"1 Main Street"}})
	var mu sync.Mutex
	var secret string
	var got []client.Change
	receiver := httptest.NewServer(nil)
	t.Cleanup(receiver.Close)
	hooks := s.Client.Webhooks
	made, err := hooks.Create(t.Context(), client.WebhookCreate{URL: receiver.URL, After: new("0"), Description: "mirror"})
	must(t, err)
	secret = made.Secret
	receiver.Config.Handler = webhook.Handler(func(_ context.Context, e *webhook.Event) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Change)
		return nil
	}, secret)
	id := made.Webhook.ID
	_, err = s.Client.Accounts.Update(t.Context(), account.ID, client.AccountPatch{Title: client.Set("Sunrise Solar")})
	must(t, err)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		w, err := hooks.Get(t.Context(), id)
		must(t, err)
		if w.Behind == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it stays behind: %v", w)
		}
	}
	mu.Lock()
	if len(got) != 2 || got[0].Kind != client.Created || got[1].Fields["title"].After != "Sunrise Solar" {
		t.Errorf("got %v", got)
	}
	mu.Unlock()
	paused, err := hooks.Update(t.Context(), id, client.WebhookPatch{State: new(client.WebhookPaused), Description: client.Clear[string]()})
	must(t, err)
	tested, err := hooks.Test(t.Context(), id)
	must(t, err)
	moved, err := hooks.Replay(t.Context(), id, "0")
	must(t, err)
	rotated, err := hooks.RotateSecret(t.Context(), id, client.WebhookRotation{KeepFormerHours: new(2)})
	must(t, err)
	sent, err := hooks.Deliveries(t.Context(), id)
	must(t, err)
	list, err := hooks.List(t.Context())
	must(t, err)
	if paused.State != client.WebhookPaused || !tested.IsTest || moved.Behind != 2 || rotated.Secret == secret || len(sent) != 3 || len(list) != 1 || list[0].ID != id {
		t.Errorf("%v, %v, %v, %v, %v, %v", paused, tested, moved, rotated, sent, list)
	}
	must(t, hooks.Delete(t.Context(), id))
	if err := hooks.Delete(t.Context(), id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := hooks.Get(t.Context(), 0); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
