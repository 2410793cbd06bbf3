package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// Act is what an item of a batch does.
type Act string

// The acts, which are also the members that hold their bodies.
const (
	ActCreate Act = "create" // an account
	ActUpdate Act = "update" // the account that the item names or matches
	ActUpsert Act = "upsert" // the account that the item matches, or a new one
)

var acts = []Act{ActCreate, ActUpdate, ActUpsert}

// Item is one item of a batch.
type Item struct {
	Act      Act
	Patch    Patch
	ID       int64               // 0: the account is matched
	By       MatchBy             // empty: it is named by ID, or a new one
	Strategy Strategy            // of an upsert, for the account that matches
	IfMatch  patch.Field[string] // as it was sent: Match is what it says
	Match    *Match              // nil: no condition
}

// ItemsRequest are items to carry out in order.
type ItemsRequest struct {
	Items           []Item
	Each            bool // each for itself, not all or none
	AllowNewOptions bool
	fault.Findings
	Mode write.Mode[[]Receipt]
}

// ReceiptStatus says in a word what became of an item.
type ReceiptStatus string

// The words.
const (
	ReceiptCreated   ReceiptStatus = "created"
	ReceiptUpdated   ReceiptStatus = "updated"
	ReceiptUnchanged ReceiptStatus = "unchanged"
	ReceiptFailed    ReceiptStatus = "failed"
)

// Receipt says what became of an item. If Err is not nil, nothing did.
type Receipt struct {
	Account Account
	Created bool
	Changed []string // the names of the members of an account that was updated, sorted
	Err     error
}

// Status is what became of the item.
func (r Receipt) Status() ReceiptStatus {
	switch {
	case r.Err != nil:
		return ReceiptFailed
	case r.Created:
		return ReceiptCreated
	case len(r.Changed) > 0:
		return ReceiptUpdated
	}
	return ReceiptUnchanged
}

// parseItems reads the items of a batch.
func (s *Service) parseItems(r *patch.Reader, both bool) BatchRequest {
	if both {
		r.Offences.Add([]string{"items"}, "%s", "cannot be sent beside updates; send one of them")
	}
	req := BatchRequest{Items: patch.Each(r, "items", s.parseItem)}
	req.Found = r.Offences
	return req
}

func (s *Service) parseItem(value any) (Item, fault.Offences) {
	r := patch.NewReader(value, s.region)
	id := patch.Member(r, "id", patch.Integer)
	if id.IsSet() && id.Value < 1 {
		r.Offences.Add([]string{"id"}, "must be the id of an account; got %d", id.Value)
	}
	item := Item{
		ID:       id.Value,
		By:       MatchBy(patch.Value(r, "match", patch.Text)),
		Strategy: Strategy(patch.Value(r, "strategy", patch.Text)),
		IfMatch:  patch.Member(r, "ifMatch", patch.Text),
	}
	object, _ := value.(map[string]any)
	for _, act := range acts {
		if _, sent := object[string(act)]; !sent {
			continue
		}
		if item.Act != "" {
			r.Offences.Add([]string{string(act)}, "cannot be sent beside %s; send two items", item.Act)
			continue
		}
		item.Act = act
		item.Patch = ParsePatch(patch.Value(r, string(act), patch.Object), s.region)
		for _, offence := range item.Patch.Found {
			r.Offences.Append(offence.Under(string(act)))
		}
		item.Patch.Found = nil // They are the batch's.
	}
	item.check(&r.Offences)
	return item, r.Offences
}

// check notes what does not go together, and chooses what was not said.
func (i *Item) check(offences *fault.Offences) {
	named, matched := i.ID != 0, i.By != ""
	refuse := func(wrong bool, member, why string) {
		if wrong && !offences.Has(member) {
			offences.Add([]string{member}, "%s", why)
		}
	}
	switch i.Act {
	case "":
		offences.Add([]string{"update"}, "%s", "is required, or create, or upsert")
	case ActCreate:
		refuse(named, "id", "is not for create, which makes a new account")
		refuse(matched, "match", "is not for create; send upsert to match an account")
	case ActUpdate:
		refuse(named && matched, "match", "cannot be sent beside id")
		refuse(!named && !matched, "id", "is required, or match")
	case ActUpsert:
		refuse(named, "id", "is not for upsert, which matches an account; send update")
		refuse(!matched, "match", "is required")
	}
	refuse(!named && i.IfMatch.IsSet(), "ifMatch", "is only for an update by id")
	refuse(i.By == MatchNone, "match", "must name a member to match by; send create for a new account")
	refuse(i.Strategy != "" && i.Act != ActUpsert, "strategy", "is only for upsert")
	if i.Act != ActUpsert || i.Strategy == "" {
		i.Strategy = StrategyUpdate
	}
	if i.Act == ActCreate {
		i.By = MatchNone
	}
}

// BatchItems carries out items in order, all of them or none, and returns a receipt for
// each. Errors: KindInvalid, KindConflict or KindPrecondition with every offence of all
// items. With Each, an item that fails leaves nothing behind, and its receipt says why.
func (s *Service) BatchItems(ctx context.Context, actor identity.Actor, req ItemsRequest) ([]Receipt, error) {
	mode := req.Mode
	mode.Unsound = len(req.Found) > 0
	return write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) ([]Receipt, error) {
		ahead := &aheadTx{schemaTx: schemaTx{Tx: tx}}
		run := &itemsRun{
			creation: creation{Service: s, tx: ahead, actor: actor}, ahead: ahead, req: req, offences: slices.Clip(req.Found),
		}
		return run.run(ctx)
	})
}

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
			receipts[i] = Receipt{Err: fault.Invalid(wrong)}
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
	properties, err := r.creation.schemas.current(ctx, r.ahead, companyID)
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
		receipt, err = r.act(ctx, item)
		return err
	})
	if err != nil {
		r.ahead.forget() // What is remembered may be what the item made of it.
	}
	return receipt, err
}

func (r *itemsRun) act(ctx context.Context, item Item) (Receipt, error) {
	c := &r.creation
	r.ahead.changed = nil
	if item.ID != 0 {
		before, err := r.ahead.AccountForUpdate(ctx, c.actor.CompanyID, item.ID)
		if err != nil {
			return Receipt{}, err
		}
		if err := item.Match.check(before); err != nil {
			return Receipt{}, err
		}
		after, err := c.applyAndSave(ctx, r.ahead, c.actor, before, item.Patch, r.req.AllowNewOptions)
		return r.receipt(CreateResult{Account: after}), err
	}
	c.partial, c.exists = item.Act != ActCreate, item.Act == ActUpdate
	c.req = CreateRequest{Patch: item.Patch, MatchBy: item.By, Strategy: item.Strategy, AllowNewOptions: r.req.AllowNewOptions}
	matched, err := c.check(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if matched.ID == 0 && c.exists {
		return Receipt{}, fault.NotFound("account")
	}
	result, err := c.carryOut(ctx, matched)
	return r.receipt(result), err
}

func (r *itemsRun) receipt(result CreateResult) Receipt {
	return Receipt{Account: result.Account, Created: result.Created, Changed: slices.Sorted(maps.Keys(r.ahead.changed))}
}

// located are the offences of an item that an error tells of, from the item on; nil if
// the error is not the item's.
func located(err error, item Item) fault.Offences {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	var found fault.Offences
	switch {
	case e.Kind == fault.KindPrecondition:
		found.Add([]string{"ifMatch"}, "%s", "is not the current version of the account; fetch it again")
		found[0].Kind = e.Kind
		return found
	case e.MergedInto != 0:
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
