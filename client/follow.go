package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/accountsd/accountsd/gen/api"
)

// How long a request waits for changes.
const (
	followWait = 25 * time.Second // less than what proxies give up after
	maxWait    = time.Minute      // what the server grants
)

// Follow iterates over the changes of all accounts as Changes does, and goes on with
// those that come, as they come, until ctx ends. Where the line breaks or stalls, or the
// server cannot answer, it goes on when that is over. Any other error is the last item:
// ErrGone for a position that is of no use any more.
func (s *Accounts) Follow(ctx context.Context, after string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for failures := 0; ctx.Err() == nil; {
			began := time.Now()
			changes, err := s.AwaitChanges(ctx, after, followWait)
			switch {
			case err == nil:
				failures = 0
				if len(changes) == 0 {
					// In place of a server that does not wait, as one that is stopping.
					rest(ctx, time.Second-time.Since(began))
				}
			case ctx.Err() != nil:
				return
			case !passes(err):
				yield(Change{}, err)
				return
			default:
				rest(ctx, s.c.policy.wait(failures))
				failures++
			}
			for _, change := range changes {
				if !yield(change, nil) {
					return
				}
				after = change.Sequence
			}
		}
	}
}

// passes tells whether an error is over some time. One of a deadline is that of the client's
// timeout: the answer did not come, or not to its end.
func passes(err error) bool {
	return slices.ContainsFunc([]error{ErrUnavailable, ErrRateLimited, errCutOff, context.DeadlineExceeded},
		func(kind error) bool { return errors.Is(err, kind) })
}

// rest waits, or until ctx ends if that is earlier.
func rest(ctx context.Context, wait time.Duration) {
	if !sleep(ctx, wait) {
		<-ctx.Done()
	}
}

// AwaitChanges returns the changes after the one with the Sequence, at most 100. If there
// is none yet it waits for one, in whole seconds up to a minute and half of the client's
// timeout, and returns none if none came. ErrGone for a position that is beyond the last
// change, or before what is kept.
func (s *Accounts) AwaitChanges(ctx context.Context, after string, wait time.Duration) ([]Change, error) {
	params := &api.ListChangesParams{After: optional(after), PageSize: new(maxPageSize), Wait: optional(s.waitTime(wait))}
	page, err := answer[api.ChangeList](s.c.raw.ListChanges(ctx, params))
	if refusesWait(err) {
		// A server of the first release does not know how to.
		if params.Wait = nil; !sleep(ctx, min(wait, time.Second)) {
			return nil, failed(ctx)
		}
		page, err = answer[api.ChangeList](s.c.raw.ListChanges(ctx, params))
	}
	if err != nil {
		return nil, err
	}
	return page.Changes, nil
}

// waitTime is a wait as the server takes it; empty for none.
func (s *Accounts) waitTime(wait time.Duration) string {
	if s.c.timeout > 0 {
		wait = min(wait, s.c.timeout/2)
	}
	if wait < time.Second {
		return ""
	}
	return fmt.Sprintf("%ds", min(wait, maxWait)/time.Second)
}

func refusesWait(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && errors.Is(err, ErrInvalid) && slices.ContainsFunc(e.Fields, func(f FieldError) bool { return f.Field == "wait" })
}

// failed is the error of a call whose context has ended, or is about to.
func failed(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		err = context.DeadlineExceeded
	}
	return &Error{Message: err.Error(), Err: err}
}
