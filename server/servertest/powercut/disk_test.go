package powercut_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/servertest/powercut"
)

var fileOf = regexp.MustCompile(`<([a-z-]*)>`)

// calls writes calls as strace does, one a millisecond. A file of the folder is given
// as <name>, the folder as <>, and in texts as %s.
func calls(folder string, lines ...string) string {
	var b strings.Builder
	for i, line := range lines {
		line = fileOf.ReplaceAllStringFunc(line, func(name string) string {
			return "<" + hex(filepath.Join(folder, strings.Trim(name, "<>"))) + ">"
		})
		parts := strings.Split(line, `"`)
		for at := 1; at < len(parts); at += 2 {
			parts[at] = hex(strings.Replace(parts[at], "%s", folder, 1))
		}
		fmt.Fprintf(&b, "7 1795865681.%06d %s <0.000100>\n", i*1000, strings.Join(parts, `"`))
	}
	return b.String()
}

func hex(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}

func TestDisk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		calls      []string
		lost, kept string // the files, by name
	}{
		"a write":             {[]string{`pwrite64(8<a>, "NEW", 3, 2) = 3`}, "a=before", "a=beNEWe"},
		"a synced write":      {[]string{`pwrite64(8<a>, "NEW", 3, 2) = 3`, `fdatasync(8<a>) = 0`}, "a=beNEWe", "a=beNEWe"},
		"of another file":     {[]string{`open("%s/b", O_RDWR|O_CREAT, 0600) = 9<b>`, `pwrite64(8<a>, "NEW", 3, 2) = 3`, `fdatasync(9<b>) = 0`}, "a=before", "a=beNEWe b="},
		"a failed sync":       {[]string{`pwrite64(8<a>, "NEW", 3, 2) = 3`, `fdatasync(8<a>) = -1 EIO (Input/output error)`}, "a=before", "a=beNEWe"},
		"behind the sync":     {[]string{`fsync(8<a>) = 0`, `pwrite64(8<a>, "NEW", 3, 2) = 3`}, "a=before", "a=beNEWe"},
		"beyond the end":      {[]string{`pwrite64(8<a>, "!", 1, 7) = 1`}, "a=before", "a=before\x00!"},
		"a cut":               {[]string{`ftruncate(8<a>, 2) = 0`}, "a=before", "a=be"},
		"a new file":          {[]string{`openat(3<>, "%s/c", O_RDWR|O_CREAT, 0600) = 9<c>`, `pwrite64(9<c>, "new", 3, 0) = 3`, `fsync(9<c>) = 0`}, "a=before", "a=before c=new"},
		"in a synced folder":  {[]string{`open("%s/c", O_RDWR|O_CREAT, 0600) = 9<c>`, `fsync(4<>) = 0`, `pwrite64(9<c>, "new", 3, 0) = 3`}, "a=before c=", "a=before c=new"},
		"one that was there":  {[]string{`open("%s/a", O_RDWR|O_CREAT, 0600) = 9<a>`}, "a=before", "a=before"},
		"emptied when opened": {[]string{`open("%s/a", O_RDWR|O_TRUNC, 0600) = 9<a>`}, "a=before", "a="},
		"removed":             {[]string{`unlink("%s/a") = 0`}, "a=before", ""},
		"removed for good":    {[]string{`unlink("%s/a") = 0`, `fsync(4<>) = 0`}, "", ""},
		"renamed":             {[]string{`rename("%s/a", "%s/c") = 0`}, "a=before", "c=before"},
		"not in the folder":   {[]string{`unlink("/elsewhere/a") = 0`, `pwrite64(9</x>, "new", 3, 0) = 3`}, "a=before", "a=before"},
		"kept in memory":      {[]string{`open("%s/a-shm", O_RDWR|O_CREAT, 0600) = 9<a-shm>`, `pwrite64(9<a-shm>, "new", 3, 0) = 3`}, "a=before", "a=before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "a"), []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			lost, kept, _, err := powercut.After(folder, calls(folder, test.calls...), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := listed(lost); got != test.lost {
				t.Errorf("if all is lost: %q, want %q", got, test.lost)
			}
			if got := listed(kept); got != test.kept {
				t.Errorf("if nothing is lost: %q, want %q", got, test.kept)
			}
		})
	}
}

// listed are files and their contents.
func listed(files map[string][]byte) string {
	var all []string
	for name, data := range files {
		all = append(all, name+"="+string(data))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// A torn write is there by whole sectors.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a"), []byte(strings.Repeat("-", 4000)), 0o600); err != nil {
		t.Fatal(err)
	}
	tears := 0
	for seed := range uint64(10) {
		_, _, torn, err := powercut.After(folder, calls(folder, `pwrite64(8<a>, "`+strings.Repeat("x", 2000)+`", 2000, 1000) = 2000`), seed)
		if err != nil {
			t.Fatal(err)
		}
		data := string(torn["a"])
		if written := strings.Count(data, "x"); 0 < written && written < 2000 {
			tears++
		}
		for from, to := range map[int]int{0: 1000, 1000: 1024, 1024: 1536, 1536: 2048, 2048: 2560, 2560: 3000, 3000: 4000} {
			if part := data[from:to]; strings.Trim(part, "x") != "" && strings.Trim(part, "-") != "" {
				t.Errorf("from %d to %d: %q", from, to, part)
			}
		}
	}
	if tears == 0 {
		t.Error("nothing is torn")
	}
}

// Calls of several threads are told in two pieces.
func TestUnfinishedCall(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	a := hex(folder + "/a")
	if err := os.WriteFile(filepath.Join(folder, "a"), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	// What is written while a sync goes on is not synced.
	trace := "7 1795865681.000100 pwrite64(8<" + a + `>, "` + hex("ONE") + `", 3, 0) = 3 <0.000010>` + "\n" +
		"7 1795865681.000200 fdatasync(8<" + a + "> <unfinished ...>\n" +
		"8 1795865681.000300 pwrite64(8<" + a + `>, "` + hex("TWO") + `", 3, 3) = 3 <0.000010>` + "\n" +
		"7 1795865681.000400 <... fdatasync resumed>) = 0 <0.000200>\n" +
		"8 1795865681.000500 +++ exited with 0 +++\n"
	lost, kept, _, err := powercut.After(folder, trace, 1)
	if err != nil || listed(lost) != "a=ONEore" || listed(kept) != "a=ONETWO" {
		t.Errorf("%s, %s, %v", listed(lost), listed(kept), err)
	}
}

// A call that would go unnoticed is an error.
func TestUnknownCall(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, call := range []string{`write(8<a>, "new", 3) = 3`, `fallocate(8<a>, 0, 0, 4096) = 0`, `rename("%s/a", "/elsewhere") = 0`} {
		if _, _, _, err := powercut.After(folder, calls(folder, call), 1); err == nil {
			t.Errorf("%s was passed over", call)
		}
	}
}
