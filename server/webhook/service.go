package webhook

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/gen/signature"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// Service is what admins do with webhooks.
type Service struct {
	store   Store
	clock   write.Clock
	courier Courier
}

// NewService returns a service over the store, whose tests the courier carries.
func NewService(store Store, clock write.Clock, courier Courier) *Service {
	return &Service{store: store, clock: clock, courier: courier}
}

// List returns the company's webhooks in the order of their ids.
func (s *Service) List(ctx context.Context, actor identity.Actor) ([]Webhook, error) {
	webhooks, err := s.store.Webhooks(ctx, actor.CompanyID)
	if err != nil {
		return nil, err
	}
	return webhooks, s.measure(ctx, actor.CompanyID, webhooks)
}

// Get returns one of them. KindNotFound.
func (s *Service) Get(ctx context.Context, actor identity.Actor, id int64) (Webhook, error) {
	w, err := s.store.Webhook(ctx, actor.CompanyID, id)
	if err != nil {
		return w, err
	}
	return s.measured(ctx, w)
}

// measure sets how far webhooks are behind, and forgets former secrets that are over.
func (s *Service) measure(ctx context.Context, companyID int64, webhooks []Webhook) error {
	last, err := s.store.LastChange(ctx, companyID)
	now := s.clock.Now()
	for i := range webhooks {
		w := &webhooks[i]
		w.Behind = max(0, last-w.Position)
		if !w.FormerUntil.After(now) {
			w.FormerSecret, w.FormerUntil = "", time.Time{}
		}
	}
	return err
}

func (s *Service) measured(ctx context.Context, w Webhook) (Webhook, error) {
	one := []Webhook{w}
	err := s.measure(ctx, w.CompanyID, one)
	return one[0], err
}

// Create adds a webhook. Errors: KindInvalid with every offence; KindConflict if the
// company has as many as it may.
func (s *Service) Create(ctx context.Context, actor identity.Actor, n New) (Webhook, error) {
	w := Webhook{CompanyID: actor.CompanyID, Secret: signature.NewSecret(), Kinds: account.ChangeKinds, Members: []string{}}
	n.applyTo(&w)
	err := s.run(ctx, n.Found, func(ctx context.Context, tx Tx) error {
		others, err := tx.WebhooksForUpdate(ctx, actor.CompanyID)
		if err != nil {
			return err
		}
		last, err := tx.LastChange(ctx, actor.CompanyID)
		if err != nil {
			return err
		}
		w.CreatedAt = s.clock.Now()
		w.UpdatedAt, w.Position = w.CreatedAt, last
		if n.After.IsSet() {
			w.Position = n.After.Value
		}
		offences := append(n.Found, checkPosition(w.Position, last)...)
		if err := s.check(ctx, tx, w, n.Settings, offences); err != nil {
			return err
		}
		if len(others) >= MaxWebhooks {
			return fault.Errorf(fault.KindConflict, "the company has %d webhooks, and may have no more; delete one", MaxWebhooks)
		}
		if err := tx.InsertWebhook(ctx, &w); err != nil {
			return err
		}
		return s.note(ctx, tx, actor, audit.WebhookCreated, w, map[string]any{"url": w.URL})
	})
	if err != nil {
		return Webhook{}, err
	}
	return s.measured(ctx, w)
}

// Update changes a webhook. Errors: KindNotFound; KindInvalid with every offence.
func (s *Service) Update(ctx context.Context, actor identity.Actor, id int64, p Patch) (Webhook, error) {
	return s.change(ctx, actor, id, p.Found, func(ctx context.Context, tx Tx, w *Webhook) error {
		echo := patch.Applier{Offences: slices.Clip(p.Found)}
		echo.CheckID("webhook", p.ID, w.ID)
		changes := p.applyTo(w)
		if err := s.check(ctx, tx, *w, p.Settings, echo.Offences); err != nil {
			return err
		}
		if _, moved := changes["url"]; moved {
			w.retry()
		}
		if p.State.IsSet() {
			w.setState(p.State.Value, s.clock.Now(), changes)
		}
		if len(changes) == 0 {
			return nil
		}
		return s.save(ctx, tx, actor, audit.WebhookUpdated, w, changes)
	})
}

// RotateSecret gives a webhook another secret. KindNotFound.
func (s *Service) RotateSecret(ctx context.Context, actor identity.Actor, id int64, r Rotation) (Webhook, error) {
	return s.change(ctx, actor, id, r.Found, func(ctx context.Context, tx Tx, w *Webhook) error {
		if err := fault.Invalid(r.Found); err != nil {
			return err
		}
		w.FormerSecret, w.FormerUntil = "", time.Time{}
		if r.KeepFormerHours > 0 {
			w.FormerSecret, w.FormerUntil = w.Secret, s.clock.Now().Add(time.Duration(r.KeepFormerHours)*time.Hour)
		}
		w.Secret = signature.NewSecret()
		return s.save(ctx, tx, actor, audit.WebhookSecretRotated, w, map[string]any{"keepFormerHours": r.KeepFormerHours})
	})
}

// Replay has a webhook go on after another change. Errors: KindNotFound; KindInvalid for
// a sequence beyond the last.
func (s *Service) Replay(ctx context.Context, actor identity.Actor, id int64, r Replay) (Webhook, error) {
	return s.change(ctx, actor, id, r.Found, func(ctx context.Context, tx Tx, w *Webhook) error {
		last, err := tx.LastChange(ctx, actor.CompanyID)
		if err != nil {
			return err
		}
		if err := fault.Invalid(append(r.Found, checkPosition(r.After, last)...)); err != nil {
			return err
		}
		w.Progress = Progress{Position: r.After, Ahead: []int64{}}
		if err := tx.MoveWebhook(ctx, *w); err != nil {
			return err
		}
		return s.note(ctx, tx, actor, audit.WebhookReplayed, *w, map[string]any{"after": fmt.Sprintf("%019d", r.After)})
	})
}

