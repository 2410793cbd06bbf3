package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

func TestReading(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("get", "1")
	sh.do("get", "1", "2")
	sh.do("get", "1", "-o", "json")
	sh.do("get", "1", "-o", "csv", "--columns", "id,title,custom.roof_type,custom.capacity")
	sh.do("list", "--order", "asc")
	sh.do("list", "--limit", "1", "--order", "asc", "-o", "ndjson")
	sh.do("list", "--title", "solar", "-o", "json", "--contacts")
	sh.do("list", "--order", "asc", "-o", "csv")
	sh.do("list", "nothing at all")
	sh.do("list", "nothing at all", "-o", "json")
	sh.do("search", "roof_type", "in", "Tile,Metal")
	sh.do("search", "capacity", "gt", "5", "or", "title", "contains", "harbor", "--columns", "id,title")
	sh.do("history", "1")
	sh.do("properties")
	sh.golden("reading")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("properties", "create", "name=External id", "type=TEXT", "unique=true", "--columns", "keyName,unique")
	sh.do("update", "1", "custom.external_id=CRM/1", "--columns", "id,custom.external_id")
	sh.do("update", "2", "custom.external_id=CRM/1")
	sh.do("get", "--by", "external_id=CRM/1", "--columns", "id,title")
	sh.do("get", "--by", "custom.external_id=CRM/2")
	sh.do("get", "--by", "roof_type=Tile")
	sh.do("get", "--by", "external_id")
	sh.do("get", "--by", "external_id=CRM/1", "1")
	sh.do("create", "title=Sunrise", "address=x", "custom.external_id=CRM/1", "--match-by", "custom.external_id", "--on-match", "update", "--columns", "id,title")
	sh.do("properties", "update", "capacity", "unique=true", "--columns", "keyName,unique")
	sh.golden("keys")
}

func TestWriting(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("update", "1", "title=Sunrise = Solar", "custom.roof_type=metal", "primaryEmail=null", "custom.capacity=1.50", "custom.monitored=true", "custom.tags=Gold", "custom.tags=Silver")
	sh.do("update", "1", "custom.roof_type=Thatch", "--allow-new-options", "--dry-run", "--columns", "id,custom.roof_type,etag")
	sh.do("update", "1", "custom.roof_type=Thatch")
	sh.do("update", "1", "custom.roof_type=Thatch", "--allow-new-options", "--columns", "custom.roof_type,etag")
	sh.do("update", "1", "number=77", "--if-match", `"1-1"`)
	sh.do("update", "1", "title=Mine", "custom.capacity=2", "custom.tags=Bronze", "--allow-new-options", "--if-match", `"1-1"`)
	sh.do("update", "1", "title=Mine", "custom.tags=Gold", "--merge", "--if-match", `"1-1"`)
	sh.do("update", "1", "size=3", "custom.tags=Bronze", "--merge", "--if-match", `"1-1"`, "--allow-new-options", "--columns", "title,size,custom.tags")
	sh.do("update", "1", "size=null", "--merge")
	sh.do("update", "1", "title:=\"null\"", "address=A", "address=B", "isActive=true", "value=1.5", "number=77", "custom.tags=null", "--columns", "title,address,value,number,custom.tags")
	sh.do("update", "2", "number=77")
	sh.do("update", "1", "titel=x")
	sh.do("update", "1", "custom.roof_typ=Tile", "primaryEmail=nobody")
	sh.do("update", "1", "value+=0.5", "custom.capacity+=0.25", "custom.tags+=Gold", "custom.tags+=Silver", "address-=a", "title=Dawn", "primaryPhone?=415 555 0199", "--columns", "title,address,value,custom.capacity,custom.tags,primaryPhone")
	sh.do("update", "1", "custom.tags-=gold", "contacts-:=[1]", "description?=new", "primaryPhone?=1", "--columns", "custom.tags,contacts,description,primaryPhone")
	sh.do("update", "1", "title?=x")
	sh.do("update", "1", "value=1", "value+=1")
	sh.do("update", "1", "add=1")
	sh.do("update", "1", "+=1")
	sh.do("contacts", "update", "1", "title+=x")
	sh.do("update", "1", "title")
	sh.do("update", "1", "title=a", "title=b")
	sh.do("update", "1", "number=seven")
	sh.do("update", "1", "isActive=yes")
	sh.do("update", "1", "address:=[")
	sh.do("update", "x", "title=a")
	sh.do("update", "99", "title=a")
	sh.do("create", "title=Nair", "address=77 Alder Court", "accountType=RESIDENTIAL", "--columns", "id,title,accountType")
	sh.do("create", "title=nair", "address=B", "primaryPhone=(510) 555-0162", "--on-match", "enrich", "--columns", "id,title,primaryPhone")
	sh.do("create", "title=Nair", "address=B", "--match-by", "none", "--dry-run", "--columns", "title")
	sh.do("create")
	sh.do("create", "title=X")
	sh.do("contacts", "create", "title=X")
	sh.do("properties", "create", "name=X")
	sh.do("archive", "1", "3", "--columns", "id,title,isActive")
	sh.do("get", "3")
	sh.do("archive", "2", "99")
	sh.do("restore", "3", "--columns", "id,isActive")
	sh.do("delete", "3")
	sh.do("delete", "3", "--yes")
	sh.do("delete", "3", "-y")
	sh.do("--reason", "Größe", "update", "1", "size=3", "--columns", "size")
	sh.do("update", "1", "size=4", "--reason", "two\nlines")
	sh.do("history", "1", "--limit", "1", "--columns", "kind,reason,fields")
	sh.do("history", "3", "--columns", "kind,version,fields")
	sh.golden("writing")
}

