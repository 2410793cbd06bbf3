package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/webhook"
)

// Limits of a connection. Without them a slow or silent peer would hold one
// for ever.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second  // header and body: 1 MiB from a slow line
	writeTimeout      = 60 * time.Second  // longer than a request may take, so that its 503 gets out
	idleTimeout       = 120 * time.Second // longer than usual balancers', so that they close first
	maxHeaderBytes    = 64 << 10
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:   "serve",
		Usage:  "serve the API until SIGINT, SIGTERM or SIGHUP",
		Flags:  serveFlags(),
		Action: serve,
	}
}

func serveFlags() []cli.Flag {
	return slices.Concat(dbFlags(), []cli.Flag{
		&cli.StringFlag{Name: "addr", Usage: "listen on `HOST:PORT`", Value: "127.0.0.1:8080", Sources: fromEnv("ADDR")},
		regionFlag(),
		&cli.DurationFlag{Name: "timeout", Usage: "answer 503 to a request that takes longer than `DURATION`", Value: 30 * time.Second, Validator: positive[time.Duration], Sources: fromEnv("TIMEOUT")},
		&cli.Int64Flag{Name: "max-body-bytes", Usage: "answer 413 to a body of more than `N` bytes", Value: 1 << 20, Validator: positive[int64], Sources: fromEnv("MAX_BODY_BYTES")},
		&cli.Int64Flag{Name: "max-bodies-bytes", Usage: "let large bodies of `N` bytes arrive at once, and answer 503 to further ones after a short wait", Value: 4 << 20, Validator: positive[int64], Sources: fromEnv("MAX_BODIES_BYTES")},
		&cli.DurationFlag{Name: "body-timeout", Usage: "answer 408 to a body that takes longer than `DURATION` to arrive", Value: 20 * time.Second, Validator: positive[time.Duration], Sources: fromEnv("BODY_TIMEOUT")},
		&cli.StringSliceFlag{Name: "cors-origin", Config: trimmed, Usage: "let the pages of `ORIGIN`, as https://crm.example.com, call the API from a browser; * for all", Sources: fromEnv("CORS_ORIGIN")},
		&cli.StringSliceFlag{Name: "trusted-proxies", Config: trimmed, Usage: "take the caller's address from X-Forwarded-For if `NETWORK`, as 10.0.0.0/8, sends it; can be repeated", DefaultText: "nobody's", Validator: checkNetworks, Sources: fromEnv("TRUSTED_PROXIES")},
		&cli.IntFlag{Name: "rate-limit", Usage: "answer 429 to a key that sends more than `N` requests in a second, after twice as many at once; 0 for no limit", Value: 200, Validator: notNegative[int], Sources: fromEnv("RATE_LIMIT")},
		&cli.Int64Flag{Name: "daily-limit", Usage: "answer 429 to a key that sends more than `N` requests in a day (UTC); 0 for no limit", Validator: notNegative[int64], Sources: fromEnv("DAILY_LIMIT")},
		&cli.IntFlag{Name: "address-limit", Usage: "answer 429 to an address that sends more than `N` requests without a valid key in a minute; 0 for no limit", Value: 300, Validator: notNegative[int], Sources: fromEnv("ADDRESS_LIMIT")},
		&cli.Int64Flag{Name: "max-requests", Usage: "let `N` requests be under way, half of them by one key, and answer 503 or 429 to further ones at once; 0 for no limit", Value: 2000, Validator: notNegative[int64], Sources: fromEnv("MAX_REQUESTS")},
		&cli.IntFlag{Name: "max-waiters", Usage: "let `N` requests wait for changes beside those, half of them by one key, and answer 503 or 429 to further ones; 0 for no limit", Value: 1000, Validator: notNegative[int], Sources: fromEnv("MAX_WAITERS")},
		&cli.DurationFlag{Name: "drain", Usage: "go on serving for `DURATION` after a signal, with /readyz failing", Sources: fromEnv("DRAIN")},
		&cli.DurationFlag{Name: "shutdown-timeout", Usage: "give requests under way `DURATION` to finish", Value: 30 * time.Second, Sources: fromEnv("SHUTDOWN_TIMEOUT")},
		pprofFlag(), metricsFlag(), quietDaysFlag(), logFormatFlag(), webhookNetworksFlag(),
	}, tlsFlags(), mailFlags())
}

// trimmed is of the items of a list that may have spaces behind its commas.
var trimmed = cli.StringConfig{TrimSpace: true}

// dbFlags say which database is served, and how it is opened.
func dbFlags() []cli.Flag {
	return []cli.Flag{
		dbFlag(),
		&cli.BoolFlag{Name: "migrate", Usage: "bring the schema of the database up to date before serving; --migrate=false refuses one that is not", Value: true, DefaultText: "true", Sources: fromEnv("MIGRATE")},
		keepCopyFlag(),
		&cli.IntFlag{Name: "db-connections", Usage: "open at most `N` connections to PostgreSQL; the sum over all servers must stay below its max_connections", Value: engine.DefaultMaxConns, Validator: atLeast(commandConnections), Sources: fromEnv("DB_CONNECTIONS")},
		&cli.DurationFlag{Name: "db-wait", Usage: "wait up to `DURATION` at the start for a PostgreSQL server that cannot be reached yet", Value: 30 * time.Second, Validator: notNegative[time.Duration], Sources: fromEnv("DB_WAIT")},
	}
}

