package crowd

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// carryOut makes a call for an operation, and records both.
func (p *person) carryOut(ctx context.Context, account int, o history.Operation, call func(context.Context) (*client.Account, error)) {
	o.Client, o.Account, o.Called = p.number, p.accounts[account].title, p.record.now()
	ctx, cancel := p.hurry(ctx)
	defer cancel()
	got, err := call(ctx)
	o.Returned = p.record.now()
	o.Outcome = p.judge(o.String, err)
	if o.Outcome == history.Done {
		o.Seen = p.seen(got)
		p.tags[account] = tag{got.ETag, client.Or(got.Value, 0)}
		p.accounts[account].id.Store(got.ID)
	}
	p.record.add(o)
}

// judge is how a call ended. An answer that no client should get ends the work. A
// client who has not been told goes on as another one: what it did may still be
// under way.
func (p *person) judge(what func() string, err error) history.Outcome {
	outcome, ok := outcomeOf(err)
	if !ok && !errors.Is(err, context.Canceled) {
		p.blame(fmt.Errorf("%s: %w", what(), err))
	}
	if outcome == history.Unknown {
		p.number += p.config.Clients
	}
	return outcome
}

func (p *person) id(account int) int64 { return p.accounts[account].id.Load() }

func (p *person) read(ctx context.Context, account int) {
	p.carryOut(ctx, account, history.Operation{Kind: history.Read}, func(ctx context.Context) (*client.Account, error) {
		return p.shared.Accounts.Get(ctx, p.id(account), client.IncludeContacts())
	})
}

// update writes whatever others have written.
func (p *person) update(ctx context.Context, account int) {
	p.send(ctx, account, history.Operation{Kind: history.Update, Patch: p.patch()})
}

func (p *person) send(ctx context.Context, account int, o history.Operation, options ...client.UpdateOption) {
	body := p.body(o.Patch)
	p.carryOut(ctx, account, o, func(ctx context.Context) (*client.Account, error) {
		return p.shared.Accounts.Update(ctx, p.id(account), body, append(options, client.AllowNewOptions())...)
	})
}

// increment reads the value, and writes the next one if nobody else has written.
func (p *person) increment(ctx context.Context, account int) {
	p.read(ctx, account)
	p.guess(ctx, account)
}

// guess is increment by what was read some time ago, and mostly refused.
func (p *person) guess(ctx context.Context, account int) {
	known, ok := p.tags[account]
	if !ok || known.etag == "" {
		return
	}
	patch := p.patch()
	patch[history.Value] = fmt.Sprint(known.value + 1)
	p.send(ctx, account, history.Operation{Kind: history.Update, Patch: patch, IfMatch: versionOf(known.etag)}, client.IfMatch(known.etag))
}

// twice sends a write two times at once, with one key: it must be carried out once,
// and both be told the same.
func (p *person) twice(ctx context.Context, account int) {
	o := history.Operation{Kind: history.Update, Patch: p.patch()}
	body, options := p.body(o.Patch), []client.UpdateOption{client.AllowNewOptions(), client.IdempotencyKey(o.Patch[history.Note])}
	if known, ok := p.tags[account]; ok && known.etag != "" && p.random.IntN(2) == 0 {
		o.IfMatch, options = versionOf(known.etag), append(options, client.IfMatch(known.etag))
	}
	p.carryOut(ctx, account, o, func(ctx context.Context) (*client.Account, error) {
		var answers [2]answer
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() {
				answers[i].account, answers[i].err = p.shared.Accounts.Update(ctx, p.id(account), body, options...)
			})
		}
		both.Wait()
		return agreed(answers[0], answers[1])
	})
}

type answer struct {
	account *client.Account
	err     error
}

// agreed is what two calls were told that are one.
func agreed(a, b answer) (*client.Account, error) {
	first, _ := outcomeOf(a.err)
	second, _ := outcomeOf(b.err)
	switch {
	case second == history.Unknown:
		return a.account, a.err
	case first == history.Unknown:
		return b.account, b.err
	case first != second || !reflect.DeepEqual(a.account, b.account):
		return nil, fmt.Errorf("two calls with one key were answered %v (%v) and %v (%v)", a.account, a.err, b.account, b.err)
	}
	return a.account, a.err
}

// create creates the account, or finds the one that another client has created.
func (p *person) create(ctx context.Context, account int) {
	o := history.Operation{Kind: history.Create, Patch: p.patch()}
	o.Client, o.Account, o.Called = p.number, p.accounts[account].title, p.record.now()
	patch := p.body(o.Patch)
	ctx, cancel := p.hurry(ctx)
	defer cancel()
	made, err := p.shared.Accounts.Create(ctx, client.AccountCreate{
		Title: o.Account, Address: []string{"1 Main Street"}, PrimaryEmail: client.Set(p.accounts[account].email),
		Description: patch.Description, Size: patch.Size, Custom: patch.Custom,
	}, client.MatchBy(client.MatchTitle), client.AllowNewOptions())
	o.Returned = p.record.now()
	o.Outcome = p.judge(o.String, err)
	if o.Outcome == history.Done {
		if made.Created {
			o.Outcome = history.Made
		}
		o.Seen = p.seen(&made.Account)
		p.accounts[account].id.Store(made.ID)
	}
	p.record.add(o)
}

// link makes a contact and links it to the account, instead of those that are.
func (p *person) link(ctx context.Context, account int) {
	name := "Contact of " + p.note()
	p.record.addContact(name, 0)
	short, cancel := p.hurry(ctx)
	defer cancel()
	made, err := p.shared.Contacts.Create(short, client.ContactCreate{Name: name})
	if p.judge(func() string { return name }, err) != history.Done {
		return
	}
	p.record.addContact(name, made.ID)
	patch := p.patch()
	patch[history.Contacts] = listed([]int64{made.ID})
	p.send(ctx, account, history.Operation{Kind: history.Update, Patch: patch})
}
