package history_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/servertest/history"
)

// told makes operations of one account that follow one another. A test then moves
// some so that they overlap.
type told []history.Operation

func (l told) add(o history.Operation) told {
	o.Client, o.Account = len(l), "Account 1"
	o.Called = time.Duration(2*len(l)+1) * time.Millisecond
	o.Returned = o.Called + time.Millisecond
	return append(l, o)
}

// at is the account at a version, with what is in its note and value.
func at(version int64, note, value string) history.Account {
	a := history.Account{ID: 7, Version: version}
	a.Members[history.Note], a.Members[history.Value], a.Members[history.Contacts] = note, value, "3"
	return a
}

func (l told) create(note string, outcome history.Outcome, seen history.Account) told {
	return l.add(history.Operation{Kind: history.Create, Patch: history.Patch{history.Note: note}, Outcome: outcome, Seen: seen})
}

func (l told) update(note, value string, ifMatch int64, outcome history.Outcome, seen history.Account) told {
	return l.add(history.Operation{Kind: history.Update, Patch: history.Patch{history.Note: note, history.Value: value}, IfMatch: ifMatch, Outcome: outcome, Seen: seen})
}

func (l told) read(seen history.Account) told {
	return l.add(history.Operation{Kind: history.Read, Outcome: history.Done, Seen: seen})
}

// together lets the last operations overlap.
func (l told) together(last int) told {
	for i := len(l) - last; i < len(l); i++ {
		l[i].Called, l[i].Returned = l[len(l)-last].Called, time.Duration(2*len(l))*time.Millisecond
	}
	return l
}

var nobody history.Account

// made is an account with a value of 1, at version 2.
func made() told {
	return told{}.create("a", history.Made, at(1, "a", "")).update("b", "1", 1, history.Done, at(2, "b", "1"))
}

// histories are some that an order explains, and some that none does.
var histories = map[string]struct {
	operations told
	illegal    bool
}{
	"one after the other": {operations: made().read(at(2, "b", "1"))},
	"of two creations at once, one finds": {
		operations: told{}.create("a", history.Done, at(1, "b", "")).create("b", history.Made, at(1, "b", "")).together(2),
	},
	"two creations both make": {
		operations: told{}.create("a", history.Made, at(1, "a", "")).create("b", history.Made, at(1, "b", "")).together(2), illegal: true,
	},
	"a creation finds an account with another id": {
		operations: made().create("c", history.Done, history.Account{ID: 8, Version: 2, Members: at(2, "b", "1").Members}), illegal: true,
	},
	// Both have read version 2, and each adds 1.
	"a lost update": {
		operations: made().update("c", "2", 2, history.Done, at(3, "c", "2")).update("d", "2", 2, history.Done, at(3, "d", "2")).together(2), illegal: true,
	},
	"a lost update under two versions": {
		operations: made().update("c", "2", 2, history.Done, at(3, "c", "2")).update("d", "2", 2, history.Done, at(4, "d", "2")).together(2), illegal: true,
	},
	"the second of two updates is refused": {
		operations: made().update("c", "2", 2, history.Done, at(3, "c", "2")).update("d", "2", 2, history.Refused, nobody).together(2),
	},
	"an update is refused for no reason": {
		operations: made().update("c", "2", 2, history.Refused, nobody).read(at(2, "b", "1")), illegal: true,
	},
	"a write that was answered is gone": {
		operations: made().update("c", "2", 0, history.Done, at(3, "c", "2")).read(at(2, "b", "1")), illegal: true,
	},
	"a read is stale": {
		operations: made().update("c", "2", 0, history.Done, at(3, "c", "2")).read(at(3, "c", "1")), illegal: true,
	},
	"a version is left out": {
		operations: made().update("c", "2", 0, history.Done, at(4, "c", "2")), illegal: true,
	},
	"what nobody has told took effect": {
		operations: made().update("c", "2", 2, history.Unknown, nobody).read(at(3, "c", "2")),
	},
	"what nobody has told took effect late": {
		operations: made().update("c", "2", 2, history.Unknown, nobody).read(at(2, "b", "1")).read(at(3, "c", "2")),
	},
	"what nobody has told never took effect": {
		operations: made().update("c", "2", 2, history.Unknown, nobody).read(at(2, "b", "1")).update("d", "5", 2, history.Done, at(3, "d", "5")),
	},
	"what nobody has told took effect twice": {
		operations: made().update("c", "2", 0, history.Unknown, nobody).read(at(3, "c", "2")).
			update("d", "3", 3, history.Done, at(4, "d", "3")).read(at(5, "c", "2")), illegal: true,
	},
	"what was refused took effect": {
		operations: made().update("c", "2", 1, history.Refused, nobody).read(at(3, "c", "2")), illegal: true,
	},
	"a write of a batch that was refused took effect": {
		operations: made().update("c", "2", 0, history.Void, nobody).read(at(3, "c", "2")), illegal: true,
	},
	"an answer that tells no version": {
		operations: made().update("c", "2", 2, history.Done, at(0, "c", "2")).read(at(3, "c", "2")),
	},
	"a creation that nobody has told of": {
		operations: told{}.create("a", history.Unknown, nobody).create("b", history.Done, at(1, "a", "")).read(at(1, "a", "")),
	},
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range histories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			err := history.Check(c.operations, folder)
			if (err != nil) != c.illegal {
				t.Errorf("illegal: %v, got %v", c.illegal, err)
			}
			if c.illegal {
				checkDrawing(t, err, folder)
			}
		})
	}
}

// checkDrawing checks that an error names the account and a file with its history.
func checkDrawing(t *testing.T, err error, folder string) {
	t.Helper()
	files, globErr := filepath.Glob(filepath.Join(folder, "*.html"))
	if globErr != nil || len(files) != 1 {
		t.Fatalf("the folder has %v, %v", files, globErr)
	}
	drawing, readErr := os.ReadFile(files[0])
	if readErr != nil || !strings.Contains(string(drawing), "client 0: create note=a") {
		t.Errorf("the drawing does not show the operations: %v", readErr)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "Account 1: ") || !strings.HasSuffix(err.Error(), files[0]) {
		t.Errorf("the error does not name the account and %s: %v", files[0], err)
	}
}

// An account cannot explain what was seen of another one.
func TestCheckTellsAccountsApart(t *testing.T) {
	t.Parallel()
	second := made()
	for i := range second {
		second[i].Account, second[i].Seen.ID = "Account 2", 8
	}
	if err := history.Check(append(made(), second...), t.TempDir()); err != nil {
		t.Error(err)
	}
	second[1].Seen.Version = 3
	if err := history.Check(append(made(), second...), t.TempDir()); err == nil || !strings.Contains(err.Error(), "Account 2") {
		t.Errorf("got %v", err)
	}
}
