package main

import (
	"fmt"
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

// profilePages show profiles. The command line is left out, since a flag may hold a
// password.
var profilePages = map[string]http.Handler{
	"/debug/pprof/":        http.HandlerFunc(pprof.Index),
	"/debug/pprof/profile": http.HandlerFunc(pprof.Profile),
	"/debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
	"/debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
}
