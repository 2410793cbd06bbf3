package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/tracing"
)

// lookAtDoor looks at the addresses that a server listens on, and who can reach them.
func (d *diagnosis) lookAtDoor(ctx context.Context, cmd *cli.Command) {
	addr := cmd.String("addr")
	encrypted := d.lookAtCertificate(cmd)
	if d.lookAtAddress(ctx, "addr", addr) && !onLoopbackOnly(addr) && !encrypted {
		d.lookAtProxies(addr, cmd.StringSlice("trusted-proxies"), cmd.String("public-url"))
	}
	d.isWell("address", "--addr %s", addr)
	for _, flag := range []string{"metrics-addr", "pprof"} {
		if addr := cmd.String(flag); addr != "" && d.lookAtAddress(ctx, flag, addr) && !onLoopbackOnly(addr) {
			d.note("address", "--%s %s is shown to all who can reach it; let a firewall keep others than Prometheus away", flag, addr)
		}
	}
}

// expiresSoon is when somebody should have renewed a certificate.
const expiresSoon = 14 * 24 * time.Hour

// lookAtCertificate tells whether the server encrypts, and looks at what with.
func (d *diagnosis) lookAtCertificate(cmd *cli.Command) bool {
	config, err := configureTLS(cmd, slog.New(slog.DiscardHandler))
	if err != nil {
		d.wrong("certificate", "%s", err)
		return true
	}
	if config == nil {
		return false
	}
	pair, err := config.GetCertificate(nil)
	if err != nil {
		d.wrong("certificate", "%s", err)
		return true
	}
	d.encrypted = true
	switch left := time.Until(pair.Leaf.NotAfter); {
	case left < 0:
		d.wrong("certificate", "%s has expired at %s; renew it, and the server reads it again by itself", cmd.String("tls-cert"), pair.Leaf.NotAfter.Format(time.RFC3339))
	case left < expiresSoon:
		d.note("certificate", "%s expires at %s; renew it, and the server reads it again by itself", cmd.String("tls-cert"), pair.Leaf.NotAfter.Format(time.RFC3339))
	default:
		d.ok("certificate", "%s is good until %s", cmd.String("tls-cert"), pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	return true
}

// lookAtProxies looks at an address that other machines can reach.
func (d *diagnosis) lookAtProxies(addr string, trusted []string, publicURL string) {
	if len(trusted) == 0 {
		d.wrong("address", "--addr %s is reached from other machines, and keys and passwords travel in clear text; listen on 127.0.0.1, have a proxy with TLS before it and name that by --trusted-proxies, or give a certificate by --tls-cert", addr)
	}
	if strings.HasPrefix(publicURL, "http://") {
		d.wrong("address", "--public-url %s leads callers to clear text; name the https URL of the proxy", publicURL)
	}
}

// lookAtAddress tells whether an address is one, and looks whether it is free.
func (d *diagnosis) lookAtAddress(ctx context.Context, flag, addr string) bool {
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		_ = listener.Close()
		return true
	}
	if flag == "addr" && d.lookAtServer(ctx, addr) {
		return true
	}
	if flag != "addr" && d.servedBeside(ctx, flag, addr) {
		return true
	}
	d.wrong("address", "a server could not listen on --%s %s: %s; end the program that does (ss -ltnp tells which), or choose another address", flag, addr, reasonOf(err))
	return false
}

// askTime is how long something that listens may take to say what it is.
const askTime = 3 * time.Second

// lookAtServer tells whether it is an accountsd that listens on an address, and looks
// how that is.
func (d *diagnosis) lookAtServer(ctx context.Context, addr string) bool {
	scheme := "http"
	if d.encrypted {
		scheme = "https"
	}
	if status, body := ask(ctx, scheme, addr, "/healthz"); status != http.StatusOK || body != "ok\n" {
		return false
	}
	if status, _ := ask(ctx, scheme, addr, "/readyz"); status != http.StatusOK {
		d.wrong("server", "the server at %s says that it is not ready; its log says why", addr)
		return true
	}
	d.ok("server", "a server runs at %s, and is ready", addr)
	return true
}

// servedBeside tells whether it is what a flag is for that listens on an address.
func (d *diagnosis) servedBeside(ctx context.Context, flag, addr string) bool {
	path, known := "/metrics", "accountsd_build_info"
	if flag == "pprof" {
		path, known = "/debug/pprof/", "profiles"
	}
	status, body := ask(ctx, "http", addr, path)
	return status == http.StatusOK && strings.Contains(body, known)
}

// anybody takes any certificate: it is only asked what listens there.
var anybody = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}

// ask sends a request to what listens on an address.
func ask(ctx context.Context, scheme, addr, path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, ""
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return 0, ""
	}
	resp, err := anybody.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // What did not come is not what is looked for.
	return resp.StatusCode, string(text)
}

// onLoopbackOnly tells whether nobody but this machine reaches an address.
func onLoopbackOnly(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// lookAtTraces looks at the variables of OpenTelemetry.
func (d *diagnosis) lookAtTraces() {
	if _, err := tracing.Wanted(os.Getenv); err != nil {
		d.wrong("traces", "%s; no server starts like this", err)
	}
}

// lookAtNetworks tells whom those who make webhooks can reach from here.
func (d *diagnosis) lookAtNetworks(cmd *cli.Command) {
	if networks := cmd.StringSlice("webhook-allow-private"); len(networks) > 0 {
		d.note("webhooks", "--webhook-allow-private lets whoever may make webhooks send requests to %s; every server of the database must have the same", strings.Join(networks, " and "))
	}
}

// reasonOf is what the system says of an address, without the address.
func reasonOf(err error) string {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err.Error()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}
