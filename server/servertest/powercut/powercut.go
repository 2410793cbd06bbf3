package powercut

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// phase is a time in the life of a database.
type phase struct {
	name    string
	prepare func(ctx context.Context, l *life) error
	work    func(ctx context.Context, w *writers) error
	expects string // the name of a file that must be written to, or the phase was not seen
}

// phases follow one another on one database.
var phases = []phase{
	{name: "groups and checkpoints", prepare: initialize, expects: "accounts.db",
		work: func(ctx context.Context, w *writers) error { return w.writeAll(ctx, 1, 12, 15) }},
	{name: "the index of words made anew", prepare: dropIndex, expects: "accounts.db-search-wal",
		work: func(ctx context.Context, w *writers) error { return w.writeAll(ctx, 100, 4, 5) }},
	{name: "a migration", prepare: takeOld, expects: "accounts.db-wal",
		work: func(ctx context.Context, w *writers) error { return w.writeAll(ctx, 200, 4, 5) }},
}

// life is a database and who may write to it.
type life struct {
	binary, old string
	database    string
	key         string
}

// Run has a server live through all phases, cuts its power so many times, and returns
// an error for what is then wrong. Old is a database of an older schema, gzipped, with
// a file beside it that has a key for it.
func Run(ctx context.Context, binary, old string, states int, seed uint64) error {
	dir, err := os.MkdirTemp("", "powercut")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l := &life{binary: binary, old: old, database: filepath.Join(dir, "accounts.db")}
	for i, p := range phases {
		if err := p.prepare(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		r, err := record(ctx, binary, l.database, l.key, p.work)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := errors.Join(p.wantSeen(r), r.wantFoundOut(ctx)); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		cuts, err := r.cutAll(ctx, states/len(phases), rand.New(rand.NewPCG(seed, uint64(i))))
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", p.name, seed, err)
		}
		fmt.Printf("%s: %d writes answered, %d calls of the file system, %d states of the disk, none with a fault\n", p.name, len(r.acks), len(r.events), cuts)
	}
	return nil
}

func (p phase) wantSeen(r *recording) error {
	for _, e := range r.events {
		if e.kind == written && e.name == p.expects {
			return nil
		}
	}
	return fmt.Errorf("nothing was written to %s", p.expects)
}

// wantFoundOut has a disk lose what was synced, which a check must not overlook.
func (r *recording) wantFoundOut(ctx context.Context) error {
	liar := r.before.clone()
	for _, e := range r.events {
		if e.kind != synced {
			liar.apply(e)
		}
	}
	last := r.acks[len(r.acks)-1].at.Add(1)
	err := r.judge(ctx, state{files: liar.after(all, nil), next: event{begin: last}}, false)
	if err == nil {
		return errors.New("a disk that loses all that was synced is not found out")
	}
	return nil
}

func initialize(ctx context.Context, l *life) error {
	out, err := exec.CommandContext(ctx, l.binary, "init", "--db", l.database, "--company", "Sunrise", "--email", "ada@example.com").Output()
	l.key = strings.TrimSpace(string(out))
	return err
}

func dropIndex(_ context.Context, l *life) error { return os.Remove(l.database + "-search") }

// takeOld puts the old database in the place of this one.
func takeOld(_ context.Context, l *life) error {
	left, err := filepath.Glob(l.database + "*")
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	key, failed := os.ReadFile(strings.TrimSuffix(l.old, ".db.gz") + ".key")
	l.key = strings.TrimSpace(string(key))
	return errors.Join(err, failed, Unzip(l.old, l.database))
}

// Unzip writes what a gzipped file has to another.
func Unzip(from, to string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// state is what a cut has left on the disk.
type state struct {
	files map[string][]byte
	place string // of the cut
	next  event  // which did not come about
}

// cutAll cuts the power at moments of a recording, so many times if there are so many,
// and returns how often.
func (r *recording) cutAll(ctx context.Context, states int, random *rand.Rand) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	made, cuts := make(chan state), 0
	var checking sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		checking.Go(func() {
			for s := range made {
				if err := r.judge(ctx, s, true); err != nil {
					cancel(err)
				}
			}
		})
	}
	tries := max(1, (states+len(r.events)*int(losses)-1)/(len(r.events)*int(losses))) // of each kind of loss at a moment
	share := float64(states) / float64(len(r.events)*int(losses)*tries)
	disk := r.before.clone()
	for i, e := range r.events {
		for l := range losses * loss(tries) {
			if random.Float64() > share || ctx.Err() != nil || l%losses != all && disk.isSettled() {
				continue
			}
			cuts++
			made <- state{disk.after(l%losses, random), fmt.Sprintf("before call %d of %d (%s), loss %d", i, len(r.events), e, l%losses), e}
		}
		disk.apply(e)
	}
	close(made)
	checking.Wait()
	return cuts, context.Cause(ctx)
}

// judge makes a state, and looks at it. One with a fault can be kept.
func (r *recording) judge(ctx context.Context, s state, keep bool) error {
	dir, err := os.MkdirTemp("", "powercut")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := s.write(dir); err != nil {
		return err
	}
	err = check(ctx, filepath.Join(dir, "accounts.db"), r.acks, s.next.moment())
	if err == nil || ctx.Err() != nil || !keep {
		return err
	}
	kept, failed := os.MkdirTemp("", "powercut-fault")
	return errors.Join(fmt.Errorf("%s: %w\nthe files are in %s", s.place, err, kept), failed, s.write(kept))
}

// write writes the files, as nobody has opened them yet.
func (s state) write(dir string) (err error) {
	for name, data := range s.files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return err
}
