package history_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/servertest/history"
)

// written are operations that were all answered, and the feed of them.
func written() (told, history.Feed) {
	operations := made().update("c", "2", 0, history.Done, at(3, "c", "2")).update("d", "3", 0, history.Done, at(0, "d", "3"))
	operations[2].Batch, operations[3].Batch = "b1", "b1"
	operations[3].Seen.ID = 8
	return operations, history.Feed{
		{Sequence: 1, AccountID: 7, Version: 1, Note: "a"}, {Sequence: 2, AccountID: 8, Version: 1, Note: "z"},
		{Sequence: 3, AccountID: 7, Version: 2, Note: "b"}, {Sequence: 4, AccountID: 7, Version: 3, Note: "c"},
		{Sequence: 5, AccountID: 8, Version: 2, Note: "d"},
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(told, history.Feed) (told, history.Feed)
		want  string // in the error; empty: there is none
	}{
		"complete": {func(l told, f history.Feed) (told, history.Feed) { return l, f }, ""},
		"a gap": {func(l told, f history.Feed) (told, history.Feed) { return l, slices.Delete(f, 1, 2) },
			"sequence 3 where 2 belongs"},
		"out of order": {func(l told, f history.Feed) (told, history.Feed) { f[0], f[1] = f[1], f[0]; return l, f },
			"sequence 2 where 1 belongs"},
		"a version twice": {func(l told, f history.Feed) (told, history.Feed) { f[3].Version = 2; return l, f },
			"version 2 of account 7 after 2"},
		"a write is missing": {func(l told, f history.Feed) (told, history.Feed) { f[2].Note = "x"; return l, f },
			"has not this write"},
		"a write stands twice": {func(l told, f history.Feed) (told, history.Feed) { f[1].Note = "b"; return l, f },
			"has this write 2 times"},
		"a write has another version": {func(l told, f history.Feed) (told, history.Feed) { l[1].Seen.Version = 5; return l, f },
			"account 7 at version 2"},
		"a write is of another account": {func(l told, f history.Feed) (told, history.Feed) { l[3].Seen.ID = 7; return l, f },
			"account 8 at version 2"},
		"a refused write is there": {func(l told, f history.Feed) (told, history.Feed) { l[1].Outcome = history.Refused; return l, f },
			"what was not written"},
		"a batch is half there": {func(l told, f history.Feed) (told, history.Feed) {
			l[2].Outcome, l[3].Outcome, f[4].Note = history.Unknown, history.Unknown, "x"
			return l, f
		}, "1 of the 2 updates of batch b1"},
		"a batch is torn": {func(l told, f history.Feed) (told, history.Feed) {
			f[2].Note, f[3].Note, l[1].Seen.Version, l[2].Seen.Version = "c", "b", 3, 2
			return l, f
		}, "between those of batch b1"},
		"an unknown write is there": {func(l told, f history.Feed) (told, history.Feed) { l[1].Outcome = history.Unknown; return l, f }, ""},
		"an unknown write is not there": {func(l told, f history.Feed) (told, history.Feed) {
			l[1].Outcome, f[2].Note = history.Unknown, "x"
			return l, f
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			operations, feed := c.spoil(written())
			err := feed.Check(operations)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// Where all writes are missing, a few are named.
func TestFeedNamesAFew(t *testing.T) {
	t.Parallel()
	operations := made()
	for range 100 {
		operations = operations.update("gone", "1", 0, history.Done, at(3, "gone", "1"))
	}
	err := history.Feed{{Sequence: 1, AccountID: 7, Version: 1, Note: "a"}}.Check(operations)
	if err == nil || strings.Count(err.Error(), "\n") != 10 || !strings.HasSuffix(err.Error(), "and 91 more") {
		t.Errorf("got %v", err)
	}
}
