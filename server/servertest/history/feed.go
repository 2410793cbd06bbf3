package history

import (
	"errors"
	"fmt"
	"slices"
)

// Entry is a change of the feed.
type Entry struct {
	Sequence, AccountID, Version int64
	Note                         string // that the change wrote
}

// Feed is the changes from the first one on, as a follower has seen them.
type Feed []Entry

// Check returns an error unless the feed has no gap, and tells of every write that
// was answered once, of none that was refused, and of a batch all or nothing.
func (f Feed) Check(operations []Operation) error {
	if err := f.checkOrder(); err != nil {
		return err
	}
	places := make(map[string][]int)
	for i, e := range f {
		places[e.Note] = append(places[e.Note], i)
	}
	var errs []error
	batches := make(map[string]*batch)
	for _, o := range operations {
		if o.Kind == Read || o.Patch[Note] == "" {
			continue
		}
		at := places[o.Patch[Note]]
		errs = append(errs, f.checkWrite(o, at))
		if o.Batch != "" && len(at) == 1 {
			found(batches, o.Batch).add(at[0])
		}
		if o.Batch != "" {
			found(batches, o.Batch).size++
		}
	}
	for name, b := range batches {
		errs = append(errs, b.check(name))
	}
	return few(errs)
}

// few joins the first errors: where one write is missing, often hundreds are.
func few(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if n := len(errs) - maxErrors; n > 0 {
		errs = append(errs[:maxErrors:maxErrors], fmt.Errorf("and %d more", n))
	}
	return errors.Join(errs...)
}

const maxErrors = 10

func (f Feed) checkOrder() error {
	versions := make(map[int64]int64)
	for i, e := range f {
		if want := int64(i) + 1; e.Sequence != want {
			return fmt.Errorf("the feed has sequence %d where %d belongs", e.Sequence, want)
		}
		if want := versions[e.AccountID] + 1; e.Version != want {
			return fmt.Errorf("the feed has version %d of account %d after %d, at sequence %d", e.Version, e.AccountID, want-1, e.Sequence)
		}
		versions[e.AccountID] = e.Version
	}
	return nil
}

// checkWrite checks the places that a write has in the feed.
func (f Feed) checkWrite(o Operation, at []int) error {
	wrote := o.Outcome == Made || o.Outcome == Done && o.Kind == Update
	switch {
	case len(at) > 1:
		return fmt.Errorf("the feed has this write %d times: %v", len(at), o)
	case o.Outcome == Unknown:
		return nil
	case !wrote && len(at) > 0:
		return fmt.Errorf("the feed has at sequence %d what was not written: %v", f[at[0]].Sequence, o)
	case wrote && len(at) == 0:
		return fmt.Errorf("the feed has not this write, which was answered: %v", o)
	case wrote && (f[at[0]].AccountID != o.Seen.ID || o.Seen.Version != 0 && f[at[0]].Version != o.Seen.Version):
		return fmt.Errorf("the feed tells of account %d at version %d where the answer was: %v", f[at[0]].AccountID, f[at[0]].Version, o)
	}
	return nil
}

// batch is how much of a batch is in the feed.
type batch struct{ size, found, first, last int }

func found(batches map[string]*batch, name string) *batch {
	if batches[name] == nil {
		batches[name] = &batch{}
	}
	return batches[name]
}

func (b *batch) add(at int) {
	if b.found == 0 {
		b.first, b.last = at, at
	}
	b.found, b.first, b.last = b.found+1, min(b.first, at), max(b.last, at)
}

func (b *batch) check(name string) error {
	if b.found != 0 && b.found != b.size {
		return fmt.Errorf("the feed has %d of the %d updates of batch %s", b.found, b.size, name)
	}
	if b.found != 0 && b.last-b.first+1 != b.found {
		return fmt.Errorf("other changes are between those of batch %s", name)
	}
	return nil
}
