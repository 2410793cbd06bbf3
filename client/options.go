package client

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/google/uuid"
)

// Options of single calls. Each method takes those that have a meaning for it;
// the compiler refuses the others.
type (
	// GetOption is an option of [Accounts.Get]: [IncludeContacts], [IncludeArchived],
	// [IfNoneMatch], [At] or [AtVersion]; all but the last two are for [Accounts.GetBy]
	// too.
	GetOption interface{ get(*api.GetAccountParams) }
	// CreateOption is an option of [Accounts.Create]: [MatchBy], [OnMatch],
	// [AllowNewOptions], [DryRun], [IdempotencyKey] or [Reason].
	CreateOption interface {
		create(*api.CreateAccountParams)
	}
	// UpdateOption is an option of [Accounts.Update] and [Accounts.UpdateFunc]:
	// [IfMatch], [Merge], [StrictMerge], [NoMerge], [AllowNewOptions], [DryRun],
	// [IdempotencyKey] or [Reason].
	UpdateOption interface {
		update(*api.UpdateAccountParams)
	}
	// BatchOption is an option of [Accounts.Batch] and [Accounts.BatchItems]:
	// [AllowNewOptions], [DryRun], [IdempotencyKey] or [Reason]; of Batch also [Merge] or
	// [StrictMerge], and of BatchItems [Each].
	BatchOption interface {
		batch(*api.BatchUpdateAccountsParams)
	}
	// SelectionOption is an option of [Accounts.UpdateWhere] and
	// [Accounts.PreviewWhere]: [IfMatch], [AllowNewOptions], [IdempotencyKey] or
	// [Reason].
	SelectionOption interface {
		selection(*api.UpdateAccountsParams)
	}
	// DeleteOption is an option of [Accounts.Delete]: [IfMatch] or [Reason].
	DeleteOption interface {
		remove(*api.DeleteAccountParams)
	}
	// RevertOption is an option of [Accounts.Revert]: [IfMatch], [Merge], [DryRun],
	// [IdempotencyKey] or [Reason].
	RevertOption interface {
		revert(*api.RevertAccountChangeParams)
	}
	// UndeleteOption is an option of [Accounts.Undelete]: [DryRun], [IdempotencyKey]
	// or [Reason].
	UndeleteOption interface {
		undelete(*api.UndeleteAccountParams)
	}
	// MergeOption is an option of [Accounts.Merge]: [IfMatch], [DryRun],
	// [IdempotencyKey] or [Reason].
	MergeOption interface {
		merge(*api.MergeAccountsParams)
	}
	// WriteOption is an option of writes of contacts, and of [Properties.Create]:
	// [IdempotencyKey].
	WriteOption interface{ write(name **string) }
	// PropertyUpdateOption is an option of [Properties.Update]: [Force] or
	// [IdempotencyKey].
	PropertyUpdateOption interface {
		updateProperty(*api.UpdatePropertyParams)
	}
	// PropertyDeleteOption is an option of [Properties.Delete]: [Force].
	PropertyDeleteOption interface {
		deleteProperty(*api.DeletePropertyParams)
	}
)

// What functions return whose options several methods take. Nobody has to name
// these types, so they are not in the documentation.
type (
	changeOption interface {
		CreateOption
		UpdateOption
		BatchOption
		SelectionOption
	}
	restoreOption interface {
		RevertOption
		UndeleteOption
		MergeOption
	}
	dryOption interface {
		CreateOption
		UpdateOption
		BatchOption
		restoreOption
	}
	guardOption interface {
		UpdateOption
		SelectionOption
		DeleteOption
		RevertOption
		MergeOption
	}
	reasonOption interface {
		changeOption
		restoreOption
		DeleteOption
	}
	mergeOption interface {
		UpdateOption
		BatchOption
		RevertOption
	}
	onceOption interface {
		changeOption
		restoreOption
		WriteOption
		PropertyUpdateOption
	}
	forceOption interface {
		PropertyUpdateOption
		PropertyDeleteOption
	}
)

type getOption func(*api.GetAccountParams)

func (set getOption) get(p *api.GetAccountParams) { set(p) }

// IncludeContacts reads the linked contacts too.
func IncludeContacts() GetOption {
	return getOption(func(p *api.GetAccountParams) { p.IncludeContacts = new(true) })
}

// IncludeArchived finds the account also if it is archived.
func IncludeArchived() GetOption {
	return getOption(func(p *api.GetAccountParams) { p.IncludeArchived = new(true) })
}

