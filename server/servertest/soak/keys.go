package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// keysOnSQLite and keysOnPostgres have two imports at once make accounts by the keys of
// another system, twice, from so many rows, half of which are in both files.
func keysOnSQLite(ctx context.Context, binary string, rows int) error {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("on SQLite:")
	return importTwice(ctx, binary, filepath.Join(dir, "accounts.db"), rows)
}

func keysOnPostgres(ctx context.Context, binary string, rows int) error {
	return onCluster(ctx, pgtest.Options{}, func(cluster *pgtest.Cluster) error {
		fmt.Println("on PostgreSQL:")
		return importTwice(ctx, binary, cluster.URL(database), rows)
	})
}

// keyed is a database, and two files that are imported into it.
type keyed struct {
	*fleet
	files []*keyedFile
}

// importTwice imports both files at once, and again, and judges what is there each time.
func importTwice(ctx context.Context, binary, db string, rows int) error {
	f, err := newFleet(ctx, binary, db, 0) // which has no servers
	if err != nil {
		return err
	}
	k := &keyed{fleet: f}
	if _, err := k.run(ctx, "property", "create", "--db", db, "--company", "Sunrise", "--name", "Ext", "--type", "TEXT", "--unique"); err != nil {
		return err
	}
	if k.files, err = writeKeyedFiles(f.folder, rows); err != nil {
		return err
	}
	if err := k.importBoth(ctx); err != nil {
		return fmt.Errorf("%w\nthe files are in %s", err, f.folder)
	}
	return nil
}

func (k *keyed) importBoth(ctx context.Context) error {
	whole := k.whole()
	first, err := k.importAtOnce(ctx, "first")
	if err != nil {
		return err
	}
	if first.created != len(whole) || first.updated != 0 {
		return fmt.Errorf("the first run: %v; there are %d keys", first, len(whole))
	}
	before, err := k.judge(ctx, whole)
	if err != nil {
		return err
	}
	second, err := k.importAtOnce(ctx, "second")
	if err != nil {
		return err
	}
	if second.created != 0 || second.updated != 0 {
		return fmt.Errorf("the second run changes something: %v", second)
	}
	after, err := k.judge(ctx, whole)
	if err == nil && after != before {
		err = fmt.Errorf("the second run has written history:\n%s\nbefore:\n%s", after, before)
	}
	return err
}

// whole are the keys of rows that are not cut, in either file, with the titles.
func (k *keyed) whole() map[string]string {
	whole := make(map[string]string)
	for _, f := range k.files {
		for _, n := range f.whole {
			whole[keyOf(n)] = titleOf(n)
		}
	}
	return whole
}

// tally adds up what imports say that they have done.
type tally struct{ rows, created, updated, unchanged, rejected int }

func (t tally) String() string {
	return fmt.Sprintf("%d rows: %d created, %d updated, %d unchanged, %d rejected", t.rows, t.created, t.updated, t.unchanged, t.rejected)
}

func (t *tally) add(o tally) {
	t.rows, t.created, t.updated = t.rows+o.rows, t.created+o.created, t.updated+o.updated
	t.unchanged, t.rejected = t.unchanged+o.unchanged, t.rejected+o.rejected
}

// importAtOnce imports each file by a process of its own, both at once.
func (k *keyed) importAtOnce(ctx context.Context, name string) (all tally, err error) {
	began := time.Now()
	counts, errs := make([]tally, len(k.files)), make([]error, len(k.files))
	var group sync.WaitGroup
	for i, f := range k.files {
		group.Go(func() { counts[i], errs[i] = k.importFile(ctx, f, name) })
	}
	group.Wait()
	took := time.Since(began)
	for i, f := range k.files {
		all.add(counts[i])
		errs[i] = errors.Join(errs[i], f.checkRejects(name))
	}
	if err := errors.Join(errs...); err != nil {
		return all, fmt.Errorf("the %s run: %w", name, err)
	}
	fmt.Printf("  the %s run of %d imports at once: %v, in %v: %.0f rows per second\n",
		name, len(k.files), all, took.Round(10*time.Millisecond), float64(all.rows)/took.Seconds())
	return all, nil
}

func (k *keyed) importFile(ctx context.Context, f *keyedFile, name string) (t tally, err error) {
	cmd := exec.CommandContext(ctx, k.binary, "import", f.path, "--db", k.db, "--email", "ada@example.com",
		"--match-by", "custom.ext", "--strategy", "update", "--rejected", f.rejects(name))
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 3 && len(f.cut) > 0 {
		err = nil // It has left rows out, as it should.
	}
	_, said, _ := strings.Cut(string(out), f.path+": ")
	if _, scanned := fmt.Sscanf(said, "%d rows: %d created, %d updated, %d unchanged, %d rejected", &t.rows, &t.created, &t.updated, &t.unchanged, &t.rejected); err == nil {
		err = scanned
	}
	if err != nil {
		return t, fmt.Errorf("import %s: %w\n%s", f.path, err, out)
	}
	return t, nil
}

// judge looks whether each whole row is there once, and nothing else, and returns what
// the history ends in.
func (k *keyed) judge(ctx context.Context, whole map[string]string) (history string, err error) {
	out, err := k.run(ctx, "export", "--db", k.db, "--company", "Sunrise", "--format", "ndjson", "--include-archived")
	if err != nil {
		return "", err
	}
	seen := make(map[string]bool)
	for line := range bytes.Lines(out) {
		var a struct {
			Title  string
			Custom struct{ Ext string }
		}
		if err := json.Unmarshal(line, &a); err != nil {
			return "", err
		}
		if key := a.Custom.Ext; seen[key] || whole[key] != a.Title {
			return "", fmt.Errorf("an account that is there twice, or that no row has: %s", line)
		}
		seen[a.Custom.Ext] = true
	}
	if len(seen) != len(whole) {
		return "", fmt.Errorf("%d accounts are there of %d whole rows", len(seen), len(whole))
	}
	out, err = k.run(ctx, "verify", "--db", k.db)
	return string(out), err
}

func (k *keyed) run(ctx context.Context, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, k.binary, args...).Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w", args[0], withOutput(err))
	}
	return out, nil
}
