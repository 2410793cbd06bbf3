package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// file makes a file of the shell's folder, and returns its path.
func (sh *shell) file(name, text string) string {
	sh.t.Helper()
	path := filepath.Join(sh.dir, name)
	must(sh.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestChanges(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	position := filepath.Join(sh.dir, "position")
	sh.do("changes", "--columns", "sequence,at,kind,accountId,actor")
	sh.do("changes", "--limit", "1", "-o", "ndjson", "--position", position)
	sh.do("changes", "-o", "csv", "--position", position)
	sh.do("changes", "-o", "ndjson", "--position", position)
	sh.do("changes", "--after", "9999999999999999999")
	sh.golden("changes")
}

// A change is shown while the program follows, once, and the next run begins
// after it.
func TestFollow(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	position := filepath.Join(sh.dir, "position")
	for i, output := range []string{"table", "ndjson", "csv"} {
		cmd := sh.command("changes", "--follow", "--position", position, "-o", output, "--columns", "kind,accountId,fields")
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		seen := bufio.NewScanner(out)
		title := fmt.Sprintf("Title %d", i)
		_, err = sh.s.Client.Accounts.Update(t.Context(), 1, client.AccountPatch{Title: client.Set(title)})
		must(t, err)
		times := 0
		for seen.Scan() {
			if strings.Contains(seen.Text(), fmt.Sprintf("Title %d", i-1)) && !strings.Contains(seen.Text(), title) {
				t.Errorf("%s: shown again: %s", output, seen.Text())
			}
			if strings.Contains(seen.Text(), title) {
				times++
				_ = cmd.Process.Signal(syscall.SIGINT)
			}
		}
		if err := cmd.Wait(); err != nil || times != 1 {
			t.Errorf("%s: %v; shown %d times", output, err, times)
		}
	}
}

// A server that is away for longer than one call waits for it does not end who follows.
func TestFollowOutlivesTheServer(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	server, err := url.Parse(strings.TrimSuffix(sh.s.URL, "/v1"))
	must(t, err)
	proxy, asked := httputil.NewSingleHostReverseProxy(server), atomic.Int32{}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); n > 1 && n < 8 {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(gateway.Close)
	cmd := sh.command("--url", gateway.URL+"/v1", "changes", "--follow", "--limit", "3", "-o", "ndjson")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	seen := bufio.NewScanner(out)
	for n := 1; seen.Scan(); n++ {
		if n == 2 {
			_, err = sh.s.Client.Accounts.Update(t.Context(), 1, client.AccountPatch{Title: client.Set("Later")})
			must(t, err)
		}
	}
	if err := cmd.Wait(); err != nil || asked.Load() < 8 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	good := sh.file("good.ndjson", `{"id":1,"set":{"title":"Sunrise","custom":{"capacity":1.50,"roof_type":null}}}`+"\n\n"+`{"id":2,"set":{"primaryEmail":"harbor@example.com"}}`+"\n")
	sh.do("batch", good, "--dry-run", "--columns", "id,title,primaryEmail,custom.capacity")
	sh.do("batch", good, "--columns", "id,title,primaryEmail,custom.capacity")
	sh.do("batch", sh.file("tag.ndjson", `{"id":1,"ifMatch":"\"1-1\"","set":{"title":"x"}}`), "--atomic")
	since := sh.file("since.ndjson", `{"id":2,"ifMatch":"\"2-1\"","set":{"size":5}}`+"\n\n"+`{"id":1,"ifMatch":"\"1-1\"","set":{"title":"Mine","size":5}}`)
	sh.do("batch", since, "--merge")
	sh.do("batch", sh.file("beside.ndjson", `{"id":1,"ifMatch":"\"1-1\"","set":{"size":5}}`), "--merge", "--columns", "title,size")
	sh.do("batch", sh.file("offences.ndjson", `{"id":1,"set":{"title":"Sunset"}}`+"\n\n"+`{"id":2,"set":{"title":"","number":1}}`))
	sh.do("batch", sh.file("label.ndjson", `{"id":1,"set":{"custom":{"roof_type":"Thatch"}}}`), "--allow-new-options", "--columns", "custom.roof_type")
	sh.enter(`{"id":1,"sett":{}}`, "batch", "-")
	sh.enter("{\"id\":1,\"set\":{}}\n{}", "batch", "-")
	sh.enter("{\"id\":1,\"set\":{}} 1", "batch", "-")
	sh.enter("\ufeff{\"id\":1,\"set\":{}}\r\n", "batch", "-", "--columns", "id,titel,custom.none,value")
	sh.enter("\n", "batch", "-")
	sh.do("batch", sh.file("latin.ndjson", "{\"id\":1,\"set\":{\"title\":\"Gr\xf6\xdfe\"}}"))
	if _, stderr, code := sh.run("", "update", "1", "title=Gr\xf6\xdfe"); code != 2 || !strings.Contains(stderr, "not in UTF-8") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	sh.do("batch", sh.file("long.ndjson", "\n{\"id\":1,\"set\":{\"description\":\""+strings.Repeat("x", maxLine)+"\"}}"))
	sh.do("batch", filepath.Join(sh.dir, "none.ndjson"))
	var many strings.Builder
	for i := range 501 {
		fmt.Fprintf(&many, `{"id":2,"set":{"size":%d}}`+"\n", i)
	}
	all := sh.file("many.ndjson", many.String())
	sh.do("batch", all, "--atomic")
	sh.do("get", "2", "--columns", "size")
	if stdout, stderr, code := sh.run("", "batch", all, "-o", "ndjson"); code != 0 || strings.Count(stdout, "\n") != 501 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	sh.do("get", "2", "--columns", "size")
	sh.do("batch", sh.file("late.ndjson", many.String()+`{"id":99,"set":{"size":1}}`))
	sh.golden("batch")
}

// Lines may create, update and upsert, by ids and by keys; each gets a receipt.
func TestBatchOfItems(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.s.Define(t, client.PropertyCreate{Name: "External id", Type: client.Text, Unique: true})
	const keyed = `{"match":"custom.external_id","upsert":{"title":%q,"address":["1 Quay"],"custom":{"external_id":%q}}}` + "\n"
	items := sh.file("items.ndjson", fmt.Sprintf(keyed, "Pier 39 Fish", "C-39")+"\n"+
		`{"id":1,"ifMatch":"\"1-1\"","update":{"title":"Sunrise","add":{"value":500}}}`+"\n"+
		`{"create":{"title":"Quay Books","address":["2 Quay"],"custom":{"external_id":"C-40"}}}`+"\n"+
		`{"match":"custom.external_id","update":{"custom":{"external_id":"C-40"},"size":4}}`+"\n"+
		`{"id":2,"set":{"title":"Harbor"}}`+"\n"+fmt.Sprintf(keyed, "Pier 39 Fish", "C-39"))
	sh.do("batch", items, "--dry-run")
	sh.do("batch", items)
	sh.do("batch", items, "--atomic")
	some := sh.file("some.ndjson", fmt.Sprintf(keyed, "Pier 39 Fish & Chips", "C-39")+
		`{"id":99,"update":{"size":1}}`+"\n\n"+`{"id":2,"update":{"number":1}}`+"\n"+`{"id":2,"set":{"custom":{"external_id":"C-39"}}}`)
	sh.do("batch", some)
	sh.do("batch", sh.file("wrong.ndjson", fmt.Sprintf(keyed, "Pier 39 Fish", "C-39")+`{"id":2,"update":{"title":""}}`), "--each")
	sh.do("batch", some, "--each", "--dry-run")
	sh.do("batch", some, "--each")
	sh.do("batch", some, "--each", "-o", "json")
	sh.do("batch", some, "--each", "-o", "csv")
	taken := `{"id":1,"set":{"custom":{"external_id":"C-39"}}}`
	sh.enter(taken, "batch", "-", "--each", "-o", "ndjson")
	sh.enter(taken, "batch", "-", "--each", "--atomic")
	sh.enter(taken, "batch", "-", "--each", "--merge")
	for _, wrong := range []string{
		`{}`, `{"update":{}}`, `{"upsert":{}}`, `{"id":1,"create":{},"update":{}}`, `{"id":1,"set":{},"match":"title"}`, `{"id":1,"set":{},"update":{}}`,
	} {
		sh.enter(wrong, "batch", "-")
	}
	many := strings.Repeat(`{"id":2,"update":{"size":1}}`+"\n", maxBatch) + `{"id":99,"update":{"size":1}}`
	sh.do("batch", sh.file("many.ndjson", many))
	if stdout, stderr, code := sh.run(many, "batch", "-", "--each", "-o", "ndjson"); code != 3 || !strings.Contains(stdout, `{"line":501,"status":"failed"`) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	sh.golden("batch_items")
}

func TestUsers(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.do("users", "invite", "email=Lin@example.com", "firstName=Lin")
	sh.do("users", "invite", "email=lin@example.com")
	sh.do("users", "invite", "firstName=Lin")
	sh.do("users", "invite-again", "2", "--columns", "id,email,token")
	sh.do("users", "invite-again", "1")
	sh.do("users", "invite-again")
	sh.do("users", "list")
	sh.do("users", "disable", "2")
	sh.do("users", "disable", "2", "--yes")
	sh.do("users", "enable", "2", "-o", "ndjson")
	sh.do("users", "disable", "1", "--yes")
	sh.do("users", "reset", "1", "--yes", "--columns", "id,email,token")
	sh.do("users", "reset", "9", "--yes")
	sh.golden("users")
}
