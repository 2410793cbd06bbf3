package server

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/identity"
)

// burstFactor is how many seconds' worth of requests may come at once.
const burstFactor = 2

// rateLimits counts the requests of each key: in a second those of this server only,
// in a day (UTC) those of all.
type rateLimits struct {
	perSecond int   // 0: no limit
	perDay    int64 // 0: no limit
	clock     func() time.Time
	quota     takeQuota

	mu   sync.Mutex
	day  time.Time // to which the counts belong
	keys map[int64]*keyUse
}

// takeQuota is Keys.TakeQuota.
type takeQuota func(ctx context.Context, actor identity.Actor, day time.Time, limit int64) (identity.Quota, error)

// keyUse is what one key has used.
type keyUse struct {
	second *rate.Limiter
	day    time.Time

	mu    sync.Mutex // held while quota is taken, so that several requests take it once
	today identity.Quota
	spent bool // no more is left today
}

// budget is what a key may still send under the limit that is nearest.
type budget struct {
	limit, remaining int64
	reset            time.Duration // after which all of it is left again
	period           string
	exceeded         bool
	wait             time.Duration // after which one more request may be sent; only if exceeded
}

func newRateLimits(config Config, quota takeQuota) *rateLimits {
	return &rateLimits{
		perSecond: config.RateLimit, perDay: config.DailyLimit, clock: config.Clock, quota: quota, keys: make(map[int64]*keyUse),
	}
}

// take counts one request of the actor's key, unless that is over a limit. It
// returns nil if there are no limits.
func (l *rateLimits) take(ctx context.Context, actor identity.Actor) (*budget, error) {
	if l.perSecond == 0 && l.perDay == 0 {
		return nil, nil
	}
	now := l.clock().UTC()
	use, second := l.takeSecond(actor.KeyID, now)
	if second != nil && second.exceeded {
		return second, nil
	}
	daily, err := l.daily(ctx, actor, use, now)
	if err != nil || daily == nil || second != nil && !daily.exceeded && second.remaining <= daily.remaining {
		return second, err
	}
	return daily, nil
}

// takeSecond counts one request in its second.
func (l *rateLimits) takeSecond(keyID int64, now time.Time) (*keyUse, *budget) {
	l.mu.Lock()
	defer l.mu.Unlock()
	use := l.use(keyID, now)
	return use, l.second(use, now)
}

// use returns the counts of a key. All of them start over each day.
func (l *rateLimits) use(keyID int64, now time.Time) *keyUse {
	if day := now.Truncate(24 * time.Hour); !day.Equal(l.day) {
		l.day = day
		clear(l.keys)
	}
	use := l.keys[keyID]
	if use == nil {
		use = &keyUse{day: l.day, second: rate.NewLimiter(rate.Limit(l.perSecond), burstFactor*l.perSecond)}
		l.keys[keyID] = use
	}
	return use
}

// daily counts one request in its day.
func (l *rateLimits) daily(ctx context.Context, actor identity.Actor, use *keyUse, now time.Time) (*budget, error) {
	if l.perDay == 0 {
		return nil, nil
	}
	use.mu.Lock()
	defer use.mu.Unlock()
	if use.today.Taken == 0 && !use.spent {
		quota, err := l.quota(ctx, actor, use.day, l.perDay)
		if err != nil {
			return nil, err
		}
		use.today, use.spent = quota, quota.Taken == 0
	}
	untilTomorrow := use.day.Add(24 * time.Hour).Sub(now)
	b := &budget{limit: l.perDay, reset: untilTomorrow, period: "day"}
	if use.spent {
		b.exceeded, b.wait = true, untilTomorrow
		return b, nil
	}
	use.today.Taken--
	b.remaining = use.today.Taken + use.today.Left
	return b, nil
}

func (l *rateLimits) second(use *keyUse, now time.Time) *budget {
	if l.perSecond == 0 {
		return nil
	}
	b := &budget{limit: int64(use.second.Burst()), period: "second"}
	b.exceeded = !use.second.AllowN(now, 1)
	tokens := use.second.TokensAt(now)
	perToken := time.Second / time.Duration(l.perSecond)
	b.remaining = max(0, int64(tokens))
	b.reset = time.Duration((float64(b.limit) - tokens) * float64(perToken))
	b.wait = time.Duration((1 - tokens) * float64(perToken))
	return b
}

// limitRate refuses a request that is over its key's limits, and tells the
// others how much is left.
func (s *Server) limitRate(c *gin.Context) {
	actor := actorOf(c.Request.Context())
	if actor.KeyID == 0 {
		return // Nothing but a key has a limit.
	}
	b, err := s.rates.take(c.Request.Context(), actor)
	if err != nil {
		s.fail(c, err)
		return
	}
	if b == nil {
		return
	}
	c.Header("X-RateLimit-Limit", strconv.FormatInt(b.limit, 10))
	c.Header("X-RateLimit-Remaining", strconv.FormatInt(b.remaining, 10))
	c.Header("X-RateLimit-Reset", seconds(b.reset))
	if !b.exceeded {
		return
	}
	allowed := s.rates.perDay
	if b.period == "second" {
		allowed = int64(s.rates.perSecond)
	}
	s.fail(c, &problem{
		status:     http.StatusTooManyRequests,
		code:       api.ProblemCodeRateLimitExceeded,
		detail:     fmt.Sprintf("this key may send %s per %s; try again in %s s", plural.Of(allowed, "request", "requests"), b.period, seconds(b.wait)),
		retryAfter: seconds(b.wait),
	})
}

// seconds writes a time in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}
