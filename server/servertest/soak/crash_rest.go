package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/servertest/powercut"
)

// rest is what goes on beside the writers when a server is killed: an option is
// renamed, properties are removed with their values, a user is moved off the former
// path and back, a file is imported, and a database of the first release is migrated.
type rest struct {
	binary, dir, db string

	user     int64  // who is moved
	steps    int    // of the moves, that were answered
	logged   int    // of them that the audit log has
	position string // in the audit log
	stage    int    // in the name of the option, as it was answered last
	removed  int    // properties
	imports  int

	importing bool // one was killed with the server
}

// The accounts with the option, and with the properties that are removed. The writers
// have none of them.
const (
	stagedAccount  = writers + 6
	removedAccount = writers + 7
)

// importedRows are in each file.
const importedRows = 60

// often is how many kills there are to an import and to a look at the whole database.
const often = 10

// prepare makes what is written to.
func (r *rest) prepare(c caller) error {
	var user struct{ User struct{ ID int64 } }
	if err := c.ask("POST", "/users", `{"email":"former@example.com"}`, &user); err != nil {
		return err
	}
	r.user = user.User.ID
	return errors.Join(
		c.ask("POST", "/properties", `{"name":"Soak stage","type":"DROPDOWN","options":["Stage 0"]}`, nil),
		c.ask("PATCH", fmt.Sprintf("/accounts/%d", stagedAccount), `{"custom":{"soak_stage":"Stage 0"}}`, nil),
	)
}

// work goes on until the server is gone.
func (r *rest) work(c caller, group *sync.WaitGroup) {
	group.Go(func() { r.rename(c) })
	group.Go(func() { r.remove(c) })
	group.Go(func() { r.move(c) })
}

func (r *rest) rename(c caller) {
	for {
		body := fmt.Sprintf(`{"renameOptions":[{"from":"Stage %d","to":"Stage %d"}]}`, r.stage, r.stage+1)
		if c.ask("PATCH", "/properties/soak_stage", body, nil) != nil {
			return
		}
		r.stage++
	}
}

func (r *rest) remove(c caller) {
	for ; ; r.removed++ {
		key := fmt.Sprintf("soak_%d", r.removed)
		err := c.ask("POST", "/properties", fmt.Sprintf(`{"name":"Soak %d","type":"TEXT"}`, r.removed), nil)
		if err == nil {
			err = c.ask("PATCH", fmt.Sprintf("/accounts/%d", removedAccount), fmt.Sprintf(`{"custom":{%q:"x"}}`, key), nil)
		}
		if err == nil {
			err = c.ask("DELETE", "/properties/"+key+"?force=true", "", nil)
		}
		if err != nil {
			return
		}
	}
}

func (r *rest) move(c caller) {
	for {
		for _, step := range []string{"notify", "rollback"} {
			body := ""
			if step == "notify" {
				body = `{"message":"Please move."}`
			}
			err := c.ask("POST", fmt.Sprintf("/alias-migrations/%d/%s", r.user, step), body, nil)
			if _, refused := errors.AsType[refusal](err); err != nil && !refused {
				return
			}
			if err == nil {
				r.steps++
			}
		}
	}
}

// check looks for what was answered, and brings to an end what was cut off.
func (r *rest) check(ctx context.Context, c caller, kill int) error {
	return errors.Join(r.checkStage(c), r.checkRemoved(c), r.checkSteps(c), r.finishImport(ctx, c), r.migrate(ctx), r.verify(ctx, kill))
}

func (r *rest) checkStage(c caller) error {
	var list struct {
		Account []struct {
			KeyName string
			Options []string
		}
	}
	var account struct{ Custom map[string]any }
	if err := errors.Join(c.ask("GET", "/properties", "", &list), c.ask("GET", fmt.Sprintf("/accounts/%d", stagedAccount), "", &account)); err != nil {
		return err
	}
	for _, p := range list.Account {
		if p.KeyName != "soak_stage" {
			continue
		}
		if len(p.Options) != 1 || account.Custom["soak_stage"] != p.Options[0] {
			return fmt.Errorf("the options are %q, and the account has %q", p.Options, account.Custom["soak_stage"])
		}
		got := 0
		if _, err := fmt.Sscanf(p.Options[0], "Stage %d", &got); err != nil || got < r.stage || got > r.stage+1 {
			return fmt.Errorf("the option is %q, and stage %d was answered", p.Options[0], r.stage)
		}
		r.stage = got
		return nil
	}
	return errors.New("the property soak_stage is lost")
}

