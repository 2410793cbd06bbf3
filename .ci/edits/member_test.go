package servertest_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// company is a running accountsd with a company, and the programs of the tree.
type company struct {
	t        *testing.T
	dir, url string
	key      string
	*client.Client
}

const email = "ada@example.com"

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{t: t, dir: t.TempDir()}
	c.key = strings.TrimSpace(c.accountsd("init", "--company", "Sunrise Services", "--email", email))
	server := exec.CommandContext(t.Context(), c.program("accountsd"), "serve", "--db", c.file("accounts.db"), "--addr", "127.0.0.1:0")
	log, err := server.StderrPipe()
	check(t, err)
	check(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	for lines := bufio.NewScanner(log); c.url == "" && lines.Scan(); {
		var line struct{ URL string }
		check(t, json.Unmarshal(lines.Bytes(), &line))
		if line.URL != "" {
			c.url = line.URL + "/v1"
		}
	}
	go func() { // A full pipe would stop the server.
		for rest := bufio.NewReader(log); err == nil; _, err = rest.ReadString('\n') {
		}
	}()
	c.Client, err = client.New(c.url, client.WithAPIKey(c.key))
	check(t, err)
	return c
}

func (c *company) program(name string) string { return filepath.Join(os.Getenv("BIN"), name) }

func (c *company) file(name string) string { return filepath.Join(c.dir, name) }

// accountsd runs a command of the server's.
func (c *company) accountsd(args ...string) string {
	c.t.Helper()
	return c.run("accountsd", append(args, "--db", c.file("accounts.db"))...)
}

// run runs a program to its end, and returns what it prints.
func (c *company) run(name string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), c.program(name), args...)
	cmd.Env = append(os.Environ(), "ACCOUNTS_URL="+c.url, "ACCOUNTS_KEY="+c.key, "ACCOUNTS_CONFIG="+c.file("config.json"))
	output, err := cmd.Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		c.t.Fatalf("%s %v: %v\n%s", name, args, err, e.Stderr)
	}
	check(c.t, err)
	return string(output)
}

// nickname is that of account 1: "null" if it is null.
func (c *company) nickname() string {
	c.t.Helper()
	a, err := c.Accounts.Get(c.t.Context(), 1)
	check(c.t, err)
	return client.Or(a.Nickname, "null")
}

func (c *company) expect(what, got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNicknameIsWrittenAndCleared(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	made, err := c.Accounts.Create(t.Context(), client.AccountCreate{Title: "Sunrise", Address: []string{"1 Main Street"}, Nickname: client.Set("Sunny")})
	check(t, err)
	c.expect("created", client.Or(made.Nickname, "null"), "Sunny")
	_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Nickname: client.Set("Sun")})
	check(t, err)
	c.expect("patched", c.nickname(), "Sun")
	_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Nickname: client.Clear[string]()})
	check(t, err)
	c.expect("cleared", c.nickname(), "null")
	for _, nickname := range []string{"Sunny", "Rainy"} {
		_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Fill: &client.AccountFill{Nickname: client.Set(nickname)}})
		check(t, err)
		c.expect("filled with "+nickname, c.nickname(), "Sunny")
	}
	_, err = c.Accounts.UpdateFunc(t.Context(), 1, func(a *client.Account) error { a.Nickname = client.Set("Ray"); return nil })
	check(t, err)
	c.expect("edited", c.nickname(), "Ray")

	_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Nickname: client.Set(strings.Repeat("s", 101))})
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Field != "nickname" {
		t.Errorf("101 characters: got %v", err)
	}
	replaced, err := c.Accounts.Create(t.Context(), client.AccountCreate{Title: "Sunrise", Address: []string{"1 Main Street"}}, client.OnMatch(client.ReplaceMatch))
	check(t, err)
	c.expect("replaced", client.Or(replaced.Nickname, "null"), "null")
}

func TestNicknameIsSetByTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.run("accounts", "create", "title=Sunrise", "address=1 Main Street", "nickname=Sunny")
	c.expect("created", c.nickname(), "Sunny")
	c.run("accounts", "update", "1", "nickname=Sun")
	c.expect("updated", c.nickname(), "Sun")
	if found := c.run("accounts", "search", "nickname", "eq", "sun", "-o", "json"); !strings.Contains(found, `"nickname": "Sun"`) {
		t.Errorf("the search found %s", found)
	}
	c.run("accounts", "update", "1", "nickname=null")
	c.expect("cleared", c.nickname(), "null")
}

func TestNicknameIsSearched(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, nickname := range []string{"Sunny", "Rainy", ""} {
		a := client.AccountCreate{Title: "Account " + nickname, Address: []string{"1 Main Street"}}
		if nickname != "" {
			a.Nickname = client.Set(nickname)
		}
		_, err := c.Accounts.Create(t.Context(), a)
		check(t, err)
	}
	for _, search := range []struct{ operator, value, want string }{
		{"eq", "SUNNY", "Sunny"}, {"neq", "sunny", "Rainy,null"}, {"contains", "nny", "Sunny"},
		{"in", "sunny,rainy", "Sunny,Rainy"}, {"exists", "true", "Sunny,Rainy"}, {"exists", "false", "null"},
	} {
		var found []string
		where := client.Condition{Member: "nickname", Operator: client.SearchOperator(search.operator), Value: search.value}
		for a, err := range c.Accounts.Search(t.Context(), client.AccountSearch{Where: where}) {
			check(t, err)
			found = append(found, client.Or(a.Nickname, "null"))
		}
		c.expect(search.operator+" "+search.value, strings.Join(found, ","), search.want)
	}
}

func TestNicknameIsImportedAndExported(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, err := c.Accounts.Create(t.Context(), client.AccountCreate{Title: "Sunrise", Address: []string{"1 Main Street"}, Nickname: client.Set("Sunny")})
	check(t, err)
	for _, format := range []string{"csv", "ndjson"} {
		file := c.file("accounts." + format)
		c.accountsd("export", "--company", "Sunrise Services", "--output", file)
		exported, err := os.ReadFile(file)
		check(t, err)
		if !strings.Contains(string(exported), "nickname") || !strings.Contains(string(exported), "Sunny") {
			t.Errorf("exported: %s", exported)
		}
		edited := strings.ReplaceAll(string(exported), "Sunny", "From "+format)
		check(t, os.WriteFile(file, []byte(edited), 0o600))
		c.accountsd("import", file, "--email", email)
		c.expect("imported", c.nickname(), "From "+format)
		_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Nickname: client.Set("Sunny")})
		check(t, err)
	}
}

func TestNicknameIsInTheHistory(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	_, err := c.Accounts.Create(t.Context(), client.AccountCreate{Title: "Sunrise", Address: []string{"1 Main Street"}, Nickname: client.Set("Sunny")})
	check(t, err)
	_, err = c.Accounts.Update(t.Context(), 1, client.AccountPatch{Nickname: client.Set("Sun")})
	check(t, err)
	check(t, c.Accounts.Delete(t.Context(), 1))
	var seen []string
	for change, err := range c.Accounts.History(t.Context(), 1) {
		check(t, err)
		text, err := json.Marshal(change.Fields["nickname"])
		check(t, err)
		seen = append(seen, string(change.Kind)+" "+string(text))
	}
	c.expect("history", strings.Join(seen, "; "), `deleted {"before":"Sun","after":null}; updated {"before":"Sunny","after":"Sun"}; created {"before":null,"after":"Sunny"}`)
}
