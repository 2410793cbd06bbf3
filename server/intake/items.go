package intake

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/account"
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
	Patch    account.Patch
	ID       int64               // 0: the account is matched
	By       account.MatchBy     // empty: it is named by ID, or a new one
	Strategy Strategy            // of an upsert, for the account that matches
	IfMatch  patch.Field[string] // as it was sent: Match is what it says
	Match    *account.Match      // nil: no condition
	Found    fault.Offences      // what is wrong with it, of items that fail each for itself

	blank bool // it has no body that could be carried out
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
	Account account.Account
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

func (s *Service) parseItem(value any) (Item, fault.Offences) {
	r := patch.NewReader(value, s.region)
	id := patch.Member(r, "id", patch.ID)
	if id.IsSet() && id.Value < 1 {
		r.Offences.Add([]string{"id"}, "must be the id of an account; got %d", id.Value)
	}
	item := Item{
		ID:       id.Value,
		By:       account.MatchBy(patch.Value(r, "match", patch.Text)),
		Strategy: Strategy(patch.Value(r, "strategy", patch.Text)),
		IfMatch:  patch.Member(r, "ifMatch", patch.Text),
	}
	object, _ := value.(map[string]any)
	item.blank = true
	for _, act := range acts {
		sent, ok := object[string(act)]
		if !ok {
			continue
		}
		if item.Act != "" {
			r.Offences.Add([]string{string(act)}, "cannot be sent beside %s; send two items", item.Act)
			continue
		}
		item.Act = act
		_, isObject := sent.(map[string]any)
		item.blank = !isObject
		item.Patch = account.ParsePatch(patch.Value(r, string(act), patch.Object), s.region)
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
	refuse(i.By == account.MatchNone, "match", "must name a member to match by; send create for a new account")
	refuse(i.Strategy != "" && i.Act != ActUpsert, "strategy", "is only for upsert")
	if i.Act != ActUpsert || i.Strategy == "" {
		i.Strategy = StrategyUpdate
	}
	if i.Act == ActCreate {
		i.By = account.MatchNone
	}
}

// BatchItems carries out items in order, all of them or none, and returns a receipt for
// each. Errors: KindInvalid, KindConflict or KindPrecondition with every offence of all
// items. With Each, an item that fails leaves nothing behind, and its receipt says why.
func (s *Service) BatchItems(ctx context.Context, actor identity.Actor, req ItemsRequest) ([]Receipt, error) {
	mode := req.Mode
	mode.Unsound = len(req.Found) > 0
	return write.Run(ctx, s.store, mode, func(ctx context.Context, tx account.Tx) ([]Receipt, error) {
		ahead := &aheadTx{Tx: tx}
		run := &itemsRun{
			creation: creation{Service: s, tx: ahead, actor: actor}, ahead: ahead, req: req, offences: slices.Clip(req.Found),
		}
		return run.run(ctx)
	})
}
