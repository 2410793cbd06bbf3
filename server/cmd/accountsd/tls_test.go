package main_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// writeCertificate writes a certificate with a serial number, and its key, into the
// folder, as they are written by what renews them.
func writeCertificate(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"key.pem": {Type: "PRIVATE KEY", Bytes: keyDER}, "cert.pem": {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return pool
}

// serveTLS serves with the certificate of the folder.
func serveTLS(t *testing.T, dir string) (p *process, key string) {
	t.Helper()
	db, key := newCompany(t)
	p = start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0",
		"--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem")))
	return p, key
}

// serial is that of the certificate with which a server answers now.
func (p *process) serial(t *testing.T) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// Over TLS, HTTP/2 is spoken, callers are told to stay, and what net/http answers by
// itself is a problem as well.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trusted := &tls.Config{RootCAs: writeCertificate(t, dir, 1)}
	p, key := serveTLS(t, dir)
	transport := &http.Transport{TLSClientConfig: trusted.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "PATCH", p.url+"/v1/accounts/1", strings.NewReader(`{"titel":1}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("%s %s %v", resp.Proto, resp.Status, resp.Header)
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), trusted)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	raw, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Body.Close()
	if raw.StatusCode != http.StatusBadRequest || raw.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %v", raw.Status, raw.Header)
	}
	if old, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		old.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// A certificate is taken over when its files have changed; one that cannot be used
// is told, and the former stays.
func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	p, _ := serveTLS(t, dir)
	if got := p.serial(t); got != 1 {
		t.Fatalf("serial %d", got)
	}
	writeCertificate(t, dir, 2)
	mailtest.Eventually(t, "the second certificate is used", func() bool { return p.serial(t) == 2 })
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("half a certifi"), 0o600); err != nil {
		t.Fatal(err)
	}
	mailtest.Eventually(t, "the broken one is told", func() bool {
		return p.serial(t) == 2 && strings.Contains(p.log.String(), "the new certificate cannot be used; the former stays")
	})
	if err := os.Remove(filepath.Join(dir, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, dir, 3)
	mailtest.Eventually(t, "the third certificate is used", func() bool { return p.serial(t) == 3 })
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("%v\n%s", err, p.log)
	}
}

func TestTLSErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	db, _ := newCompany(t)
	for want, args := range map[string][]string{
		"--tls-cert and --tls-key go together":                       {"--tls-cert", filepath.Join(dir, "cert.pem")},
		"read the certificate in nope.pem with the key in nope2.pem": {"--tls-cert", "nope.pem", "--tls-key", "nope2.pem"},
	} {
		_, stderr, code := run(t, "", append([]string{"serve", "--db", db, "--addr", "127.0.0.1:0"}, args...)...)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}
