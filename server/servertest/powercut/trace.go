// Package powercut finds out what is left of a database when the power fails. It
// records what a real server asks of the file system, and makes from that the states
// in which a disk could be at any moment: what was not synced is there, is not, is
// torn between two sectors, or has come in another order.
package powercut

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// calls are those that change files, as strace names them. A server that changes one
// by another call would not be seen, so the others that could are among them, and are
// errors.
var calls = []string{
	"open", "openat", "creat", "pwrite64", "ftruncate", "fsync", "fdatasync", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"write", "writev", "pwritev", "pwritev2", "truncate", "fallocate", "copy_file_range", "sendfile", "sync_file_range", "link", "linkat", "symlink", "symlinkat",
}

// kind is what a call does to a file.
type kind int

const (
	written   kind = iota // data at an offset
	cut                   // to a size
	synced                // all that was written before
	made                  // an empty file with a name
	removed               // a name
	renamed               // from a name
	dirSynced             // all names that were given before
)

// event is a call that has changed the folder of the database.
type event struct {
	kind       kind
	begin, end time.Time
	name, from string // of files in the folder
	data       []byte
	at         int64 // an offset, or a size
	of         *file // whose name is changed
}

// readTrace reads what strace has written of a server, about the files in a folder.
// Those that were there before are known.
func readTrace(r io.Reader, folder string, known map[string]bool) ([]event, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<30)
	begun := make(map[string]string) // what was not finished, by process
	var events []event
	for lines.Scan() {
		process, line, _ := strings.Cut(lines.Text(), " ")
		line = strings.TrimSpace(line)
		if start, unfinished := strings.CutSuffix(line, " <unfinished ...>"); unfinished {
			begun[process] = start
			continue
		}
		if _, rest, resumed := strings.Cut(line, " resumed>"); resumed {
			line = begun[process] + rest
			delete(begun, process)
		}
		e, ok, err := parseCall(line, folder, known)
		if err != nil {
			return nil, err
		}
		if ok {
			events = append(events, e)
		}
	}
	return events, lines.Err()
}

// parseCall reads a finished call, as in
//
//	1795865681.130680 open("/x/a.db-wal", O_RDWR|O_CREAT, 0600) = 8</x/a.db-wal> <0.000054>
//
// It is false of one that has changed nothing in the folder.
func parseCall(line, folder string, known map[string]bool) (e event, ok bool, err error) {
	stamp, call, _ := strings.Cut(line, " ")
	name, args, isCall := strings.Cut(call, "(")
	end := strings.LastIndex(args, ") = ")
	if !isCall || end < 0 || strings.HasPrefix(args[end+4:], "-1") || strings.HasPrefix(args[end+4:], "?") {
		return e, false, nil
	}
	if e.begin, err = parseStamp(stamp); err != nil {
		return e, false, err
	}
	took := args[strings.LastIndex(args, "<")+1:]
	lasted, err := time.ParseDuration(strings.TrimSuffix(took, ">") + "s")
	if err != nil {
		return e, false, fmt.Errorf("read a trace: %w", err)
	}
	e.end = e.begin.Add(lasted)
	p := parser{folder: folder, rest: args[:end]}
	ok = p.read(name, &e, known)
	return e, ok, p.err
}

// parseStamp reads seconds since 1970 with six decimals.
func parseStamp(text string) (time.Time, error) {
	seconds, micros, _ := strings.Cut(text, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read a trace: %w", err)
	}
	m, err := strconv.ParseInt(micros, 10, 64)
	return time.Unix(s, m*1000), err
}

// parser reads the arguments of a call.
type parser struct {
	folder, rest string
	err          error
}

// read reads the arguments of a call into an event.
func (p *parser) read(call string, e *event, known map[string]bool) bool {
	switch call {
	case "open", "openat":
		if call == "openat" {
			p.next()
		}
		e.name = p.inFolder(p.next())
		flags := p.next()
		e.kind = made
		if known[e.name] {
			e.kind = cut
		}
		wanted := strings.Contains(flags, "O_CREAT") && !known[e.name] || strings.Contains(flags, "O_TRUNC")
		known[e.name] = e.name != ""
		return e.name != "" && wanted
	case "pwrite64":
		e.kind, e.name = written, p.inFolder(p.path())
		if e.name == "" {
			return false
		}
		e.data = []byte(p.next())
		p.next()
		e.at = p.number()
		return true
	case "ftruncate":
		e.kind, e.name = cut, p.inFolder(p.path())
		e.at = p.number()
		return e.name != ""
	case "fsync", "fdatasync":
		path := p.path()
		e.kind, e.name = synced, p.inFolder(path)
		if path == p.folder {
			e.kind = dirSynced
		}
		return e.name != "" || path == p.folder
	case "unlink", "unlinkat":
		if call == "unlinkat" {
			p.next()
		}
		e.kind, e.name = removed, p.inFolder(p.next())
		delete(known, e.name)
		return e.name != ""
	case "rename", "renameat", "renameat2":
		return p.rename(call, e, known)
	}
	if path := p.path(); p.inFolder(path) != "" {
		p.err = fmt.Errorf("%s of %s is not understood", call, path)
	}
	return false
}

func (p *parser) rename(call string, e *event, known map[string]bool) bool {
	if call != "rename" {
		p.next()
	}
	e.kind, e.from = renamed, p.inFolder(p.next())
	if call != "rename" {
		p.next()
	}
	e.name = p.inFolder(p.next())
	if (e.from == "") != (e.name == "") {
		p.err = fmt.Errorf("a file is moved into the folder or out of it: %s", p.rest)
	}
	delete(known, e.from)
	known[e.name] = e.name != ""
	return e.name != ""
}

// next returns an argument; a string is without its quotes.
func (p *parser) next() string {
	p.rest = strings.TrimLeft(p.rest, ", ")
	if !strings.HasPrefix(p.rest, `"`) {
		var arg string
		arg, p.rest, _ = strings.Cut(p.rest, ",")
		return arg
	}
	quoted, rest, _ := strings.Cut(p.rest[1:], `"`) // All is hexadecimal, so no quote is inside.
	p.rest = rest
	return p.unescape(quoted)
}

// unescape reads \x41\x42.
func (p *parser) unescape(text string) string {
	bytes := make([]byte, 0, len(text)/4)
	for ; len(text) >= 4; text = text[4:] {
		b, err := strconv.ParseUint(text[2:4], 16, 8)
		if err != nil || text[:2] != `\x` {
			p.err = fmt.Errorf("%.20q is no hexadecimal text", text)
			return ""
		}
		bytes = append(bytes, byte(b))
	}
	return string(bytes)
}

// path returns the path behind the number of a file, as in 8</x/a.db>.
func (p *parser) path() string {
	arg := p.next()
	path, _, _ := strings.Cut(arg[strings.Index(arg, "<")+1:], ">")
	if strings.HasPrefix(path, `\x`) {
		return p.unescape(path)
	}
	return path
}

func (p *parser) number() int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(p.next()), 10, 64)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("read a trace: %w", err)
	}
	return n
}

// inFolder returns the name of a file of the database. It is empty of all others,
// and of what SQLite keeps in memory only.
func (p *parser) inFolder(path string) string {
	if filepath.Dir(path) != p.folder || strings.HasSuffix(path, "-shm") {
		return ""
	}
	return filepath.Base(path)
}
