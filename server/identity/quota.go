package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/server/write"
)

// A server takes a share of the calls that a key has left on a day, and counts them
// by itself, so that not each call is a write. The shares get smaller towards the
// end, where each is one call.
const (
	shareOfLeft = 100
	maxShare    = 100
)

// Quota is what a key may do on a day.
type Quota struct {
	Taken int64 // calls that the caller may let pass without asking again
	Left  int64 // calls that nobody has taken
}

// TakeQuota takes some of the calls that the actor's key has left on a day, so that
// all servers together let no more than limit of them pass. It takes none if there
// are none. Those that were taken are used, also if the server ends before.
func (s *Keys) TakeQuota(ctx context.Context, actor Actor, day time.Time, limit int64) (Quota, error) {
	quota, err := write.Run(ctx, s.store, write.Mode[Quota]{}, func(ctx context.Context, tx Tx) (Quota, error) {
		used, err := tx.AddKeyCalls(ctx, actor.CompanyID, actor.KeyID, day, 0)
		if err != nil || used >= limit {
			return Quota{}, err
		}
		left := limit - used
		q := Quota{Taken: min(max(left/shareOfLeft, 1), maxShare)}
		q.Left = left - q.Taken
		_, err = tx.AddKeyCalls(ctx, actor.CompanyID, actor.KeyID, day, q.Taken)
		return q, err
	})
	if err != nil {
		return Quota{}, fmt.Errorf("count calls of the key: %w", err)
	}
	return quota, nil
}
