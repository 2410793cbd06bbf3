package feed_test

import (
	"context"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/feed"
	"github.com/accountsd/accountsd/server/identity"
)

// slow has a change, but its first read takes longer than its reader waits.
type slow struct{ reads int }

func (*slow) LastChange(context.Context, int64) (int64, error) { return 0, nil }

func (s *slow) Changes(ctx context.Context, _ identity.Actor, _ int64, _ int) ([]account.HistoryEntry, error) {
	if s.reads++; s.reads == 1 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []account.HistoryEntry{{Sequence: 1}}, nil
}

// Who gave a read up reads again, and does not wait for the next change.
func TestReadThatIsGivenUp(t *testing.T) {
	t.Parallel()
	s := &slow{}
	r := feed.New(s, s).Follow(identity.Actor{CompanyID: 1})
	defer r.Close()
	for i, wait := range []time.Duration{time.Millisecond, time.Minute} {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		entries, err := r.Next(ctx, 0, 10)
		cancel()
		if err != nil || len(entries) != i {
			t.Errorf("%d entries, %v, want %d", len(entries), err, i)
		}
	}
}
