package fuzz

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// The users whose keys and passwords requests are sent with. The second one is there
// to be disabled, moved off the former paths and so on.
const (
	owner    = "ada@example.com"
	second   = "fay@example.com"
	password = "correct horse battery"
)

// ownName is what the keys of this program are called.
const ownName = "fuzz"

// origin is whose pages may call the server.
const origin = "https://crm.example.com"

// sampleServer is a process that serves a sample company, and what is known of it.
type sampleServer struct {
	binary, db, address string
	process             *exec.Cmd
	keys                map[string]string // by the scopes
	pool                pool
	lost                bool // a key is

	mu     sync.Mutex
	faults map[string]string // the log's words for requests that failed, by their ids
}

// scopes are those of the keys, in the order in which one is picked.
var scopes = []string{"admin", "read", "write"}

// startServer makes a sample company in the folder, and serves it.
func startServer(ctx context.Context, binary, dir string) (*sampleServer, error) {
	s := &sampleServer{binary: binary, db: filepath.Join(dir, "accounts.db"), keys: map[string]string{}, faults: map[string]string{}}
	if _, err := s.command(ctx, password, "init", "--company", "Sunrise", "--email", owner, "--password-stdin", "--sample-data"); err != nil {
		return nil, err
	}
	// Callers stand for others, so that one who fails to log in is not all of them. No
	// body is waited for long, since many do not come.
	s.process = exec.Command(binary, "serve", "--db", s.db, "--addr", "127.0.0.1:0", "--rate-limit", "100000",
		"--trusted-proxies", "127.0.0.1/32", "--cors-origin", origin, "--body-timeout", "500ms", "--public-url", "https://api.example.com")
	stderr, err := s.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	_, url, _ := strings.Cut(first, `"url":"http://`)
	s.address, _, _ = strings.Cut(url, `"`)
	if err != nil || s.address == "" {
		s.stop()
		return nil, fmt.Errorf("the server says %q (%v)", first, err)
	}
	go s.readLog(lines)
	return s, nil
}

// stop ends the server.
func (s *sampleServer) stop() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// readLog keeps why requests failed.
func (s *sampleServer) readLog(lines *bufio.Reader) {
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		var line struct{ Level, Error, RequestID string }
		if json.Unmarshal([]byte(text), &line) == nil && line.Level == "ERROR" {
			s.mu.Lock()
			s.faults[line.RequestID] = line.Error
			s.mu.Unlock()
		}
	}
}

// fault is what the log says of a request.
func (s *sampleServer) fault(requestID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults[requestID]
}

// command runs a command of the binary on the database.
func (s *sampleServer) command(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.binary, append(args, "--db", s.db)...)
	cmd.Stdin = strings.NewReader(stdin + "\n")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s: %s", strings.Join(args[:2], " "), exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// renew makes keys for those that were revoked, opens the former paths to who was
// moved off them, and reads what records there are.
func (s *sampleServer) renew(ctx context.Context) error {
	s.lost = false
	for _, scope := range scopes {
		if s.keys[scope] != "" && s.ask("GET", "/users/me", s.keys[scope], "", nil) == nil {
			continue
		}
		key, err := s.command(ctx, "", "key", "create", "--email", owner, "--name", ownName, "--scopes", scope)
		if err != nil {
			return err
		}
		s.keys[scope] = key
	}
	if err := s.renewSecond(ctx); err != nil {
		return err
	}
	return s.readPool()
}

// renewSecond sees that the second user is there, and that both may use all paths.
func (s *sampleServer) renewSecond(ctx context.Context) error {
	if len(s.pool.users) == 0 {
		token, err := s.command(ctx, "", "user", "invite", "--company", "Sunrise", "--email", second, "--first-name", "Fay", "--last-name", "Moss", "--admin")
		if err != nil {
			return err
		}
		body := fmt.Sprintf(`{"token":%q,"password":%q}`, token, password)
		if err := s.ask("POST", "/users/accept", "", body, nil); err != nil {
			return err
		}
	}
	for _, id := range s.pool.users {
		// Who was not moved answers 409.
		_ = s.ask("POST", fmt.Sprintf("/alias-migrations/%v/rollback", id), s.keys["admin"], "", nil)
	}
	return nil
}

// ask sends a sound request, and reads the answer into a value.
func (s *sampleServer) ask(method, path, key, body string, into any) error {
	req, err := http.NewRequest(method, "http://"+s.address+"/v1"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s answers %s: %s (%v)", method, path, resp.Status, data, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}
