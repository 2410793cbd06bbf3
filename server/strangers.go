package server

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
)

// maxStrangers is of how many addresses is remembered what they have sent. Beyond,
// all are forgotten: whoever has so many addresses is not stopped by counting them.
const maxStrangers = 50_000

// strangers counts what addresses send without a valid key.
type strangers struct {
	perMinute int // 0: no limit

	mu    sync.Mutex
	known map[string]*rate.Limiter
}

func newStrangers(perMinute int) *strangers {
	return &strangers{perMinute: perMinute, known: make(map[string]*rate.Limiter)}
}

// count counts a request without a valid key.
func (s *strangers) count(address string, now time.Time) {
	if s.perMinute == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.known[address]
	if limiter == nil {
		if len(s.known) >= maxStrangers {
			clear(s.known)
		}
		limiter = rate.NewLimiter(rate.Limit(float64(s.perMinute)/60), s.perMinute)
		s.known[address] = limiter
	}
	limiter.AllowN(now, 1)
}

// wait is how long an address has to wait until it may send another one.
func (s *strangers) wait(address string, now time.Time) time.Duration {
	if s.perMinute == 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.known[address]
	if limiter == nil {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	return max(0, time.Duration(missing*float64(time.Minute)/float64(s.perMinute)))
}

// refuseStranger returns why a request is not even looked at: its address has sent
// too many without a valid key. Keys that were valid a moment ago go on, so that one
// who guesses does not end what others at the same address do.
func (s *Server) refuseStranger(r *http.Request, token string) error {
	wait := s.strangers.wait(remoteAddress(r), s.config.Clock())
	if wait == 0 || s.Keys.Remembers(token) {
		return nil
	}
	return &problem{
		status:     http.StatusTooManyRequests,
		code:       api.ProblemCodeRateLimitExceeded,
		detail:     fmt.Sprintf("this address has sent more than %s without a valid key in a minute; try again in %s s", plural.Of(s.config.AddressLimit, "request", "requests"), seconds(wait)),
		retryAfter: seconds(wait),
	}
}

// admitStranger counts a request of an operation that asks for no key, and refuses it
// as one without a valid key.
func (s *Server) admitStranger(c *gin.Context) {
	if err := s.refuseStranger(c.Request, ""); err != nil {
		s.fail(c, err)
		return
	}
	s.strangers.count(remoteAddress(c.Request), s.config.Clock())
}

// limitRequests answers at once what comes while too much is under way, so that the
// rest is answered in time. Who asks whether the server is well is always answered.
func (s *Server) limitRequests(c *gin.Context) {
	defer s.requests.Add(-1)
	path := c.Request.URL.Path
	if under := s.requests.Add(1); s.config.MaxRequests == 0 || under <= s.config.MaxRequests || path == "/healthz" || path == "/readyz" {
		c.Next()
		return
	}
	s.fail(c, errBusy)
}

// errBusy is of a request that found too many others under way.
var errBusy = &problem{
	status:     http.StatusServiceUnavailable,
	code:       api.ProblemCodeUnavailable,
	detail:     "the server is busy with other requests; nothing was written, try again",
	retryAfter: retryAfter,
}
