package fuzz_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/servertest/fuzz"
)

// build builds accountsd as "make build" does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "accountsd")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/accountsd/accountsd/server/cmd/accountsd")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// spoil makes answers wrong in ways that the fuzzer is to find.
func spoil(resp *http.Response) error {
	switch r := resp.Request; {
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/accounts/search"):
		resp.Header.Set("X-Stray", "1")
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/contacts"):
		return replace(resp, `"createdAt"`, `"created"`)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/contacts" && resp.StatusCode == http.StatusCreated:
		resp.StatusCode = http.StatusAccepted
	case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/v1/properties/"):
		resp.StatusCode = http.StatusBadGateway
	case r.Method == http.MethodPatch && strings.HasPrefix(r.URL.Path, "/v1/accounts/") && resp.StatusCode == http.StatusBadRequest:
		resp.Header.Set("Content-Type", "application/json")
	}
	return nil
}

func replace(resp *http.Response, old, by string) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(old), []byte(by))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// What is spoiled on the way from a sound server is found, and told with the line
// that sends the request again.
func TestRunFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	front := func(address string) string {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
		proxy.ModifyResponse = spoil
		proxy.ErrorLog = nil
		s := httptest.NewServer(proxy)
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	err := fuzz.Run(t.Context(), fuzz.Config{Binary: build(t), Seed: 1, Duration: 3 * time.Minute, Requests: 600, Framed: true, Out: &out, Front: front})
	if err == nil {
		t.Error("nothing was found")
	}
	for _, want := range []string{
		" has the header X-Stray, which is not declared",
		"listContacts: 200: response body doesn't match schema",
		"createContact: status 202 is not declared",
		"deleteProperty: 502, and the log has no reason",
		"updateAccount: 400: response",
		"curl -sSi --path-as-is -X 'DELETE'",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not told: %s", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
