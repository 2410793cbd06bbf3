//go:build unix

package main_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tour of README, from "make run" in a copy of the tree to the command line.
func TestPageReadme(t *testing.T) {
	t.Parallel()
	addr := spareAddress(t)
	s := newStage(t, t.TempDir(), map[string]string{"127.0.0.1:8080": addr})
	copyTree(t, s.dir)
	s.withNode(t, filepath.Join(s.dir, "data"))
	s.env = append(s.env, "ADDR="+addr)
	s.play(t, readPage(t, "README.md"))
}

// What is said of requests holds in order, as often as it is asked for, on each store.
func TestPageTour(t *testing.T) { onEachStore(t, testPageTour) }

func testPageTour(t *testing.T, db string) {
	p := sampleServer(t, db)
	s := newStage(t, p.dir, map[string]string{"http://127.0.0.1:8080": p.url})
	blocks := append(section(t, "README.md", "With curl"), readPage(t, "docs/api.md")...)
	for range 2 {
		s.play(t, blocks)
	}
	if _, contacts, err := call(t.Context(), "GET", p.url+"/v1/contacts?q=Ana%20Silva", p.key, ""); err != nil || strings.Count(contacts, `"name":"Ana Silva"`) != 1 {
		t.Errorf("%v %s", err, contacts)
	}
}

// section returns the blocks of a section of a page.
func section(t *testing.T, page, heading string) (blocks []*block) {
	t.Helper()
	for _, b := range readPage(t, page) {
		if b.section == heading {
			blocks = append(blocks, b)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has nothing under %q", page, heading)
	}
	return blocks
}

// sampled is a server with the sample company, and its folder with the key.
type sampled struct {
	*process
	dir, key string
}

func sampleServer(t *testing.T, db string) *sampled {
	t.Helper()
	key := mustRun(t, "init", "--db", db, "--company", "Sunrise Services", "--email", "ada@example.com", "--sample-data")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data", "key"), key+"\n")
	return &sampled{serve(t, db), dir, key}
}

// copyTree copies what is in the repository, and what is going to be.
func copyTree(t *testing.T, dir string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = "../../.."
	names, err := list.Output()
	if err != nil {
		t.Fatalf("list the files of the repository: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		from := filepath.Join(list.Dir, name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // It is removed, and this is not committed yet.
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
		if err := os.Chmod(filepath.Join(dir, name), info.Mode()&fs.ModePerm); err != nil {
			t.Fatal(err)
		}
	}
}
