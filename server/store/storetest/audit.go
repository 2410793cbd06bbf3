package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/store"
)

var auditTests = tests{"Audit": testAudit}

// entryOf is an entry with all that one can have.
func (f *fixture) entryOf(action audit.Action) audit.Entry {
	return audit.Entry{
		CompanyID: f.company.ID, At: start, By: audit.Actor{UserID: f.ada.ID, KeyID: 7, Email: f.ada.Email}, Action: action,
		Subject: audit.Subject{ID: 9, Name: "acc_123456"}, Details: map[string]any{"scope": "read", "after": map[string]any{"n": json.Number("1.5"), "list": []any{"a", nil}}},
	}
}

// note adds an entry, and returns it as reads should.
func (f *fixture) note(t *testing.T, e audit.Entry) audit.Entry {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddAudit(ctx, &e) })
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	return e
}

func (f *fixture) wantAudit(t *testing.T, companyID, after int64, action audit.Action, limit int, want ...audit.Entry) {
	t.Helper()
	got, err := f.store.Audit(t.Context(), companyID, after, action, limit)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, append([]audit.Entry{}, want...))
}

func testAudit(t *testing.T, f *fixture) {
	f.wantAudit(t, f.company.ID, 0, "", 10)
	first := f.note(t, f.entryOf(audit.KeyCreated))
	second := f.note(t, audit.Entry{CompanyID: f.company.ID, At: start.Add(time.Second), Action: audit.LoginFailed})
	stranger := f.note(t, audit.Entry{CompanyID: f.other.ID, At: start, Action: audit.KeyCreated})
	undone := errors.New("undone")
	lost := f.entryOf(audit.KeyRevoked)
	if err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return errors.Join(tx.AddAudit(ctx, &lost), undone) }); !errors.Is(err, undone) {
		t.Errorf("got %v", err)
	}
	if err := f.store.Rehearse(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.AddAudit(ctx, &lost) }); err != nil {
		t.Error(err)
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		err := tx.Isolate(ctx, func(ctx context.Context) error { return errors.Join(tx.AddAudit(ctx, &lost), undone) })
		if !errors.Is(err, undone) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	third := f.note(t, f.entryOf(audit.KeyCreated))
	if first.Sequence != 1 || second.Sequence != 2 || third.Sequence != 3 || stranger.Sequence != 1 {
		t.Errorf("sequences %d, %d, %d; of another company %d", first.Sequence, second.Sequence, third.Sequence, stranger.Sequence)
	}
	f.wantAudit(t, f.company.ID, 0, "", 10, first, second, third)
	f.wantAudit(t, f.company.ID, 0, "", 2, first, second)
	f.wantAudit(t, f.company.ID, 1, "", 10, second, third)
	f.wantAudit(t, f.company.ID, 0, audit.KeyCreated, 10, first, third)
	f.wantAudit(t, f.company.ID, 1, audit.KeyCreated, 10, third)
	f.wantAudit(t, f.company.ID, 3, "", 10)
	f.wantAudit(t, f.other.ID, 0, "", 10, stranger)
	for company, want := range map[int64]int64{f.company.ID: 3, f.other.ID: 1, 1 << 40: 0} {
		if last, err := f.store.LastAudit(t.Context(), company); err != nil || last != want {
			t.Errorf("company %d: the last is %d, %v; want %d", company, last, err, want)
		}
	}
	f.wantAuditInOrder(t, third.Sequence)
}

// wantAuditInOrder has many add entries at once, and one follow: no entry comes late.
func (f *fixture) wantAuditInOrder(t *testing.T, after int64) {
	const writers, each = 8, 10
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				e := f.entryOf(audit.PropertyUpdated)
				if err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.AddAudit(ctx, &e) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := after
	for end := time.Now().Add(30 * time.Second); next < after+writers*each && time.Now().Before(end); {
		entries, err := f.store.Audit(t.Context(), f.company.ID, next, "", 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Sequence != next+1 {
				t.Fatalf("entry %d follows %d", e.Sequence, next)
			}
			next = e.Sequence
		}
	}
	group.Wait()
	if next != after+writers*each {
		t.Errorf("the follower has come to %d", next)
	}
}
