package client

import (
	"github.com/accountsd/accountsd/gen/api"
	"github.com/google/uuid"
)

// Options of single calls. Each method takes those that have a meaning for it;
// the compiler refuses the others.
type (
	// GetOption is an option of [Accounts.Get].
	GetOption interface{ get(*callOptions) }
	// CreateOption is an option of [Accounts.Create].
	CreateOption interface{ create(*callOptions) }
	// UpdateOption is an option of [Accounts.Update] and [Accounts.UpdateFunc].
	UpdateOption interface{ update(*callOptions) }
	// BatchOption is an option of [Accounts.Batch].
	BatchOption interface{ batch(*callOptions) }
	// DeleteOption is an option of [Accounts.Delete].
	DeleteOption interface{ remove(*callOptions) }
	// WriteOption is an option of writes of contacts, and of [Properties.Create].
	WriteOption interface{ write(*callOptions) }
	// PropertyUpdateOption is an option of [Properties.Update].
	PropertyUpdateOption interface{ updateProperty(*callOptions) }
	// PropertyDeleteOption is an option of [Properties.Delete].
	PropertyDeleteOption interface{ deleteProperty(*callOptions) }

	// ChangeOption is an option of every write of accounts but Delete.
	ChangeOption interface {
		CreateOption
		UpdateOption
		BatchOption
	}
	// GuardOption is an option of Update and Delete.
	GuardOption interface {
		UpdateOption
		DeleteOption
	}
	// OnceOption is an option of every write that can be named.
	OnceOption interface {
		ChangeOption
		WriteOption
		PropertyUpdateOption
	}
	// ForceOption is an option of Update and Delete of properties.
	ForceOption interface {
		PropertyUpdateOption
		PropertyDeleteOption
	}
)

// callOptions is what the options of a call come to.
type callOptions struct {
	includeContacts, includeArchived  *bool
	allowNewOptions, dryRun, force    *bool
	ifMatch, ifNoneMatch, idempotency *string
	matchBy                           *api.MatchMember
	matchStrategy                     *api.MatchStrategy
}

type readOption func(*callOptions)

func (f readOption) get(o *callOptions) { f(o) }

type changeOption func(*callOptions)

func (f changeOption) create(o *callOptions) { f(o) }
func (f changeOption) update(o *callOptions) { f(o) }
func (f changeOption) batch(o *callOptions)  { f(o) }

type guardOption func(*callOptions)

func (f guardOption) update(o *callOptions) { f(o) }
func (f guardOption) remove(o *callOptions) { f(o) }

type onceOption func(*callOptions)

func (f onceOption) create(o *callOptions)         { f(o) }
func (f onceOption) update(o *callOptions)         { f(o) }
func (f onceOption) batch(o *callOptions)          { f(o) }
func (f onceOption) write(o *callOptions)          { f(o) }
func (f onceOption) updateProperty(o *callOptions) { f(o) }

type matchOption func(*callOptions)

func (f matchOption) create(o *callOptions) { f(o) }

type forceOption func(*callOptions)

func (f forceOption) updateProperty(o *callOptions) { f(o) }
func (f forceOption) deleteProperty(o *callOptions) { f(o) }

// IncludeContacts reads the linked contacts too.
func IncludeContacts() GetOption {
	return readOption(func(o *callOptions) { o.includeContacts = new(true) })
}

// IncludeArchived finds the account also if it is archived.
func IncludeArchived() GetOption {
	return readOption(func(o *callOptions) { o.includeArchived = new(true) })
}

// IfNoneMatch returns ErrNotModified if the account still has the tag.
func IfNoneMatch(etag string) GetOption {
	return readOption(func(o *callOptions) { o.ifNoneMatch = &etag })
}

// IfMatch writes only if the account still has the tag, and else returns
// ErrPrecondition.
func IfMatch(etag string) GuardOption {
	return guardOption(func(o *callOptions) { o.ifMatch = &etag })
}

// AllowNewOptions adds a dropdown label that is not among its property's options
// to them, instead of refusing it.
func AllowNewOptions() ChangeOption {
	return changeOption(func(o *callOptions) { o.allowNewOptions = new(true) })
}

// DryRun checks and answers as always, and writes nothing. The answer has no
// ETag.
func DryRun() ChangeOption { return changeOption(func(o *callOptions) { o.dryRun = new(true) }) }

// IdempotencyKey names the write, so that it is carried out once even if the
// program sends it again later, within 24 hours. Without this option each call
// has a name of its own, which covers its retries.
func IdempotencyKey(key string) OnceOption {
	return onceOption(func(o *callOptions) { o.idempotency = &key })
}

// MatchBy recognises an existing account by another member than the title. With
// MatchNone it always creates one.
func MatchBy(member MatchMember) CreateOption {
	return matchOption(func(o *callOptions) { o.matchBy = &member })
}

// OnMatch says what happens to an account that is recognised; it is left as it
// is without this option.
func OnMatch(strategy MatchStrategy) CreateOption {
	return matchOption(func(o *callOptions) { o.matchStrategy = &strategy })
}

// Force clears values that are in use, instead of refusing the change.
func Force() ForceOption { return forceOption(func(o *callOptions) { o.force = new(true) }) }

// once returns the name of the write, which it makes if the caller gave none.
func (o *callOptions) once() *string {
	if o.idempotency == nil {
		o.idempotency = new(uuid.NewString())
	}
	return o.idempotency
}

// collect returns what options come to. apply is the method of their interface.
func collect[O any](options []O, apply func(O, *callOptions)) *callOptions {
	collected := &callOptions{}
	for _, option := range options {
		apply(option, collected)
	}
	return collected
}
