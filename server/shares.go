package server

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
)

// shares are the requests of keys that take a place, of which a single key gets half.
type shares struct {
	most int // 0: no limit

	mu    sync.Mutex
	all   int
	byKey map[int64]int
}

func newShares(most int) *shares { return &shares{most: most, byKey: make(map[int64]int)} }

// half is how many places a key gets.
func (s *shares) half() int { return (s.most + 1) / 2 }

// enter adds a request of a key, if there is a place; half: the key has taken its half.
func (s *shares) enter(keyID int64) (entered, half bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	half = s.most > 0 && s.byKey[keyID] >= s.half()
	if half || s.most > 0 && s.all >= s.most {
		return false, half
	}
	s.all++
	s.byKey[keyID]++
	return true, false
}

// add is enter of a request that had a place before.
func (s *shares) add(keyID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all++
	s.byKey[keyID]++
}

func (s *shares) leave(keyID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.byKey[keyID]--; s.byKey[keyID] == 0 {
		delete(s.byKey, keyID)
	}
}

// limitShare refuses a request of a key that has half of what may be under way, so that
// one whose bodies arrive slowly does not keep others out.
func (s *Server) limitShare(c *gin.Context) {
	key := actorOf(c.Request.Context()).KeyID
	if key == 0 {
		return
	}
	if entered, _ := s.keyed.enter(key); !entered {
		s.fail(c, &problem{
			status: http.StatusTooManyRequests, code: api.ProblemCodeRateLimitExceeded, retryAfter: retryAfter,
			detail: fmt.Sprintf("this key has %s under way; let one be answered", plural.Of(s.keyed.half(), "request", "requests")),
		})
		return
	}
	defer s.keyed.leave(key)
	c.Next()
}
