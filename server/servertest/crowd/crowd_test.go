package crowd_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httputil"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
	"github.com/accountsd/accountsd/server/servertest/crowd"
)

// roundTripper is what stands between the clients and the server.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// work lets a crowd do some hundred operations, and returns what is found.
func work(t *testing.T, middleware client.Middleware) (crowd.Report, error) {
	t.Helper()
	s := servertest.New(t)
	c, err := crowd.New(t.Context(), crowd.Config{
		URLs: []string{s.URL, s.URL}, Key: s.Key, Clients: 8, Accounts: 6, Growth: time.Second, Folder: t.TempDir(), Middleware: middleware,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(t.Context())
	for end := time.Now().Add(time.Minute); c.Done() < 300 && time.Now().Before(end) && c.Failure() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	if err := c.Stop(); err != nil {
		return crowd.Report{}, err
	}
	return c.Check(t.Context())
}

func TestCrowdAgreesWithTheServer(t *testing.T) {
	t.Parallel()
	report, err := work(t, nil)
	if err != nil {
		t.Error(err)
	}
	if report.Operations < 300 || report.Refused == 0 || report.Unknown != 0 || report.Changes == 0 || report.Options == 0 || report.Contacts == 0 {
		t.Errorf("the clients have done too little: %v", report)
	}
}

// What is spoiled on the way must be found.
func TestCrowdFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		middleware client.Middleware
		want       string
	}{
		"lost updates":           {withoutHeader("If-Match"), "explains all answers"},
		"writes that come twice": {sendTwice, "2 times|with one key"},
		"stale reads":            {remember, "explains all answers"},
		"writes that are lost":   {rehearse, "has not this write|with one key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if report, err := work(t, c.middleware); err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("want %q, got %v, %v", c.want, report, err)
			}
		})
	}
}

func withoutHeader(name string) client.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			r.Header.Del(name)
			return next.RoundTrip(r)
		})
	}
}

// sendTwice repeats writes as if they had no key, as a careless client does.
func sendTwice(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPatch && r.Header.Get("If-Match") == "" {
			r.Header.Del("Idempotency-Key")
			again := r.Clone(r.Context())
			again.Body, _ = r.GetBody()
			first, err := next.RoundTrip(again)
			if err != nil {
				return nil, err
			}
			_ = first.Body.Close()
		}
		return next.RoundTrip(r)
	})
}

// rehearse lets a few writes be answered that are not carried out.
func rehearse(next http.RoundTripper) http.RoundTripper {
	var writes atomic.Int64
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPatch && writes.Add(1)%20 == 0 {
			r.URL.RawQuery += "&dry_run=true"
		}
		return next.RoundTrip(r)
	})
}

// remember answers a few reads with what was read first.
func remember(next http.RoundTripper) http.RoundTripper {
	var reads atomic.Int64
	var first sync.Map
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		known, ok := first.Load(r.URL.Path)
		if isRead := r.Method == http.MethodGet; isRead && ok && reads.Add(1)%20 == 0 {
			return http.ReadResponse(bufio.NewReader(bytes.NewReader(known.([]byte))), r)
		} else if !isRead || ok {
			return next.RoundTrip(r)
		}
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		text, err := httputil.DumpResponse(resp, true)
		first.Store(r.URL.Path, text)
		return resp, err
	})
}
