package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/verify"
)

// While many write, each state that verify sees is sound: in groups, in transactions
// of their own, and with parts that are undone.
func TestUnderWrites(t *testing.T) {
	onEachOpen(t, func(t *testing.T, w *world, open func() target) {
		w.CreatedCompany.Actor.CompanyID = 2
		const writers, looks = 32, 6
		ids := make([]int64, writers)
		for i := range ids {
			ids[i] = w.create(map[string]any{"title": fmt.Sprint("Account ", i), "address": []any{"x"}})
		}
		d := open()
		ctx, stop := context.WithCancel(t.Context())
		var writes atomic.Int64
		var group sync.WaitGroup
		for number := range writers {
			group.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := w.writeAs(ctx, number, i, ids); err != nil && ctx.Err() == nil {
						t.Errorf("writer %d: %v", number, err)
						return
					}
					writes.Add(1)
				}
			})
		}
		var last int64
		for range looks {
			for before := writes.Load(); writes.Load() < before+2*writers && !t.Failed(); {
				time.Sleep(time.Millisecond)
			}
			result, err := verify.Run(t.Context(), d, verify.Options{Found: func(f verify.Fault) { t.Error(f) }})
			must(t, err)
			if sequence := result.Companies[1].Sequence; sequence <= last {
				t.Errorf("the history ends with %d, after %d", sequence, last)
			} else {
				last = sequence
			}
		}
		stop()
		group.Wait()
		must(t, w.store.Close())
	})
}

// writeAs is one write of a writer. Some are of one account, so that sets are stale.
func (w *world) writeAs(ctx context.Context, number, i int, ids []int64) error {
	id := ids[number]
	if i%4 == 0 {
		id = ids[0]
	}
	switch i % 8 {
	case 5:
		return w.undoPart(ctx)
	case 6:
		req := account.BatchRequest{}
		for _, id := range []int64{ids[number], ids[(number+1)%len(ids)]} {
			req.Updates = append(req.Updates, account.BatchUpdate{ID: id, Patch: w.Accounts.Parse(map[string]any{"size": json.Number(fmt.Sprint(i + 1))})})
		}
		_, err := w.Accounts.Batch(ctx, w.Actor, req)
		return err
	}
	body := map[string]any{"value": json.Number(fmt.Sprint(number*1000 + i + 1)), "custom": map[string]any{"notes": fmt.Sprint("n", i)}}
	_, err := w.Accounts.Update(ctx, w.Actor, account.UpdateRequest{ID: id, Patch: w.Accounts.Parse(body)})
	return err
}

var errPart = errors.New("this part is undone")

// undoPart adds an account in a transaction whose first part is undone.
func (w *world) undoPart(ctx context.Context) error {
	return w.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		err := tx.Isolate(ctx, func(ctx context.Context) error { return errors.Join(w.add(ctx, tx), errPart) })
		if !errors.Is(err, errPart) {
			return err
		}
		return w.add(ctx, tx)
	})
}

// add adds an account with its history.
func (w *world) add(ctx context.Context, tx store.Tx) error {
	a := account.Account{CompanyID: w.Actor.CompanyID, Version: 1, Title: "In parts", Address: []string{"x"}, Active: true, Custom: account.Custom{}, CreatedAt: start, UpdatedAt: start}
	if err := tx.InsertAccount(ctx, &a); err != nil {
		return err
	}
	changes := make(patch.Changes)
	for name, value := range a.Recorded() {
		changes[name] = patch.Change{After: value}
	}
	return tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: a.CompanyID, AccountID: a.ID, Kind: account.ChangeCreated, Version: 1, At: start, Fields: changes})
}

// A zero below zero, which the first release took, is no damage: the history has it, and
// of the stores one has kept it and the other has not.
func TestZeroBelowZero(t *testing.T) {
	onEachOpen(t, func(t *testing.T, w *world, open func() target) {
		below := math.Copysign(0, -1)
		must(t, w.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			before, err := tx.AccountForUpdate(ctx, w.Actor.CompanyID, 1)
			if err != nil {
				return err
			}
			after := before
			after.Value, after.Size = &below, &below
			changes := patch.Changes{"value": {Before: *before.Value, After: below}, "size": {Before: *before.Size, After: below}}
			writer := account.NewWriter(store.For(w.store, func(tx store.Tx) account.Tx { return tx }), w.Clock, "US")
			_, err = writer.Save(ctx, tx, w.Actor, before, after, changes, nil, nil)
			return err
		}))
		w.update(1, map[string]any{"value": json.Number("1")})
		must(t, w.store.Close())
		_, err := verify.Run(t.Context(), open(), verify.Options{Found: func(f verify.Fault) { t.Error(f) }})
		must(t, err)
	})
}
