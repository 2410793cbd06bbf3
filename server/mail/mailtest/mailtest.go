// Package mailtest runs a real mail server, Mailpit, for tests.
package mailtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
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
)

// Server is a running mail server, which keeps what it takes.
type Server struct {
	Addr string // of SMTP
	api  string
}

// Message is a mail that the server has taken.
type Message struct {
	ID      string
	Subject string
	From    struct{ Name, Address string }
	To      []struct{ Name, Address string }
	Text    string
	HTML    string
	Headers map[string][]string
}

// FreeAddr returns a loopback address on which nobody listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Start runs a mail server on the address until the test ends. Flags are those
// of Mailpit. Without the variable TEST_MAILPIT, the path of its program, the
// test is skipped.
func Start(t testing.TB, addr string, flags ...string) *Server {
	t.Helper()
	program := os.Getenv("TEST_MAILPIT")
	if program == "" {
		t.Skip("TEST_MAILPIT is not set: run \"make test-mail\"")
	}
	api := FreeAddr(t)
	args := append([]string{"--smtp", addr, "--listen", api, "--enable-chaos", "--disable-version-check", "--smtp-disable-rdns", "--quiet"}, flags...)
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &Server{Addr: addr, api: "http://" + api}
	Eventually(t, "the mail server listens", func() bool {
		connection, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		_ = connection.Close()
		status, err := s.call(t.Context(), "GET", "/readyz", nil, nil)
		return err == nil && status == http.StatusOK
	})
	return s
}

// Eventually waits until a condition holds.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// Messages returns all mails that the server has, the latest first.
func (s *Server) Messages(t testing.TB) []Message {
	t.Helper()
	var list struct{ Messages []struct{ ID string } }
	s.mustCall(t, "GET", "/api/v1/messages?limit=500", nil, &list)
	messages := make([]Message, len(list.Messages))
	for i, m := range list.Messages {
		s.mustCall(t, "GET", "/api/v1/message/"+m.ID, nil, &messages[i])
		s.mustCall(t, "GET", "/api/v1/message/"+m.ID+"/headers", nil, &messages[i].Headers)
		// Mailpit keeps the line ends of SMTP.
		messages[i].Text = strings.ReplaceAll(messages[i].Text, "\r\n", "\n")
		messages[i].HTML = strings.ReplaceAll(messages[i].HTML, "\r\n", "\n")
	}
	return messages
}

// RefuseRecipients makes the server answer every recipient with a code; 0 ends
// that.
func (s *Server) RefuseRecipients(t testing.TB, code int) {
	t.Helper()
	trigger := map[string]int{"ErrorCode": max(code, 400), "Probability": 100}
	if code == 0 {
		trigger["Probability"] = 0
	}
	s.mustCall(t, "PUT", "/api/v1/chaos", map[string]any{"Recipient": trigger}, nil)
}

func (s *Server) mustCall(t testing.TB, method, path string, body, result any) {
	t.Helper()
	status, err := s.call(t.Context(), method, path, body, result)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
}

func (s *Server) call(ctx context.Context, method, path string, body, result any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, strings.NewReader(string(text)))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && result != nil && resp.StatusCode == http.StatusOK {
		err = json.Unmarshal(answer, result)
	}
	return resp.StatusCode, err
}

// Certificate writes a new certificate for 127.0.0.1 and its key, which whoever
// trusts the certificate's file accepts.
func Certificate(dir string) (certFile, keyFile string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail server of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert},
		keyFile:  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", fmt.Errorf("write %s: %w", file, err)
		}
	}
	return certFile, keyFile, nil
}
