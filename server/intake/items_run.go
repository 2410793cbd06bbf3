package intake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
)

// itemsRun is one BatchItems in its transaction.
type itemsRun struct {
	creation creation
	ahead    *aheadTx
	req      ItemsRequest
	offences fault.Offences
}

func (r *itemsRun) run(ctx context.Context) ([]Receipt, error) {
	if err := r.readAhead(ctx); err != nil {
		return nil, err
	}
	receipts := make([]Receipt, len(r.req.Items))
	for i, item := range r.req.Items {
		receipt, err := r.item(ctx, item)
		wrong := located(err, item)
		switch {
		case err == nil:
			receipts[i] = receipt
		case wrong == nil:
			return nil, err
		case r.req.Each:
			receipts[i] = Receipt{Err: fault.Invalid(append(item.Found, wrong...).Distinct())}
		default:
			for _, offence := range wrong {
				r.offences.Append(offence.Under("items", strconv.Itoa(i)))
			}
		}
	}
	return receipts, fault.Invalid(r.offences)
}

// readAhead reads what the items are matched with.
func (r *itemsRun) readAhead(ctx context.Context) error {
	companyID := r.creation.actor.CompanyID
	properties, err := r.creation.accounts.Schema(ctx, r.ahead, companyID)
	if err != nil {
		return err
	}
	all := make([]sought, len(r.req.Items))
	for i := range r.req.Items {
		item := &r.req.Items[i]
		all[i] = sought{id: item.ID, by: item.By, strategy: item.Strategy, patch: &item.Patch}
	}
	return r.ahead.readAhead(ctx, companyID, properties, all)
}

// item carries an item out; one of many that fail each for itself, so that it leaves
// nothing.
func (r *itemsRun) item(ctx context.Context, item Item) (receipt Receipt, err error) {
	if !r.req.Each {
		return r.act(ctx, item)
	}
	err = r.ahead.Isolate(ctx, func(ctx context.Context) error {
		if receipt, err = r.act(ctx, item); err != nil {
			return err
		}
		return item.refusal()
	})
	if err != nil {
		r.ahead.forget() // What is remembered may be what the item made of it.
	}
	return receipt, err
}

// errRefused is of an item of which something was wrong when it was read.
var errRefused = errors.New("something is wrong with the item")

// refusal undoes what was made of an item only to find what else is wrong with it.
func (i Item) refusal() error {
	if len(i.Found) > 0 {
		return errRefused
	}
	return nil
}

func (r *itemsRun) act(ctx context.Context, item Item) (Receipt, error) {
	r.ahead.changed = nil
	switch {
	case item.blank:
		return Receipt{}, nil // which was told when it was read
	case item.ID != 0:
		return r.update(ctx, item)
	}
	c := &r.creation
	c.partial, c.exists = item.Act != ActCreate, item.Act == ActUpdate
	c.req = CreateRequest{Patch: item.Patch, MatchBy: item.By, Strategy: item.Strategy, AllowNewOptions: r.req.AllowNewOptions}
	matched, err := c.check(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if matched.ID == 0 && c.exists {
		return Receipt{}, c.unmatched()
	}
	result, err := c.carryOut(ctx, matched)
	return r.receipt(result), err
}

// update updates the account that an item names.
func (r *itemsRun) update(ctx context.Context, item Item) (Receipt, error) {
	c := &r.creation
	before, err := r.ahead.AccountForUpdate(ctx, c.actor.CompanyID, item.ID)
	if err != nil {
		return Receipt{}, err
	}
	if err := item.Match.Check(before); err != nil {
		return Receipt{}, err
	}
	after, err := c.accounts.ApplyAndSave(ctx, r.ahead, c.actor, before, item.Patch, r.req.AllowNewOptions)
	return r.receipt(CreateResult{Account: after}), err
}

func (r *itemsRun) receipt(result CreateResult) Receipt {
	return Receipt{Account: result.Account, Created: result.Created, Changed: slices.Sorted(maps.Keys(r.ahead.changed))}
}

// located are the offences of an item that an error tells of, from the item on; nil if
// the error is not the item's.
func located(err error, item Item) fault.Offences {
	if errors.Is(err, errRefused) {
		return fault.Offences{} // The item has them.
	}
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	var found fault.Offences
	switch {
	case e.Kind == fault.KindPrecondition:
		found.Outdated([]string{"ifMatch"}, "%s", "is not the current version of the account; fetch it again")
		return found
	case e.MergedInto != 0 && item.ID != 0:
		found.Conflict([]string{"id"}, "is %d, which was merged into account %d; use that one", item.ID, e.MergedInto)
		return found
	case e.Kind == fault.KindNotFound && item.ID != 0:
		found.Add([]string{"id"}, "must be the id of an account; got %d", item.ID)
		return found
	case e.Kind == fault.KindNotFound && item.By == "": // which was told when it was read
		return fault.Offences{}
	case e.Kind == fault.KindNotFound:
		found.Add([]string{"match"}, "%s", "finds no account to update; send upsert to create it")
		return found
	case e.Kind != fault.KindInvalid && e.Kind != fault.KindConflict:
		return nil
	}
	for _, f := range fieldsOf(err) {
		if f.In == fault.InQuery { // of match_by, which an item has as match
			f.In, f.Path, f.Message = fault.InBody, []string{"match"}, "match "+strings.TrimPrefix(f.Message, "match_by ")
			found.Append(f)
			continue
		}
		found.Append(f.Under(string(item.Act)))
	}
	return found
}