// IfNoneMatch returns ErrNotModified if the account still has the tag.
func IfNoneMatch(etag string) GetOption {
	return getOption(func(p *api.GetAccountParams) { p.IfNoneMatch = &etag })
}

// At reads the account as it was at a time, also if it was deleted since. It has no
// ETag.
func At(t time.Time) GetOption {
	return getOption(func(p *api.GetAccountParams) { p.At = new(t.UTC().Format(timestamp.Layout)) })
}

// AtVersion reads the account as it was in a version, which a [Change] tells. It has no
// ETag.
func AtVersion(version int64) GetOption {
	return getOption(func(p *api.GetAccountParams) { p.At = new(strconv.FormatInt(version, 10)) })
}

type ifMatch string

func (etag ifMatch) update(p *api.UpdateAccountParams)       { p.IfMatch = new(string(etag)) }
func (etag ifMatch) selection(p *api.UpdateAccountsParams)   { p.IfMatch = new(string(etag)) }
func (etag ifMatch) remove(p *api.DeleteAccountParams)       { p.IfMatch = new(string(etag)) }
func (etag ifMatch) revert(p *api.RevertAccountChangeParams) { p.IfMatch = new(string(etag)) }
func (etag ifMatch) merge(p *api.MergeAccountsParams)        { p.IfMatch = new(string(etag)) }

// IfMatch writes only if the account still has the tag, or a selection that of its
// preview, and else returns ErrPrecondition. It is an [UpdateOption], a
// [SelectionOption], a [DeleteOption], a [RevertOption] and a [MergeOption].
func IfMatch(etag string) guardOption { return ifMatch(etag) }

type merge string

func (m merge) update(p *api.UpdateAccountParams)       { p.Prefer = optional(string(m)) }
func (m merge) batch(p *api.BatchUpdateAccountsParams)  { p.Prefer = optional(string(m)) }
func (m merge) revert(p *api.RevertAccountChangeParams) { p.Prefer = optional(string(m)) }

// Merge writes also if others have changed the account since IfMatch's tag, as
// long as they gave none of the members that are sent another value. Custom members
// count singly, and so do the items of contacts and of custom members with several
// values. Otherwise ErrPrecondition, whose Conflicts tell the values. It is an
// [UpdateOption] and a [BatchOption]; as a [RevertOption] it leaves out what was changed
// since, instead of refusing.
func Merge() mergeOption { return merge("merge") }

// StrictMerge is Merge, but minds the same value as well: it is for a value that is
// calculated from the one that was read.
func StrictMerge() mergeOption { return merge("merge=strict") }

// NoMerge has [Accounts.UpdateFunc] start over also when others have changed
// members that it does not send. It is for a change of one member that depends on
// another.
func NoMerge() UpdateOption { return merge("") }

type allowNewOptions struct{}

func (allowNewOptions) create(p *api.CreateAccountParams)      { p.AllowNewOptions = new(true) }
func (allowNewOptions) update(p *api.UpdateAccountParams)      { p.AllowNewOptions = new(true) }
func (allowNewOptions) batch(p *api.BatchUpdateAccountsParams) { p.AllowNewOptions = new(true) }
func (allowNewOptions) selection(p *api.UpdateAccountsParams)  { p.AllowNewOptions = new(true) }

// AllowNewOptions adds a dropdown label that is not among its property's options
// to them, instead of refusing it. It is a [CreateOption], an [UpdateOption], a
// [BatchOption] and a [SelectionOption].
func AllowNewOptions() changeOption { return allowNewOptions{} }

type each struct{}

func (each) batch(p *api.BatchUpdateAccountsParams) { p.Atomic = new(false) }

// Each carries out each item of [Accounts.BatchItems] for itself, not all or none. It
// is a [BatchOption].
func Each() BatchOption { return each{} }

type dryRun struct{}

func (dryRun) create(p *api.CreateAccountParams)       { p.DryRun = new(true) }
func (dryRun) update(p *api.UpdateAccountParams)       { p.DryRun = new(true) }
func (dryRun) batch(p *api.BatchUpdateAccountsParams)  { p.DryRun = new(true) }
func (dryRun) revert(p *api.RevertAccountChangeParams) { p.DryRun = new(true) }
func (dryRun) undelete(p *api.UndeleteAccountParams)   { p.DryRun = new(true) }
func (dryRun) merge(p *api.MergeAccountsParams)        { p.DryRun = new(true) }