func positive[T int | int64 | time.Duration](value T) error {
	if value <= 0 {
		return fmt.Errorf("must be more than 0; got %v", value)
	}
	return nil
}

func atLeast(least int) func(int) error {
	return func(value int) error {
		if value < least {
			return fmt.Errorf("must be %d or more; got %d", least, value)
		}
		return nil
	}
}

func notNegative[T int | int64 | time.Duration](value T) error {
	if value < 0 {
		return fmt.Errorf("must be 0 or more; got %v", value)
	}
	return nil
}

func serve(ctx context.Context, cmd *cli.Command) error {
	logger := newLogger(cmd.Root().ErrWriter, cmd.String("log-format"))
	encryption, err := configureTLS(cmd, logger)
	if err != nil {
		return err
	}
	config := server.ServiceConfig{
		Logger: logger,
		Region: cmd.String("phone-region"),
		Alias:  alias.Config{Counter: alias.NewCounter(), QuietDays: cmd.Int("alias-quiet-days")},
	}
	if config.Webhooks, err = configureWebhooks(cmd); err != nil {
		return err
	}
	sender, err := configureMail(cmd, &config.Alias)
	if err != nil {
		return err
	}
	watchers, err := newWatchers(ctx, cmd, logger)
	if err != nil {
		return err
	}
	defer watchers.stop()
	tuneMemory()
	go server.Prepare() // while the database is opened
	open := func(ctx context.Context, cmd *cli.Command) (store.Store, error) {
		return openServed(migration.LogTo(ctx, logger), cmd, watchers.groups(), logger)
	}
	return withStore(open, func(ctx context.Context, cmd *cli.Command, opened store.Store) error {
		warnOfDamage(opened, logger)
		stopPages, err := watchers.show(cmd, opened)
		if err != nil {
			return err
		}
		defer stopPages()
		config.Clock = store.ClockOf(opened)
		store := watchers.traced(opened)
		services := server.NewServices(store, config)
		deliverer := server.NewDeliverer(opened, config, webhook.DefaultPace, watchers.webhooks())
		services.Feed.Tell(deliverer.Wake)
		defer background(services.Properties.Run)()
		defer background(deliverer.Run)()
		handler, err := newHandler(cmd, services, watchers, encryption != nil, logger)
		if err != nil {
			return err
		}
		defer startBackground(store, services, config.Alias.Counter, watchers.mailer(sender), logger)()
		return whileSound(ctx, opened, func(ctx context.Context) error { return listen(ctx, cmd, handler, encryption, logger) })
	})(ctx, cmd)
}

func checkNetworks(texts []string) error {
	_, err := readNetworks(texts)
	return err
}

// readNetworks reads networks, and addresses as those of one.
func readNetworks(texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		network, err := identity.ParseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("must be networks such as 10.0.0.0/8, or addresses; got %s", fault.Quote(text))
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func newHandler(cmd *cli.Command, services server.Services, watchers *watchers, encrypted bool, logger *slog.Logger) (*server.Server, error) {
	trusted, err := readNetworks(cmd.StringSlice("trusted-proxies"))
	if err != nil {
		return nil, err
	}
	config := server.Config{
		Timeout:        cmd.Duration("timeout"),
		MaxBodyBytes:   cmd.Int64("max-body-bytes"),
		MaxBodiesBytes: cmd.Int64("max-bodies-bytes"),
		BodyTimeout:    cmd.Duration("body-timeout"),
		PublicURL:      cmd.String("public-url"),
		CORSOrigins:    cmd.StringSlice("cors-origin"),
		TrustedProxies: trusted,
		Encrypted:      encrypted,
		MaxRequests:    cmd.Int64("max-requests"),
		MaxWaiters:     cmd.Int("max-waiters"),
		AddressLimit:   cmd.Int("address-limit"),
		Logger:         logger,
		Clock:          services.Clock,
		RateLimit:      cmd.Int("rate-limit"),
		DailyLimit:     cmd.Int64("daily-limit"),
	}
	watchers.watch(&config)
	return server.New(config, services)
}

// listen serves until ctx ends.
func listen(ctx context.Context, cmd *cli.Command, handler *server.Server, encryption *tls.Config, logger *slog.Logger) error {
	listener, err := listenOn(cmd.String("addr"), encryption, logger)
	if err != nil {
		return err
	}
	arriving := newArrivals()
	httpServer := &http.Server{
		Handler:           arriving.handler(handler),
		TLSConfig:         encryption,
		ConnState:         arriving.connection,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      max(writeTimeout, 2*cmd.Duration("timeout")),
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- httpServer.Serve(listener) }()
	logger.Info("listening", append([]any{"url", urlOf(listener.Addr(), encryption != nil)}, readVersion().attributes(cmd.String("db"))...)...)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("stopping")
	handler.Drain()
	time.Sleep(cmd.Duration("drain"))
	return stop(httpServer, arriving, cmd.Duration("shutdown-timeout"))
}

// urlOf is a URL for what listens at an address. Where that is every address of
// the machine, it names one that can be called.
func urlOf(addr net.Addr, encrypted bool) string {
	scheme := "http://"
	if encrypted {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err == nil && net.ParseIP(host).IsUnspecified() {
		return scheme + net.JoinHostPort("127.0.0.1", port)
	}
	return scheme + addr.String()
}
