package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/accountsd/accountsd/server/metrics"
)

// aside are pages for those who run a server, on addresses of their own: whoever
// can reach the API must not reach them by it.
type aside struct {
	pages   []page
	servers []*http.Server
	logger  *slog.Logger
}

// page is what is shown at an address; nothing if that is empty.
type page struct {
	addr, flag string
	what, path string                  // for the log
	handlers   map[string]http.Handler // by path
}

// serveAside shows profiles and metrics until stop is called, where the flags say so.
func serveAside(profiles, measures string, m *metrics.Metrics, logger *slog.Logger) (stop func(), err error) {
	a := &aside{logger: logger, pages: []page{{addr: profiles, flag: "pprof", what: "profiles", path: "/debug/pprof/", handlers: profilePages}}}
	if m != nil {
		a.pages = append(a.pages, page{addr: measures, flag: "metrics-addr", what: "metrics", path: "/metrics", handlers: map[string]http.Handler{"/metrics": m.Handler()}})
	}
	if err := a.start(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return func() { _ = a.close() }, nil
}

// start listens. Pages with one address have one server.
func (a *aside) start() error {
	muxes, at := make(map[string]*http.ServeMux), make(map[string]string)
	for _, p := range a.pages {
		if p.addr == "" {
			continue
		}
		mux := muxes[p.addr]
		if mux == nil {
			mux = http.NewServeMux()
			listener, err := net.Listen("tcp", p.addr)
			if err != nil {
				return fmt.Errorf("--%s: %w", p.flag, err)
			}
			muxes[p.addr], at[p.addr] = mux, urlOf(listener.Addr(), false)
			defer a.serve(listener, mux)
		}
		for path, handler := range p.handlers {
			mux.Handle(path, handler)
		}
		a.logger.Info("showing "+p.what, "at", at[p.addr]+p.path)
	}
	return nil
}

func (a *aside) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
	}
	a.servers = append(a.servers, server)
	go func() { _ = server.Serve(listener) }()
}

func (a *aside) close() (err error) {
	for _, server := range a.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}
