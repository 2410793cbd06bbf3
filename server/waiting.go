package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/account"
)

// lastEventHeader is where a stream ended, as browsers say when they connect again.
const lastEventHeader = "Last-Event-ID"

// maxWait is the longest wait that a request may ask for, as openapi.yaml has it.
const maxWait = time.Minute

// sendTime is how long a part of an answer may take to be sent to who has waited for it.
const sendTime = 30 * time.Second

// refuseWaiter says why a request of a key cannot wait for changes beside those that do.
func (s *Server) refuseWaiter(half bool) error {
	if half {
		return &problem{
			status: http.StatusTooManyRequests, code: api.ProblemCodeRateLimitExceeded, retryAfter: "5",
			detail: fmt.Sprintf("this key has %s waiting for changes; let one be answered, or ask without wait", plural.Of(s.waiters.half(), "request", "requests")),
		}
	}
	return &problem{
		status: http.StatusServiceUnavailable, code: api.ProblemCodeUnavailable, retryAfter: "5",
		detail: "too many requests wait for changes already; try again, or ask without wait",
	}
}

// beginWaiting takes a request out of those under way, until end is called. Waiting takes
// a connection and nothing else, and has a limit of its own. Its
// context ends with the server's work as well.
func (s *Server) beginWaiting(ctx context.Context) (waiting context.Context, end func(), err error) {
	key := actorOf(ctx).KeyID
	if entered, half := s.waiters.enter(key); !entered {
		return nil, nil, s.refuseWaiter(half)
	}
	s.requests.Add(-1)
	s.keyed.leave(key)
	began := time.Now()
	waiting, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.stopping, cancel)
	return waiting, func() {
		stop()
		cancel()
		s.requests.Add(1)
		s.keyed.add(key)
		s.waiters.leave(key)
		sessionOf(ctx).waited += time.Since(began)
	}, nil
}

// awaitChanges waits for changes after a position. There may be none when the time is
// over.
func (s *Server) awaitChanges(ctx context.Context, after int64, wait time.Duration, limit int) ([]account.HistoryEntry, error) {
	ctx, end, err := s.beginWaiting(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	reader := s.Feed.Follow(actorOf(ctx))
	defer reader.Close()
	entries, err := reader.Next(waiting, after, limit)
	if err != nil {
		return nil, err
	}
	return entries, s.checkKey(requestIn(ctx))
}

// checkKey returns an error if the request's key is no longer good.
func (s *Server) checkKey(r *http.Request) error {
	token, err := sentToken(r.Header)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.config.Timeout)
	defer cancel()
	_, err = s.holderOf(ctx, r, token)
	return err
}

// requestIn is the request that a handler answers.
func requestIn(ctx context.Context) *http.Request {
	r, _ := ctx.Value(gin.ContextRequestKey).(*http.Request)
	return r
}

// waitOf is how long a request may wait for a change; 0: not at all, as HEAD, which gets
// none.
func waitOf(ctx context.Context, params api.ListChangesParams) time.Duration {
	if methodOf(requestIn(ctx)) == http.MethodHead {
		return 0
	}
	wait, _ := time.ParseDuration(valueOf(params.Wait)) // It has passed validation.
	return wait
}

// timeOf is how long a request may take: 0 is as long as its caller stays. One that
// waits for changes has the time for it; what has arrived of it is whole, and its answer
// may be sent later than others.
func (s *Server) timeOf(c *gin.Context) time.Duration {
	if c.FullPath() != changesPath || c.Request.Method != http.MethodGet {
		return s.config.Timeout
	}
	waits, streams := c.Query("wait") != "", isStream(c.Request)
	if !waits && !streams {
		return s.config.Timeout
	}
	control := http.NewResponseController(c.Writer)
	// Errors mean that there is no connection, as in a test.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Now().Add(maxWait + s.config.Timeout + sendTime))
	if streams {
		return 0
	}
	return maxWait + s.config.Timeout
}

// changesPath is that of the feed.
const changesPath = canonicalPath + "/changes"

// eventStream is the media type of Server-Sent Events.
const eventStream = "text/event-stream"

// isStream tells whether a request prefers a stream to a page. HEAD asks what a page
// would be like.
func isStream(r *http.Request) bool {
	return r != nil && methodOf(r) == http.MethodGet && weightOf(r.Header, eventStream) > weightOf(r.Header, "application/json")
}

// weightOf is how much a media type is wanted (RFC 9110, section 12.5.1), where it is
// named; other types are not looked at.
func weightOf(header http.Header, mediaType string) float64 {
	for accepted := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		name, parameters, _ := strings.Cut(accepted, ";")
		if !strings.EqualFold(strings.TrimSpace(name), mediaType) {
			continue
		}
		_, q, found := strings.Cut(parameters, "q=")
		if weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64); found && err == nil {
			return weight
		}
		return 1
	}
	return 0
}
