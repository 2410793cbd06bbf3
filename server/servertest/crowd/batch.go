package crowd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// batch updates a few accounts together, some only if they are as they were read.
func (p *person) batch(ctx context.Context, _ int) {
	accounts := p.some()
	if len(accounts) == 0 {
		return
	}
	name := p.note()
	operations := make([]history.Operation, len(accounts))
	updates := make([]client.BatchUpdate, len(accounts))
	for i, account := range accounts {
		o := history.Operation{Client: p.number, Account: p.accounts[account].title, Kind: history.Update, Patch: p.patch(), Batch: name}
		updates[i] = client.BatchUpdate{ID: p.id(account)}
		if known, ok := p.tags[account]; ok && known.etag != "" && p.random.IntN(4) == 0 {
			o.IfMatch, updates[i].IfMatch = versionOf(known.etag), known.etag
		}
		updates[i].Set = p.body(o.Patch)
		operations[i] = o
	}
	called := p.record.now()
	ctx, cancel := p.hurry(ctx)
	defer cancel()
	got, err := p.shared.Accounts.Batch(ctx, updates, client.AllowNewOptions())
	outcome := p.judge(func() string { return name }, err)
	for i := range operations {
		o := &operations[i]
		o.Called, o.Returned, o.Outcome = called, p.record.now(), outcome
		switch {
		case outcome == history.Done:
			o.Seen = p.seen(&got[i])
		case outcome == history.Refused && !isNamed(err, i):
			o.Outcome = history.Void
		}
	}
	p.record.add(operations...)
}

// some are a few accounts that there are.
func (p *person) some() (accounts []int) {
	most := 2 + p.random.IntN(3)
	for _, account := range p.random.Perm(p.open()) {
		if p.id(account) != 0 && len(accounts) < most {
			accounts = append(accounts, account)
		}
	}
	return accounts
}

// isNamed tells whether an error names an update of a batch.
func isNamed(err error, update int) bool {
	failure, ok := errors.AsType[*client.Error](err)
	pointer := fmt.Sprintf("/updates/%d/ifMatch", update)
	return ok && slices.ContainsFunc(failure.Fields, func(f client.FieldError) bool {
		return f.Pointer != nil && *f.Pointer == pointer
	})
}