// Delete removes a webhook for good. KindNotFound.
func (s *Service) Delete(ctx context.Context, actor identity.Actor, id int64) error {
	return write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		w, err := tx.WebhookForUpdate(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteWebhook(ctx, w.CompanyID, w.ID); err != nil {
			return err
		}
		return s.note(ctx, tx, actor, audit.WebhookDeleted, w, map[string]any{"url": w.URL})
	})
}

// Deliveries returns the last deliveries of a webhook, the latest first. KindNotFound.
func (s *Service) Deliveries(ctx context.Context, actor identity.Actor, id int64, limit int) ([]Delivery, error) {
	if _, err := s.store.Webhook(ctx, actor.CompanyID, id); err != nil {
		return nil, err
	}
	return s.store.Deliveries(ctx, actor.CompanyID, id, limit)
}

// run carries out what writes, unless something is wrong with what was sent.
func (s *Service) run(ctx context.Context, found fault.Offences, fn func(ctx context.Context, tx Tx) error) error {
	mode := write.Mode[struct{}]{Unsound: len(found) > 0}
	_, err := write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (struct{}, error) { return struct{}{}, fn(ctx, tx) })
	return err
}

// change changes a webhook by fn, and returns it as it then is.
func (s *Service) change(ctx context.Context, actor identity.Actor, id int64, found fault.Offences, fn func(context.Context, Tx, *Webhook) error) (w Webhook, err error) {
	err = s.run(ctx, found, func(ctx context.Context, tx Tx) error {
		if w, err = tx.WebhookForUpdate(ctx, actor.CompanyID, id); err != nil {
			return err
		}
		return fn(ctx, tx, &w)
	})
	if err != nil {
		return Webhook{}, err
	}
	return s.measured(ctx, w)
}

// save writes a webhook that somebody has changed.
func (s *Service) save(ctx context.Context, tx Tx, actor identity.Actor, action audit.Action, w *Webhook, details map[string]any) error {
	w.UpdatedAt = s.clock.Since(w.UpdatedAt)
	if err := tx.UpdateWebhook(ctx, *w); err != nil {
		return err
	}
	return s.note(ctx, tx, actor, action, *w, details)
}

// note adds to the audit log what was done with a webhook.
func (s *Service) note(ctx context.Context, tx Tx, actor identity.Actor, action audit.Action, w Webhook, details map[string]any) error {
	return audit.Add(ctx, tx, audit.Entry{
		CompanyID: w.CompanyID, At: s.clock.Now(), By: audit.Actor{UserID: actor.User.ID, KeyID: actor.KeyID, Email: actor.User.Email},
		Action: action, Subject: audit.Subject{ID: w.ID, Name: hostOf(w.URL)}, Details: details,
	})
}

// hostOf is the host of a URL: the rest of it may hold secrets of the receiver's.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host[:min(len(u.Host), 255)]
}

// applyTo sets what was sent, and returns what has changed.
func (p *Settings) applyTo(w *Webhook) (changes map[string]any) {
	changes = make(map[string]any)
	setText(changes, "url", &w.URL, p.URL)
	setText(changes, "description", &w.Description, p.Description)
	setList(changes, "kinds", &w.Kinds, p.Kinds)
	members := p.Members
	members.Value = append([]string{}, members.Value...) // an empty list rather than none
	slices.Sort(members.Value)
	members.Value = slices.Compact(members.Value)
	setList(changes, "members", &w.Members, members)
	return changes
}

func setText(changes map[string]any, name string, to *string, sent patch.Field[string]) {
	if sent.IsAbsent() || sent.Value == *to {
		return
	}
	changes[name] = map[string]any{"before": *to, "after": sent.Value}
	*to = sent.Value
}

func setList[T ~string](changes map[string]any, name string, to *[]T, sent patch.Field[[]T]) {
	if sent.IsAbsent() || slices.Equal(sent.Value, *to) {
		return
	}
	changes[name] = map[string]any{"before": fault.Join(*to), "after": fault.Join(sent.Value)}
	*to = sent.Value
}

// check returns all that is wrong with what was sent.
func (s *Service) check(ctx context.Context, tx Tx, w Webhook, sent Settings, found fault.Offences) error {
	if sent.URL.IsSet() {
		if wrong := s.courier.Network().Offence(w.URL); wrong != "" {
			found.Add([]string{"url"}, "%s", wrong)
		}
	}
	if sent.Members.IsSet() {
		if err := checkMembers(ctx, tx, w.CompanyID, sent.Members.Value, &found); err != nil {
			return err
		}
	}
	return fault.Invalid(found)
}

// checkMembers notes the names of members that there are not.
func checkMembers(ctx context.Context, tx Tx, companyID int64, names []string, found *fault.Offences) error {
	if len(names) == 0 {
		return nil
	}
	properties, err := tx.Properties(ctx, companyID)
	if err != nil {
		return err
	}
	known := account.RecordedNames()
	for _, p := range properties {
		known = append(known, account.CustomPrefix+p.Key)
	}
	for i, name := range names {
		if !slices.Contains(known, name) {
			found.Add([]string{"members", strconv.Itoa(i)}, "must be the name of a member that changes; got %s%s", fault.Quote(name), fault.DidYouMean(name, known))
		}
	}
	return nil
}

// checkPosition returns an offence of a sequence beyond the last.
func checkPosition(after, last int64) (found fault.Offences) {
	if after > last {
		found.Add([]string{"after"}, "must not be beyond the last change, %019d", last)
	}
	return found
}
