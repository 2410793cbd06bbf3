package mcp

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Bounds of what is kept of previews.
const (
	maxPreviews = 500
	previewTime = 30 * time.Minute
)

// kind is what a preview is of.
type kind string

const (
	updating kind = "update"
	creating kind = "create_or_match"
)

// preview is a write that was shown, and its outcome once it was carried out.
type preview struct {
	kind   kind
	token  string
	at     time.Time
	id     int64  // of the account to update
	tag    string // that it must have
	body   []byte // as it was shown
	create createArguments
	reason string
	labels bool           // unknown labels are added to their dropdowns
	before map[string]any // the account as it was
	shown  any            // what it comes to

	mu   sync.Mutex // held while it is carried out
	sent bool       // the write was, with whatever outcome
	done bool
	got  any
	err  error
}

// previews are those that were shown and may be carried out. They are of this process
// alone: no token is good that it has not given.
type previews struct {
	mu   sync.Mutex
	kept []*preview // the earliest first
}

func newPreviews() *previews { return &previews{} }

// add keeps a preview, and gives it its token.
func (p *previews) add(made *preview) {
	made.token, made.at = "preview-"+rand.Text(), time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, made)
	p.kept = slices.DeleteFunc(p.kept, func(old *preview) bool { return time.Since(old.at) > previewTime })
	if over := len(p.kept) - maxPreviews; over > 0 {
		p.kept = slices.Delete(p.kept, 0, over)
	}
}

var errNoPreview = errors.New("there is no preview with this token, or it was made more than half an hour ago; make a preview, and give the token that it answers")

// find returns the preview of a kind with the token.
func (p *previews) find(token string, of kind) (*preview, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, kept := range p.kept {
		if kept.token != token || time.Since(kept.at) > previewTime {
			continue
		}
		if kept.kind != of {
			return nil, errors.New("the token is of a preview by another tool; give it to " + string(kept.kind))
		}
		return kept, nil
	}
	return nil, errNoPreview
}

// carryOut writes what was shown, once: whoever asks again gets the same answer. What
// could not be done for a passing reason may be tried again.
func (p *preview) carryOut(look, write func() (any, error)) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return p.got, p.err
	}
	got, err := p.attempt(look, write)
	if p.done = err == nil || !isPassing(err); p.done {
		p.got, p.err = got, err
	}
	return got, err
}

// attempt looks once more ahead of the write: the version of an account says nothing of
// options and default values, which may make something else of the same body by now. A
// write that may have been carried out already is only sent again.
func (p *preview) attempt(look, write func() (any, error)) (any, error) {
	if !p.sent {
		now, err := look()
		if err != nil {
			return nil, err
		}
		if !reflect.DeepEqual(now, p.shown) {
			return nil, &staleError{"it would not become what the preview has shown, since properties or their options were changed; nothing was written: make a new preview"}
		}
	}
	p.sent = true
	return write()
}