func TestUpdateWhere(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("update-where", "roof_type", "in", "Tile,Metal", "set", "value+=0.1", "custom.tags+=Gold", "--dry-run")
	sh.do("update-where", "roof_type", "in", "Tile,Metal", "set", "value+=0.1", "custom.tags+=Gold")
	sh.do("update-where", "roof_type", "in", "Tile,Metal", "set", "value+=0.1", "custom.tags+=Gold", "--yes")
	sh.do("history", "1", "--limit", "1", "--columns", "version,fields")
	sh.do("update-where", "--title", "harbor", "--archived", "set", "custom.tags=Silver", "-y", "-o", "ndjson")
	sh.do("update-where", "title", "eq", "set", "or", "number", "eq", "1", "set", "title=Set", "--yes")
	sh.do("update-where", "number", "gt", "0", "set", "isActive=false", "--max", "1", "--yes")
	sh.do("update-where", "number", "gt", "0", "set", "number=5", "--yes")
	sh.do("update-where", "set", "isActive=false", "--yes")
	sh.do("update-where", "--words", "nothing at all", "set", "isActive=false", "--yes")
	sh.do("update-where", "number", "gt", "0", "isActive=false")
	sh.do("update-where", "number", "gt", "0", "set")
	sh.do("update-where", "number", "gt", "set", "isActive=false")
	sh.golden("where")
}

func TestContactsPropertiesAndKeys(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("contacts", "create", "name=Jo Park", "emails=jo@sunrise.example", "emails=park@sunrise.example", "accountIds=1")
	sh.do("contacts", "update", "1", "title=Manager", "phones:=[]")
	sh.do("contacts", "get", "1", "-o", "ndjson", "--columns", "id")
	sh.do("contacts", "list", "--account", "1")
	sh.do("get", "1", "--contacts", "--columns", "title,contacts")
	sh.do("contacts", "delete", "1", "--yes")
	sh.do("contacts", "get", "1")
	sh.do("contacts", "get")
	sh.do("properties", "create", "name=Stage", "type=DROPDOWN", "options=Lead", "options=Won, at last")
	sh.do("properties", "update", "roof_type", `renameOptions:=[{"from":"Tile","to":"Clay"}]`, "addOptions=Slate")
	sh.do("properties", "delete", "roof_type", "--yes")
	sh.do("properties", "delete", "roof_type", "--yes", "--force")
	sh.do("properties", "-o", "csv")
	sh.do("properties", "lst")
	sh.enter(password+"\n", "keys", "create", servertest.Email, "name=nightly", "scopes=read")
	sh.enter("wrong\n", "keys", "create", servertest.Email)
	sh.do("keys", "list")
	sh.do("keys", "revoke", "2", "--yes")
	sh.do("audit", "--columns", "sequence,at,actor,action,subject")
	sh.do("audit", "--action", "key.revoked", "--limit", "1", "-o", "ndjson")
	sh.do("audit", "--action", "other")
	sh.golden("directory")
}

