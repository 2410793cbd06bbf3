package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/commit"
)

// quicklyLooked is the size of a file in bytes up to which it takes less than 10 ms to
// look for damage, so that nothing is gained by not waiting for that.
const quicklyLooked = 4 << 20

// LookingAside has Open look for damage in a large file while reads are answered
// already. Writes wait for that, so that nothing is written to a file that is damaged.
// One that a crash has left, or that Open itself changes, is looked at first
// nevertheless.
func LookingAside() Option { return func(l *limits) { l.aside = true } }

// isAtRest tells of a file that Open need not change: it has the schema and the mark,
// and its log is empty, as a server leaves it that was stopped.
func (f *file) isAtRest() bool {
	log, err := os.Stat(f.path + "-wal")
	return f.marked && f.version == SchemaVersion() && (errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0)
}

// soundness is whether a file was found damaged, once that is known.
type soundness struct {
	ctx    context.Context // of the look
	cancel context.CancelFunc
	looked chan struct{} // closed when it is known
	damage error
}

func newSoundness() *soundness {
	s := &soundness{looked: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// look finds it out.
func (s *soundness) look(f file) { s.known(f.lookForDamage(s.ctx)) }

// known ends the wait. It must be called once.
func (s *soundness) known(damage error) {
	if s.damage = damage; s.ctx.Err() != nil {
		s.damage = commit.ErrClosed
	}
	close(s.looked)
}

// wait returns nil once the file is known to be sound, and else why it is refused.
func (s *soundness) wait(ctx context.Context) error {
	select {
	case <-s.looked:
		return s.damage
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends a look that is under way.
func (s *soundness) stop() {
	s.cancel()
	<-s.looked
}

// Sound waits until the file was looked for damage, and returns what Open would have
// refused it with. It returns KindUnavailable if the store is closed meanwhile.
func (s *Store) Sound(ctx context.Context) error { return s.soundness.wait(ctx) }

// writeSound is the writer's Write, once the file is known to be sound.
func (s *Store) writeSound(ctx context.Context, fn func(ctx context.Context, session db.Session) error) error {
	if err := s.soundness.wait(ctx); err != nil {
		return err
	}
	return s.writer.Write(ctx, fn)
}
