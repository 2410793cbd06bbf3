package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/urfave/cli/v3"
)

func pprofFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "pprof", Usage: "show profiles of the process under /debug/pprof/ on `HOST:PORT`, an address of the loopback interface",
		Validator: onLoopback, Sources: fromEnv("PPROF"),
	}
}

// onLoopback refuses an address that others can reach. Names are not taken: what
// they stand for may change.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("must be an IP address of the loopback interface with a port, as 127.0.0.1:6060; got %q", addr)
	}
	return nil
}

// serveProfiles shows profiles on an address until stop is called; nowhere if it is
// empty. The command line is left out, since a flag may hold a password.
func serveProfiles(addr string, logger *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	profiles := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	go func() { _ = profiles.Serve(listener) }()
	logger.Info("showing profiles", "at", urlOf(listener.Addr(), false)+"/debug/pprof/")
	return func() { _ = profiles.Close() }, nil
}
