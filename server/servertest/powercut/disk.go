package powercut

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// disk is what a file system was told up to a moment. What was synced is on it for
// sure; of the rest nobody knows.
type disk struct {
	names   map[string]*file // that are on the disk for sure
	now     map[string]*file // as programs see them
	pending []event          // changes of names
}

// file is the contents of a file, whatever its name.
type file struct {
	data    []byte  // on the disk for sure
	pending []event // since
}

// newDisk has the files of a folder.
func newDisk(folder string) (*disk, error) {
	d := &disk{names: make(map[string]*file)}
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		data, failed := os.ReadFile(filepath.Join(folder, entry.Name()))
		d.names[entry.Name()] = &file{data: data}
		err = cmp.Or(err, failed)
	}
	d.now = maps.Clone(d.names)
	return d, err
}

// clone returns another disk that was told the same.
func (d *disk) clone() *disk {
	copies := map[*file]*file{nil: nil}
	of := func(f *file) *file {
		if _, done := copies[f]; !done {
			copies[f] = &file{slices.Clone(f.data), slices.Clone(f.pending)}
		}
		return copies[f]
	}
	c := &disk{names: make(map[string]*file), now: make(map[string]*file), pending: slices.Clone(d.pending)}
	for name, f := range d.names {
		c.names[name] = of(f)
	}
	for name, f := range d.now {
		c.now[name] = of(f)
	}
	for i := range c.pending {
		c.pending[i].of = of(c.pending[i].of)
	}
	return c
}

// known are the names of the files.
func (d *disk) known() map[string]bool {
	known := make(map[string]bool)
	for name := range d.names {
		known[name] = true
	}
	return known
}

// moments are the events in the order in which they count: what writes from when it
// has begun, and a sync once it has ended.
func moments(events []event) []event {
	slices.SortStableFunc(events, func(a, b event) int { return a.moment().Compare(b.moment()) })
	return events
}

func (e event) moment() time.Time {
	if e.kind == synced || e.kind == dirSynced {
		return e.end
	}
	return e.begin
}

// apply tells the disk of an event.
func (d *disk) apply(e event) {
	f := d.now[e.name]
	switch e.kind {
	case written, cut, synced:
		switch {
		case f == nil: // It has no name any more, and is gone with the power.
		case e.kind == synced:
			f.sync(e.begin)
		default:
			f.pending = append(f.pending, e)
		}
	case dirSynced:
		before := slices.IndexFunc(d.pending, func(change event) bool { return change.end.After(e.begin) })
		if before < 0 {
			before = len(d.pending)
		}
		for _, change := range d.pending[:before] {
			change.rename(d.names)
		}
		d.pending = slices.Clone(d.pending[before:])
	case made:
		d.now[e.name] = &file{}
		d.noteName(e)
	default:
		d.noteName(e)
		e.rename(d.now)
	}
}

// noteName keeps a change of names, with the file that it is about.
func (d *disk) noteName(e event) {
	e.of = d.now[cmp.Or(e.from, e.name)]
	d.pending = append(d.pending, e)
}

// String names what was asked for, as in "written accounts.db-wal".
func (e event) String() string {
	return [...]string{"written", "cut", "synced", "made", "removed", "renamed", "folder synced"}[e.kind] + " " + e.name
}

// rename does a change of names.
func (e event) rename(names map[string]*file) {
	delete(names, cmp.Or(e.from, e.name))
	if e.kind != removed {
		names[e.name] = e.of
	}
}

// sync has all on the disk that was written before a moment.
func (f *file) sync(before time.Time) {
	rest := f.pending[:0]
	for _, e := range f.pending {
		if e.end.After(before) {
			rest = append(rest, e)
			continue
		}
		f.data = e.change(f.data, nil)
	}
	f.pending = rest
}

// change does a write or a cut; of a torn write only some of the sectors.
func (e event) change(data []byte, keeps func(sector int64) bool) []byte {
	if e.kind == cut {
		return resize(data, e.at)
	}
	if end := e.at + int64(len(e.data)); int64(len(data)) < end {
		data = resize(data, end)
	}
	for at := e.at; at < e.at+int64(len(e.data)); {
		next := min((at/sector+1)*sector, e.at+int64(len(e.data)))
		if keeps == nil || keeps(at/sector) {
			copy(data[at:next], e.data[at-e.at:next-e.at])
		}
		at = next
	}
	return data
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

// isSettled tells whether all is on the disk for sure.
func (d *disk) isSettled() bool {
	for _, f := range d.names {
		if len(f.pending) > 0 {
			return false
		}
	}
	return len(d.pending) == 0
}

// loss is how a power cut leaves what was not synced.
type loss int

const (
	all     loss = iota // is lost
	nothing             // is lost
	some                // is lost
	torn                // is there, some of it in part
	shuffle             // some is there, and the older over the newer
	losses
)

// after returns the files that a power cut may leave.
func (d *disk) after(l loss, random *rand.Rand) map[string][]byte {
	names := maps.Clone(d.names)
	for _, change := range l.of(d.pending, random) {
		change.rename(names)
	}
	files := make(map[string][]byte)
	for name, f := range names {
		data := slices.Clone(f.data)
		for _, e := range l.of(f.pending, random) {
			var keeps func(int64) bool
			if l == torn && random.IntN(2) == 0 {
				keeps = func(int64) bool { return random.IntN(2) == 0 }
			}
			data = e.change(data, keeps)
		}
		files[name] = data
	}
	return files
}

// of chooses what is there of what was not synced, and in which order it was done.
func (l loss) of(pending []event, random *rand.Rand) []event {
	switch l {
	case all:
		return nil
	case nothing, torn:
		return pending
	}
	var kept []event
	for _, e := range pending {
		if random.IntN(2) == 0 {
			kept = append(kept, e)
		}
	}
	if l == shuffle {
		random.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	}
	return kept
}