// DryRun checks and answers as always, and writes nothing. The answer has no
// ETag. It is a [CreateOption], an [UpdateOption], a [BatchOption], a [RevertOption],
// an [UndeleteOption] and a [MergeOption].
func DryRun() dryOption { return dryRun{} }

type idempotencyKey string

func (k idempotencyKey) write(name **string)                        { *name = new(string(k)) }
func (k idempotencyKey) create(p *api.CreateAccountParams)          { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) update(p *api.UpdateAccountParams)          { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) batch(p *api.BatchUpdateAccountsParams)     { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) revert(p *api.RevertAccountChangeParams)    { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) undelete(p *api.UndeleteAccountParams)      { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) merge(p *api.MergeAccountsParams)           { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) selection(p *api.UpdateAccountsParams)      { k.write(&p.IdempotencyKey) }
func (k idempotencyKey) updateProperty(p *api.UpdatePropertyParams) { k.write(&p.IdempotencyKey) }

// IdempotencyKey names the write, so that it is carried out once even if the
// program sends it again later, within 24 hours. Without this option each call
// has a name of its own, which covers its retries. It is an option of every write
// that takes options, but of no Delete.
func IdempotencyKey(key string) onceOption { return idempotencyKey(key) }

// encodedText begins a text that is percent-encoded.
const encodedText = "UTF-8''"

type reason string

func (r reason) create(p *api.CreateAccountParams)       { p.XReason = new(string(r)) }
func (r reason) update(p *api.UpdateAccountParams)       { p.XReason = new(string(r)) }
func (r reason) batch(p *api.BatchUpdateAccountsParams)  { p.XReason = new(string(r)) }
func (r reason) selection(p *api.UpdateAccountsParams)   { p.XReason = new(string(r)) }
func (r reason) remove(p *api.DeleteAccountParams)       { p.XReason = new(string(r)) }
func (r reason) revert(p *api.RevertAccountChangeParams) { p.XReason = new(string(r)) }
func (r reason) undelete(p *api.UndeleteAccountParams)   { p.XReason = new(string(r)) }
func (r reason) merge(p *api.MergeAccountsParams)        { p.XReason = new(string(r)) }

// Reason says why the write is made, in up to 200 characters; the history shows it
// with each change. It is a [CreateOption], an [UpdateOption], a [BatchOption], a
// [SelectionOption], a [DeleteOption], a [RevertOption], an [UndeleteOption] and a
// [MergeOption]. [WithReason] is for all writes of a client.
func Reason(text string) reasonOption { return reason(HeaderText(text)) }

// HeaderText writes a text as the header X-Reason carries it, for requests by [Client.API]:
// one of more than ASCII is encoded as RFC 8187 has it.
func HeaderText(text string) string {
	plain := func(r rune) bool { return r >= ' ' && r <= '~' }
	if strings.TrimFunc(text, plain) == "" && !strings.HasPrefix(strings.ToUpper(text), encodedText) {
		return text
	}
	return encodedText + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

type matchBy MatchMember

func (by matchBy) create(p *api.CreateAccountParams) { p.MatchBy = new(MatchMember(by)) }

// MatchBy recognises an existing account by another member than the title. With
// MatchNone it always creates one.
func MatchBy(member MatchMember) CreateOption { return matchBy(member) }

type onMatch MatchStrategy

func (s onMatch) create(p *api.CreateAccountParams) { p.MatchFoundStrategy = new(MatchStrategy(s)) }

// OnMatch says what happens to an account that is recognised; it is left as it
// is without this option.
func OnMatch(strategy MatchStrategy) CreateOption { return onMatch(strategy) }

type force struct{}

func (force) updateProperty(p *api.UpdatePropertyParams) { p.Force = new(true) }
func (force) deleteProperty(p *api.DeletePropertyParams) { p.Force = new(true) }

// Force clears values that are in use, instead of refusing the change. It is a
// [PropertyUpdateOption] and a [PropertyDeleteOption].
func Force() forceOption { return force{} }

// with returns parameters as options make them. apply is the method of their
// interface.
func with[P, O any](params P, options []O, apply func(O, *P)) *P {
	for _, option := range options {
		apply(option, &params)
	}
	return &params
}

// newName returns a name for a write to which the caller gives none.
func newName() *string { return new(uuid.NewString()) }

// nameOf returns the name that options give to a write, or a new one.
func nameOf(options []WriteOption) *string { return *with(newName(), options, WriteOption.write) }