func TestMerging(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("duplicates")
	sh.do("create", "title=Harbor Cafe", "address=7 Pier Road", "primaryEmail=Office@sunrise.example", "--match-by", "none", "--columns", "id,title,primaryEmail")
	sh.do("duplicates")
	sh.do("duplicates", "--reason", "title", "-o", "ndjson", "--columns", "count")
	sh.do("duplicates", "1", "--columns", "reasons,accounts")
	sh.do("duplicates", "--reason", "name")
	sh.do("duplicates", "1", "3")
	sh.do("merge", "2", "3", "--dry-run", "--columns", "id,address,primaryEmail")
	sh.do("merge", "2", "3")
	sh.do("merge", "2", "3", "--yes", "--take", "address=3", "--columns", "id,title,address,primaryEmail")
	sh.do("get", "3", "--columns", "id,title")
	sh.do("update", "3", "title=x")
	sh.do("merge", "2", "3", "-y")
	sh.do("merge", "2")
	sh.do("merge", "2", "1", "--take", "title")
	sh.do("history", "2", "--merged", "--columns", "kind,accountId,fields")
	sh.do("revert", "2", "0000000000000000005", "--columns", "id,address,primaryEmail")
	sh.do("get", "3", "--columns", "id,title")
	sh.golden("merging")
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.env = sh.env[:2] // without a server and a key
	sh.do("list")
	sh.enter(sh.s.Key+"\n", "profile", "set", "work", sh.s.URL)
	sh.enter("acc_wrong\n", "profile", "set", "home", sh.s.URL)
	sh.enter("", "profile", "set", "none", sh.s.URL)
	sh.enter("acc_any\n", "profile", "set", "none", "accounts.example.com")
	sh.do("profile", "list")
	sh.do("list", "--columns", "id")
	sh.do("list", "--profile", "home")
	sh.do("list", "--profile", "unknown")
	sh.do("list", "--url", "https://elsewhere.invalid/v1")
	sh.do("profile", "use", "home")
	sh.do("list")
	sh.do("profile", "remove", "home")
	sh.do("profile", "remove", "home")
	sh.do("profile", "list", "-o", "json")
	sh.golden("profiles")

	path := filepath.Join(sh.dir, "config.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("config file: %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := sh.run("", "list", "--profile", "work"); code != 1 || !strings.Contains(stderr, "chmod 600") {
		t.Errorf("a file that others may read: %d %s", code, stderr)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := sh.run("", "list"); code != 1 || !strings.Contains(stderr, "config.json") {
		t.Errorf("a broken file: %d %s", code, stderr)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	for _, args := range [][]string{
		{"lst"}, {"keys", "delete", "1"}, {"types", "rust"}, {"list", "--limit", "-1"}, {"get"}, {"get", "x"}, {"get", "0"}, {"get", "1", "--unknown"}, {"list", "-o", "xml"}, {"list", "two", "words"}, {"list", "--order", "up"},
		{"list", "--limit", "many"}, {"list", "--updated-after", "soon"}, {"search", "title"}, {"search", "a", "eq", "b", "xor", "c", "eq", "d"}, {"history", "1", "2"},
		{"list", "--url", "ftp://nowhere"}, {"profile", "set"}, {"profile", "use", "none"}, {"keys", "create"}, {"properties", "delete"}, {"delete", "1"},
		{"changes", "--follow", "-o", "json"}, {"changes", "--after", "1", "--position", "x"}, {"batch"}, {"users", "invite", "email"}, {"users", "disable", "1"}, {"users", "reset", "1", "2"},
	} {
		if stdout, stderr, code := sh.run("", args...); code != 2 || !strings.HasPrefix(lastLine(stderr), "accounts: ") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"nope"}, {"help", "nope"}, {"users", "help", "nope"}, {"help", "users", "nope"}, {"--help", "nope"}} {
		if _, stderr, code := sh.run("", args...); code != 2 || !strings.Contains(stderr, `there is no command "nope"; see accounts`) {
			t.Errorf("%v: exit %d\n%s", args, code, stderr)
		}
	}
	if stdout, stderr, code := sh.run("", "--help"); code != 0 || stderr != "" || !strings.Contains(stdout, "Exit codes") || !strings.Contains(stdout, "\n   completion ") {
		t.Errorf("help: %d %s", code, stderr)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{400: 3, 401: 4, 403: 4, 404: 5, 409: 6, 412: 7, 415: 3, 429: 8, 500: 1, 503: 9} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "3600") // so that it is not tried again
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"code":"CODE","detail":"what is wrong","requestId":"req-1"}`)
		}))
		t.Cleanup(web.Close)
		sh := &shell{t: t, env: []string{"RUN_ACCOUNTS=yes", "ACCOUNTS_URL=" + web.URL, "ACCOUNTS_KEY=k"}}
		_, stderr, code := sh.run("", "get", "1")
		if code != want || !strings.HasPrefix(stderr, "accounts: what is wrong\n") || strings.Contains(stderr, "req-1") != (status >= 500) {
			t.Errorf("%d: exit %d, want %d; %s", status, code, want, stderr)
		}
	}
}

func TestInterruptEndsALongCall(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(web.Close)
	sh := &shell{t: t, env: []string{"RUN_ACCOUNTS=yes", "ACCOUNTS_URL=" + web.URL, "ACCOUNTS_KEY=k"}}
	cmd := sh.command("list")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
		t.Error("the program asked nothing")
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit %d", code)
	}
}

// A record's text cannot command the terminal, and other programs get plain text.
func TestOutputIsPlain(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.s.Account(t, client.AccountCreate{Title: "\x1b[31mred\x1b[0m \u202ebackwards", Address: []string{"A"}})
	for _, args := range [][]string{{"list"}, {"get", "3"}, {"update", "3", "title=\x1b[31m", "value=x"}, {"update", "1", "\x1b[31m=1"}} {
		stdout, stderr, _ := sh.run("", args...)
		if strings.ContainsAny(stdout+stderr, "\x1b\u202e") {
			t.Errorf("%q: %q %q", args, stdout, stderr)
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	for _, shellName := range []string{"bash", "zsh", "fish", "pwsh"} {
		if stdout, stderr, code := sh.run("", "completion", shellName); code != 0 || stdout == "" {
			t.Errorf("%s: %d %s", shellName, code, stderr)
		}
	}
	for want, args := range map[string][]string{
		"update":              {"--generate-shell-completion"},
		"custom.<keyName>=":   {"update", "1", "--generate-shell-completion"},
		"match-by":            {"create", "--", "--generate-shell-completion"},
		"revoke":              {"keys", "--generate-shell-completion"},
		"accountIds=":         {"contacts", "create", "--generate-shell-completion"},
		"renameOptions=":      {"properties", "update", "k", "--generate-shell-completion"},
		"--allow-new-options": {"update", "--a", "--generate-shell-completion"},
	} {
		stdout, _, _ := sh.run("", args...)
		if !strings.Contains(stdout, want) {
			t.Errorf("%v offers %q, not %s", args, stdout, want)
		}
	}
}

// What is assigned is stored in the form that a PATCH gives it.
func TestFormsOfTexts(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.s.Define(t, client.PropertyCreate{Name: "Installed on", Type: client.Date})
	c := sh.s.Client
	for _, v := range []struct{ member, text string }{
		{"title", "\u200b José O’Neil\ufeff"}, {"title", "\u2060"}, {"description", "\u00adx"},
		{"primaryEmail", "a\u00adda@EXAMPLE.com\u200b"}, {"primaryEmail", "jose\u0301@example.com"}, {"primaryEmail", "ada@MÜNCHEN.example"}, {"primaryEmail", `"a b"@c.example`},
		{"primaryPhone", "0415 555 012"}, {"primaryPhone", "0049 30 901820"}, {"primaryPhone", "＋１４１５５５５０１４２"}, {"primaryPhone", "٤١٥٥٥٥٠١٤٢"},
		{"custom.installed_on", "2026-11-24t10:00:00z"}, {"custom.installed_on", "2016-12-31T23:59:60Z"}, {"custom.installed_on", "2026-11-24T10:00:00+0530"}, {"custom.roof_type", "\u200btile"},
	} {
		members := map[string]any{v.member: v.text}
		if key, ok := strings.CutPrefix(v.member, "custom."); ok {
			members = map[string]any{"custom": map[string]any{key: v.text}}
		}
		body, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		var patch client.AccountPatch
		if err := json.Unmarshal(body, &patch); err != nil {
			t.Fatal(err)
		}
		want, refused := c.Accounts.Update(t.Context(), 2, patch)
		_, stderr, code := sh.run("", "update", "1", v.member+"="+v.text)
		if (refused != nil) != (code == 3) || refused == nil && code != 0 {
			t.Errorf("%s=%q: exit %d %s; PATCH: %v", v.member, v.text, code, stderr, refused)
			continue
		}
		got, err := c.Accounts.Get(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if refused == nil && memberText(t, got, v.member) != memberText(t, want, v.member) {
			t.Errorf("%s=%q: stored %s, by PATCH %s", v.member, v.text, memberText(t, got, v.member), memberText(t, want, v.member))
		}
	}
	for _, args := range [][]string{{"list", "jose o'neil"}, {"list", "--title", "JOSE"}, {"search", "title", "contains", "jose"}} {
		if stdout, stderr, code := sh.run("", append(args, "--columns", "title")...); code != 0 || strings.Count(stdout, "José O’Neil") != 2 {
			t.Errorf("%v: exit %d %s%s", args, code, stdout, stderr)
		}
	}
}

// memberText is a member as an answer has it.
func memberText(t *testing.T, a *client.Account, member string) string {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	if key, ok := strings.CutPrefix(member, "custom."); ok {
		members, member = members["custom"].(map[string]any), key
	}
	return fmt.Sprint(members[member])
}

// Ids and times are read as the server reads them, before it is asked.
func TestStrictIDsAndTimes(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	for i, id := range []string{"01", "+1", "0", "-1", "1.0", "0x1", "１", " 1", "1_0", "9223372036854775808", ""} {
		for n, args := range [][]string{
			{"get", "--", id}, {"update", "--", id, "title=x"}, {"archive", "--", "1", id}, {"restore", "--", id}, {"delete", "--yes", "--", id}, {"history", "--", id},
			{"contacts", "get", "--", id}, {"contacts", "update", "--", id, "name=x"}, {"contacts", "delete", "--yes", "--", id}, {"keys", "revoke", "--yes", "--", id}, {"contacts", "list", "--account=" + id},
		} {
			if i > 0 && n > 0 {
				continue // Every command takes the first, and the first command every one.
			}
			if _, stderr, code := sh.run("", args...); code != 2 || !strings.Contains(stderr, fmt.Sprintf("%q is not an id", id)) {
				t.Errorf("%q: exit %d %s", args, code, stderr)
			}
		}
	}
	for _, flag := range []string{"--updated-after=", "--updated-before="} {
		for text, want := range map[string]int{
			"2026-11-24": 0, "2026-11-24T10:00:00Z": 0, "2026-11-24t10:00:00.5z": 0, "2016-12-31T23:59:60Z": 0, "2026-11-24T10:00:00+05:30": 0,
			"2026-11-24 10:00:00Z": 2, "2026-11-24T10:00:00": 2, "2026-11-24T10:00Z": 2, "2026-11-24T9:00:00Z": 2, "2026-11-24T10:00:00,5Z": 2, "2026-11-24T24:00:00Z": 2, "2026-1-2": 2, "today": 2,
		} {
			if _, stderr, code := sh.run("", "list", flag+text); code != want {
				t.Errorf("%s%s: exit %d, want %d: %s", flag, text, code, want, stderr)
			}
		}
	}
}
