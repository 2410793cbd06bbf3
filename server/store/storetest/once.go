package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// onceTests are the tests of idempotency.
var onceTests = tests{
	"Answers": testAnswers,
}

func (f *fixture) saveAnswer(t *testing.T, a write.Answer, since time.Time) {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.SaveAnswer(ctx, a, since) })
}

func (f *fixture) answer(ctx context.Context, id write.AnswerID, since time.Time) (a write.Answer, err error) {
	err = f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		a, err = tx.Answer(ctx, id, since)
		return err
	})
	return a, err
}

func (f *fixture) wantAnswer(t *testing.T, want write.Answer, since time.Time) {
	t.Helper()
	got, err := f.answer(t.Context(), want.ID, since)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

func testAnswers(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}})
	first := write.Answer{
		ID: write.AnswerID{CompanyID: f.company.ID, KeyID: keys[0].ID, Name: "Order \"7\""}, Fingerprint: [32]byte{7, 31: 9}, Status: 201,
		Header: map[string]string{"Etag": `"1-2"`, "Location": "/v1/accounts/7?x=<&>"},
		Body:   []byte("{\"title\": \"Köln\"}\n\x00\xff"), At: start,
	}
	before := start.Add(-time.Hour)
	f.saveAnswer(t, first, before)
	empty := write.Answer{ID: write.AnswerID{CompanyID: f.company.ID, KeyID: keys[1].ID, Name: first.ID.Name}, Status: 204, Header: map[string]string{}, Body: []byte{}, At: start}
	f.saveAnswer(t, empty, before)
	f.wantAnswer(t, first, before)
	f.wantAnswer(t, first, start) // at that time is since then
	f.wantAnswer(t, empty, before)

	for _, id := range []write.AnswerID{
		{CompanyID: f.company.ID, KeyID: keys[0].ID, Name: "order \"7\""}, {CompanyID: f.company.ID, KeyID: keys[0].ID},
		{CompanyID: f.company.ID, Name: first.ID.Name}, {CompanyID: f.other.ID, KeyID: keys[0].ID, Name: first.ID.Name},
	} {
		_, err := f.answer(t.Context(), id, before)
		wantKind(t, err, fault.KindNotFound)
	}
	_, err := f.answer(t.Context(), first.ID, start.Add(time.Millisecond))
	wantKind(t, err, fault.KindNotFound)

	t.Run("replaced", func(t *testing.T) {
		second := write.Answer{ID: first.ID, Fingerprint: [32]byte{1}, Status: 200, Header: map[string]string{"X": "y"}, Body: []byte("{}"), At: start.Add(time.Hour)}
		f.saveAnswer(t, second, before)
		f.wantAnswer(t, second, before)
		f.wantAnswer(t, empty, before)
	})
	t.Run("not saved", func(t *testing.T) {
		lost := first
		lost.ID.Name = "lost"
		failure := errors.New("changed my mind")
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return errors.Join(tx.SaveAnswer(ctx, lost, before), failure)
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		_, err = f.answer(t.Context(), lost.ID, before)
		wantKind(t, err, fault.KindNotFound)
	})
	t.Run("expired", func(t *testing.T) { f.testExpiredAnswers(t, keys[0].ID) })
	t.Run("once", func(t *testing.T) { f.testAnswerOnce(t, keys[0].ID) })
}

// testExpiredAnswers wants old answers to go as new ones come, and no others.
func (f *fixture) testExpiredAnswers(t *testing.T, keyID int64) {
	const expired = 30
	add := func(name string, at, since time.Time) {
		t.Helper()
		f.saveAnswer(t, write.Answer{ID: write.AnswerID{CompanyID: f.company.ID, KeyID: keyID, Name: name}, Status: 200, At: at}, since)
	}
	old, since := start.Add(-48*time.Hour), start.Add(-24*time.Hour)
	for i := range expired {
		add(fmt.Sprint("old ", i), old.Add(time.Duration(i)), time.Time{})
	}
	add("valid", since, time.Time{})
	for i := range expired {
		add(fmt.Sprint("new ", i), start, since)
	}
	left := 0
	for i := range expired {
		if _, err := f.answer(t.Context(), write.AnswerID{CompanyID: f.company.ID, KeyID: keyID, Name: fmt.Sprint("old ", i)}, time.Time{}); err == nil {
			left++
		}
		if _, err := f.answer(t.Context(), write.AnswerID{CompanyID: f.company.ID, KeyID: keyID, Name: fmt.Sprint("new ", i)}, since); err != nil {
			t.Error(err)
		}
	}
	if left > 0 {
		t.Errorf("%d of %d expired answers are left", left, expired)
	}
	if _, err := f.answer(t.Context(), write.AnswerID{CompanyID: f.company.ID, KeyID: keyID, Name: "valid"}, since); err != nil {
		t.Error(err)
	}
}

// testAnswerOnce has many carry out one request unless it was.
func (f *fixture) testAnswerOnce(t *testing.T, keyID int64) {
	a := write.Answer{ID: write.AnswerID{CompanyID: f.company.ID, KeyID: keyID, Name: "once"}, Status: 201, At: start}
	done := make(chan bool, 8)
	together(t, cap(done), func(int) error {
		carriedOut := false
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			carriedOut = false // fn may run again
			_, err := tx.Answer(ctx, a.ID, start)
			if !fault.IsNotFound(err) {
				return err
			}
			carriedOut = true
			return tx.SaveAnswer(ctx, a, time.Time{})
		})
		done <- carriedOut
		return err
	})
	n := 0
	for range cap(done) {
		if <-done {
			n++
		}
	}
	if n != 1 {
		t.Errorf("carried out %d times, want once", n)
	}
}
