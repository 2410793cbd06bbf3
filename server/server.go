// Package server is the HTTP side of accountsd: it implements the interface
// that is generated from openapi.yaml on top of the rooms of the domain.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/observe"
)

// Config is how a Server is set up.
type Config struct {
	Timeout      time.Duration // of one request; 0: 30 s
	MaxBodyBytes int64         // of one request's body; 0: 1 MiB
	BodyTimeout  time.Duration // in which a body must arrive; 0: 20 s

	// MaxBodiesBytes is how many bytes of bodies of more than 16 KiB may arrive at
	// once; 0: 4 MiB. A further one waits a little, and is answered 503.
	MaxBodiesBytes int64

	PublicURL   string   // under which callers reach the server: its path goes ahead of those in answers
	CORSOrigins []string // whose pages may call the server from a browser; * for all

	TrustedProxies []netip.Prefix // whose X-Forwarded-For tells from where a request comes; none: nobody's

	Encrypted bool // callers come by HTTPS, and are told to stay with it

	Logger *slog.Logger // nil: slog.Default()

	MaxRequests  int64            // that are under way at once, of which a key gets half; 0: no limit
	MaxWaiters   int              // requests that wait for changes at once, of which a key gets half; 0: no limit
	RateLimit    int              // requests of a key in a second, twice as many at once; 0: no limit
	DailyLimit   int64            // requests of a key in a day (UTC); 0: no limit
	AddressLimit int              // requests without a valid key of an address in a minute; 0: no limit
	Clock        func() time.Time // of the limits; nil: time.Now
	Requests     observe.Requests // is told of each request; nil: nobody is
	Tracer       observe.Tracer   // traces each request; nil: none is
}

// Server answers the API's requests.
type Server struct {
	Services
	config     Config
	log        *slog.Logger
	rates      *rateLimits
	strangers  *strangers
	requests   atomic.Int64 // under way
	waiters    *shares      // who wait for changes
	keyed      *shares      // requests under way with a key, but for those
	draining   atomic.Bool
	stopping   context.Context // ends when the server is to be stopped
	stop       context.CancelFunc
	operations operations
	named      map[string][]string   // the methods of paths without parameters
	bodies     map[string]bodyReader // by operationId
	queries    map[string]queryCheck // by operationId
	documents  documents
	underWay   sync.Map // by write.AnswerID of requests under way: what is closed when they are answered
	handler    http.Handler
	room       *room
	prefix     string // the path of the public URL
}

var _ apiserver.StrictServerInterface = (*Server)(nil)

// New returns a server over the services. It fails if the spec and the generated
// routes differ.
func New(config Config, services Services) (*Server, error) {
	if config.Timeout == 0 {
		config.Timeout = 30 * time.Second
	}
	if config.MaxBodyBytes == 0 {
		config.MaxBodyBytes = 1 << 20
	}
	if config.BodyTimeout == 0 {
		config.BodyTimeout = 20 * time.Second
	}
	if config.MaxBodiesBytes == 0 {
		config.MaxBodiesBytes = 4 << 20
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	s := &Server{Services: services, config: config, log: config.Logger}
	s.rates = newRateLimits(config, services.Keys.TakeQuota)
	s.strangers, s.waiters = newStrangers(config.AddressLimit), newShares(config.MaxWaiters)
	s.keyed = newShares(int(config.MaxRequests))
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.bodies, s.queries = s.bodyReaders(), s.queryChecks()
	s.room = newRoom(config.MaxBodiesBytes, config.MaxBodyBytes)
	var err error
	if err := checkOrigins(config.CORSOrigins); err != nil {
		return nil, err
	}
	if s.prefix, err = pathPrefix(config.PublicURL); err != nil {
		return nil, err
	}
	if s.operations, err = specOperations(); err != nil {
		return nil, err
	}
	s.named = s.operations.named()
	if err := s.operations.checkReaders(s.bodies); err != nil {
		return nil, err
	}
	engine, err := s.newEngine()
	if err != nil {
		return nil, err
	}
	if err := s.operations.checkRoutes(engine.Routes()); err != nil {
		return nil, err
	}
	s.handler = keepValues(serveAlias(s.readPut(engine)))
	return s, nil
}

// pathPrefix returns the path of the URL under which callers reach the server.
func pathPrefix(publicURL string) (string, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return "", fmt.Errorf("public URL: %w", err)
	}
	return strings.TrimRight(u.Path, "/"), nil
}

func (s *Server) newEngine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.ContextWithFallback = true // callHandler
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	engine.Use(s.recoverPanics, plainJSON, identify, decodeValue)
	if s.config.Requests != nil || s.config.Tracer != nil {
		engine.Use(s.watch)
	}
	engine.Use(s.setHeaders, s.allowOrigin, s.logRequest, s.limitRequests, s.limitTime, s.refuseSlash, s.refuseNamed)
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noMethod)

	engine.GET("/openapi.yaml", s.specHandler("application/yaml", specYAML))
	engine.GET("/openapi.json", s.specHandler("application/json", specJSON))
	engine.GET("/healthz", live)
	engine.GET("/readyz", s.ready)
	s.addPages(engine)

	group := engine.Group("", s.authenticate, s.limitRate, s.limitShare, s.refusePut, s.validate)
	strict := apiserver.NewStrictHandlerWithOptions(s, []apiserver.StrictMiddlewareFunc{callHandler, s.checkPreconditions, s.carryOutOnce},
		apiserver.StrictGinServerOptions{
			RequestErrorHandlerFunc:  s.fail,
			HandlerErrorFunc:         s.fail,
			ResponseErrorHandlerFunc: s.fail,
		})
	apiserver.RegisterHandlersWithOptions(group, strict, apiserver.GinServerOptions{
		BaseURL:      basePath,
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.fail(c, fmt.Errorf("bind request: %w", err)) },
	})
	return engine, nil
}