// checkRemoved looks whether the account has values of properties that are gone.
func (r *rest) checkRemoved(c caller) error {
	var list struct{ Account []struct{ KeyName string } }
	var account struct{ Custom map[string]any }
	if err := errors.Join(c.ask("GET", "/properties", "", &list), c.ask("GET", fmt.Sprintf("/accounts/%d", removedAccount), "", &account)); err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, p := range list.Account {
		known[p.KeyName] = true
		var number int
		if _, err := fmt.Sscanf(p.KeyName, "soak_%d", &number); err == nil && number < r.removed {
			return fmt.Errorf("the property %s is there again", p.KeyName)
		}
	}
	for key := range account.Custom {
		if !known[key] {
			return fmt.Errorf("the account has a value of %s, which is gone", key)
		}
	}
	if known[fmt.Sprintf("soak_%d", r.removed)] { // which may have been made without an answer
		return c.ask("DELETE", fmt.Sprintf("/properties/soak_%d?force=true", r.removed), "", nil)
	}
	return nil
}

func (r *rest) checkSteps(c caller) error {
	for {
		var page struct {
			Entries []struct{ Sequence, Action string }
		}
		if err := c.ask("GET", "/audit?page_size=100&after="+cmp.Or(r.position, "0"), "", &page); err != nil {
			return err
		}
		if len(page.Entries) == 0 {
			break
		}
		for _, e := range page.Entries {
			r.position = e.Sequence
			if strings.HasPrefix(e.Action, "alias.") {
				r.logged++
			}
		}
	}
	if r.logged < r.steps || r.logged > r.steps+1 {
		return fmt.Errorf("%d steps of a move are in the audit log, and %d were answered", r.logged, r.steps)
	}
	r.steps = r.logged
	return nil
}

// importFile begins an import, which is killed with the server.
func (r *rest) importFile(ctx context.Context, kill int) *exec.Cmd {
	if kill%often != 0 {
		return nil
	}
	r.imports++
	var rows strings.Builder
	rows.WriteString("title,address\n")
	for i := range importedRows {
		fmt.Fprintf(&rows, "Import %d row %d,1 Main St\n", r.imports, i)
	}
	if os.WriteFile(r.file(), []byte(rows.String()), 0o600) != nil {
		return nil
	}
	cmd := r.importCommand(ctx)
	if cmd.Start() != nil {
		return nil
	}
	r.importing = true
	return cmd
}

func (r *rest) file() string { return filepath.Join(r.dir, fmt.Sprintf("import%d.csv", r.imports)) }

// finishImport goes on with the import that was killed, and looks whether each row is
// there once. If it had ended, it finds all rows there.
func (r *rest) finishImport(ctx context.Context, c caller) error {
	if !r.importing {
		return nil
	}
	r.importing = false
	if out, err := r.importCommand(ctx).CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w\n%s", err, out)
	}
	return r.checkImport(c)
}

func (r *rest) importCommand(ctx context.Context) *exec.Cmd {
	return exec.CommandContext(ctx, r.binary, "import", "--db", r.db, "--company", "Sunrise", "--email", "ada@example.com", "--match-by", "title", r.file())
}

func (r *rest) checkImport(c caller) error {
	seen := make(map[string]int)
	var found []struct{ Title string }
	if err := c.ask("GET", fmt.Sprintf("/accounts?page_size=100&title=Import%%20%d%%20row", r.imports), "", &found); err != nil {
		return err
	}
	for _, a := range found {
		seen[a.Title]++
	}
	for i := range importedRows {
		if title := fmt.Sprintf("Import %d row %d", r.imports, i); seen[title] != 1 {
			return fmt.Errorf("%s is there %d times", title, seen[title])
		}
	}
	return nil
}

// migrate has a database of the first release migrated, and killed meanwhile.
func (r *rest) migrate(ctx context.Context) error {
	old := filepath.Join(r.dir, "old.db")
	if err := powercut.Unzip(oldDatabase, old); err != nil {
		return err
	}
	defer func() {
		left, _ := filepath.Glob(old + "*")
		for _, path := range left {
			_ = os.Remove(path)
		}
	}()
	cut := exec.CommandContext(ctx, r.binary, "migrate", "up", "--db", old)
	if err := cut.Start(); err != nil {
		return err
	}
	time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = cut.Process.Kill() })
	_ = cut.Wait()
	for _, args := range [][]string{{"migrate", "up", "--db", old}, {"verify", "--db", old}} {
		if out, err := exec.CommandContext(ctx, r.binary, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// verify looks at the whole database, once in a while.
func (r *rest) verify(ctx context.Context, kill int) error {
	if kill%often != 0 {
		return nil
	}
	if out, err := exec.CommandContext(ctx, r.binary, "verify", "--db", r.db).CombinedOutput(); err != nil {
		return fmt.Errorf("verify: %w\n%s", err, out)
	}
	return nil
}
