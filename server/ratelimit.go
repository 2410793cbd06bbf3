package server

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/accountsd/accountsd/gen/api"
)

// burstFactor is how many seconds' worth of requests may come at once.
const burstFactor = 2

// rateLimits counts the requests of each key in a second and in a day (UTC). It
// counts those of this process only, and forgets them with it.
type rateLimits struct {
	perSecond int   // 0: no limit
	perDay    int64 // 0: no limit
	clock     func() time.Time

	mu   sync.Mutex
	day  time.Time // to which the counts belong
	keys map[int64]*keyUse
}

// keyUse is what one key has used.
type keyUse struct {
	second *rate.Limiter
	today  int64
}

// budget is what a key may still send under the limit that is nearest.
type budget struct {
	limit, remaining int64
	reset            time.Duration // after which all of it is left again
	period           string
	exceeded         bool
	wait             time.Duration // after which one more request may be sent; only if exceeded
}

func newRateLimits(perSecond int, perDay int64, clock func() time.Time) *rateLimits {
	return &rateLimits{perSecond: perSecond, perDay: perDay, clock: clock, keys: make(map[int64]*keyUse)}
}

// take counts one request of a key, unless that is over a limit. It returns nil
// if there are no limits.
func (l *rateLimits) take(keyID int64) *budget {
	if l.perSecond == 0 && l.perDay == 0 {
		return nil
	}
	now := l.clock().UTC()
	l.mu.Lock()
	defer l.mu.Unlock()
	use := l.use(keyID, now)
	second := l.second(use, now)
	if second != nil && second.exceeded {
		return second
	}
	daily := l.daily(use, now)
	if daily == nil || second != nil && !daily.exceeded && second.remaining <= daily.remaining {
		return second
	}
	return daily
}

// use returns the counts of a key. All of them start over each day.
func (l *rateLimits) use(keyID int64, now time.Time) *keyUse {
	if day := now.Truncate(24 * time.Hour); !day.Equal(l.day) {
		l.day = day
		clear(l.keys)
	}
	use := l.keys[keyID]
	if use == nil {
		use = &keyUse{second: rate.NewLimiter(rate.Limit(l.perSecond), burstFactor*l.perSecond)}
		l.keys[keyID] = use
	}
	return use
}

func (l *rateLimits) daily(use *keyUse, now time.Time) *budget {
	if l.perDay == 0 {
		return nil
	}
	untilTomorrow := l.day.Add(24 * time.Hour).Sub(now)
	b := &budget{limit: l.perDay, reset: untilTomorrow, period: "day"}
	if use.today == l.perDay {
		b.exceeded, b.wait = true, untilTomorrow
		return b
	}
	use.today++
	b.remaining = l.perDay - use.today
	return b
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
	keyID := actorOf(c.Request.Context()).KeyID
	if keyID == 0 {
		return // Nothing but a key has a limit.
	}
	b := s.rates.take(keyID)
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
		detail:     fmt.Sprintf("this key may send %d requests per %s; try again in %s s", allowed, b.period, seconds(b.wait)),
		retryAfter: seconds(b.wait),
	})
}

// seconds writes a time in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}
