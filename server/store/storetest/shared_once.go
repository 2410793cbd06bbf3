package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// claimed is the mode of a request that must be carried out once. Its answer tells
// which account was made.
func (f *shared) claimed(name string, body byte) write.Mode[intake.CreateResult] {
	return write.Mode[intake.CreateResult]{
		Claim: &write.Claim{ID: write.AnswerID{CompanyID: f.company.ID, KeyID: f.actor.KeyID, Name: name}, Fingerprint: [32]byte{body}, At: start},
		Answer: func(r intake.CreateResult) (write.Answer, error) {
			return write.Answer{Status: 201, Header: map[string]string{}, Body: fmt.Append(nil, r.Account.ID)}, nil
		},
	}
}

// createOnce carries a request out unless it was, and returns its answer, and
// whether that is of an earlier one.
func (f *shared) createOnce(ctx context.Context, s *rooms, mode write.Mode[intake.CreateResult]) (answer write.Answer, replayed bool, err error) {
	_, err = s.intake.Create(ctx, f.actor, intake.CreateRequest{Patch: titled("Once"), MatchBy: account.MatchNone, Mode: mode})
	if replay, ok := errors.AsType[*write.Replay](err); ok {
		return replay.Answer, true, nil
	}
	if err != nil {
		return write.Answer{}, false, err
	}
	return *mode.Claim.Kept, false, nil
}

func (f *shared) wantAccounts(t *testing.T, want int64) {
	t.Helper()
	for i, s := range f.servers {
		if got, err := s.CountAccounts(t.Context(), f.company.ID, account.Query{}); err != nil || got != want {
			t.Errorf("server %d has %d accounts (%v), want %d", i, got, err, want)
		}
	}
}

// A request that comes to several servers at once is carried out by one, and all
// answer it as that one does. Another request under its name is refused by all.
func testSharedOnce(t *testing.T, f *shared) {
	const n = 12
	answers, replays := make([]write.Answer, n), make([]bool, n)
	f.race(t, n, func(s *rooms, i int) (err error) {
		answers[i], replays[i], err = f.createOnce(t.Context(), s, f.claimed("a", 1))
		return err
	})
	carriedOut := 0
	for i, answer := range answers {
		if !replays[i] {
			carriedOut++
		}
		equal(t, answer, answers[0])
	}
	if carriedOut != 1 {
		t.Errorf("it was carried out %d times", carriedOut)
	}
	f.wantAccounts(t, 1)
	for _, err := range f.onBoth(4, func(s *rooms, i int) error {
		_, _, err := f.createOnce(t.Context(), s, f.claimed("a", 2))
		return err
	}) {
		wantKind(t, err, fault.KindConflict)
	}
	f.wantAccounts(t, 1)
	if _, replayed, err := f.createOnce(t.Context(), f.reopened(t), f.claimed("a", 1)); err != nil || !replayed {
		t.Errorf("a server that starts later carries it out: %v", err)
	}
	if _, replayed, err := f.createOnce(t.Context(), f.servers[1], f.claimed("b", 1)); err != nil || replayed {
		t.Errorf("under another name it is not carried out: %v", err)
	}
	f.wantAccounts(t, 2)
}

// While a request is under way on one server, the same one waits on the others. It
// is answered as the first is, and carried out if that fails.
func testOnceWhileUnderWay(t *testing.T, f *shared) {
	failure := errors.New("no")
	for i, c := range []struct {
		outcome  error
		accounts int64
	}{{nil, 1}, {failure, 2}} {
		mode := func() write.Mode[intake.CreateResult] { return f.claimed(fmt.Sprint(i), 1) }
		began, end := make(chan bool, 100), make(chan bool)
		first, second := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := write.Run(t.Context(), f.servers[0].Store, mode(), func(ctx context.Context, tx store.Tx) (r intake.CreateResult, err error) {
				r.Account = f.newAccount("First")
				err = tx.InsertAccount(ctx, &r.Account)
				began <- true
				<-end
				return r, errors.Join(err, c.outcome)
			})
			first <- err
		}()
		<-began
		go func() {
			_, replayed, err := f.createOnce(t.Context(), f.servers[1], mode())
			if err == nil && replayed != (c.outcome == nil) {
				err = fmt.Errorf("replayed: %t", replayed)
			}
			second <- err
		}()
		select {
		case err := <-second:
			t.Errorf("the second was answered before the first: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		close(end)
		// What failed after it had written may run again, and find the second carried out.
		if err := <-first; !errors.Is(err, c.outcome) && !(c.outcome != nil && isReplay(err)) {
			t.Errorf("the first: %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the second, after %v: %v", c.outcome, err)
		}
		f.wantAccounts(t, c.accounts)
	}
}

func isReplay(err error) bool {
	_, ok := errors.AsType[*write.Replay](err)
	return ok
}
