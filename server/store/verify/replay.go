package verify

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/records"
)

// atOnce is how many accounts are in memory at a time.
const atOnce = 500

// state is what the history of an account has made of it so far.
type state struct {
	id        int64
	sequence  int64 // of the last entry; 0: there was none
	kind      account.ChangeKind
	version   int64
	values    map[string]string // JSON by member; what has no value is not there
	createdAt time.Time
	updatedAt time.Time
	createdBy *int64
	updatedBy *int64
	merged    mergedState
	unknown   bool // an entry could not be read
}

// replay is the histories of a company's accounts against the accounts.
type replay struct {
	*run
	company    records.Head
	properties []schema.Property
	accounts   map[int64]*records.CheckedAccount
	merged     map[int64]mergedState // what is kept of accounts that were merged
	state      state
	number     int64 // the highest that an account ever had
}

// checkReplay replays the history of each account, and compares what it ends in with
// the account.
func (r *run) checkReplay(ctx context.Context, company records.Head) error {
	p := &replay{run: r, company: company}
	r.Progress(Replay, min(r.done, r.total), r.total)
	properties, err := r.reader.Properties(ctx, company.CompanyID)
	if err := r.judge(ctx, fmt.Sprintf("the properties of company %d", company.CompanyID), err); err != nil {
		return err
	}
	p.properties = properties
	for after, more := int64(math.MinInt64), true; more; {
		accounts, err := r.reader.CheckedAccounts(ctx, company.CompanyID, after, atOnce)
		if err != nil {
			return err
		}
		last := int64(math.MaxInt64)
		if more = len(accounts) == atOnce; more {
			last = accounts[len(accounts)-1].ID
		}
		if err := p.part(ctx, accounts, after, last); err != nil {
			return err
		}
		after = last
	}
	if company.LastNumber > p.number {
		r.found(Fault{CompanyID: company.CompanyID, Remedy: Restore,
			Problem: fmt.Sprintf("the last number that was assigned to an account is %d, but none ever had more than %d", company.LastNumber, p.number)})
	}
	return nil
}

// part checks accounts, and the histories of all with ids above after, up to last.
func (p *replay) part(ctx context.Context, accounts []records.CheckedAccount, after, last int64) error {
	p.accounts = make(map[int64]*records.CheckedAccount, len(accounts))
	for i := range accounts {
		p.accounts[accounts[i].ID] = &accounts[i]
	}
	p.result.Accounts += int64(len(accounts))
	if err := p.checkKeys(ctx, after, last); err != nil {
		return err
	}
	if err := p.readMerged(ctx, after, last); err != nil {
		return err
	}
	p.state = state{}
	err := p.reader.EachEntryOf(ctx, p.company.CompanyID, after, last, func(e *records.StoredEntry) error {
		p.advance(Replay)
		p.take(e)
		return nil
	})
	if err != nil {
		return err
	}
	p.finish()
	for _, id := range slices.Sorted(maps.Keys(p.accounts)) { // those without any history
		p.state = state{id: id}
		p.finish()
	}
	for _, id := range slices.Sorted(maps.Keys(p.merged)) {
		p.state = state{id: id}
		p.compareMerged()
	}
	return nil
}

// faultAt is about an account, or with a sequence about an entry of its history.
func (p *replay) faultAt(sequence int64, remedy, problem string, args ...any) {
	p.found(Fault{CompanyID: p.company.CompanyID, AccountID: p.state.id, Sequence: sequence, Problem: fmt.Sprintf(problem, args...), Remedy: remedy})
}

// take takes the next entry, of the same account or the next one.
func (p *replay) take(e *records.StoredEntry) {
	if e.AccountID != p.state.id {
		p.finish()
		p.state = state{id: e.AccountID, values: make(map[string]string)}
	}
	s := &p.state
	kind := account.ChangeKind(e.Kind)
	switch {
	case s.sequence == 0 && (kind != account.ChangeCreated || e.Version != 1):
		p.faultAt(e.Sequence, Restore, "the history of the account does not begin with its creation as version 1")
	case s.sequence > 0 && !s.takes(kind, e.Cause):
		p.faultAt(e.Sequence, Restore, "the account cannot be %s after it was %s at sequence %d", kind, s.kind, s.sequence)
	case s.sequence > 0 && e.Version != s.version+1:
		p.faultAt(e.Sequence, Restore, "the entry has version %d, and the one before it, at sequence %d, has %d", e.Version, s.sequence, s.version)
	}
	if s.sequence == 0 {
		s.createdAt, s.createdBy = e.At, e.UserID
	} else { // The creation of an account that is there again is the first one.
		s.updatedBy = e.UserID
	}
	p.apply(e)
	s.sequence, s.kind, s.version, s.updatedAt = e.Sequence, kind, e.Version, e.At
}

// takes tells whether an entry of a kind can come next. One that is deleted can only be
// there again, for which there is a cause.
func (s *state) takes(kind account.ChangeKind, cause *string) bool {
	if s.kind == account.ChangeDeleted {
		return kind == account.ChangeCreated && cause != nil
	}
	return kind != account.ChangeCreated
}

// apply takes the changes of an entry over into the state.
func (p *replay) apply(e *records.StoredEntry) {
	fields, err := jsonvalue.Object([]byte(e.Fields))
	if err != nil {
		p.faultAt(e.Sequence, Restore, "the changes of the entry are no JSON object")
		p.state.unknown = true
		return
	}
	p.state.merged = mergedBy(e, fields)
	var wrong []string
	for name, change := range fields {
		members, _ := change.(map[string]any)
		before, after := text(members["before"]), text(members["after"])
		if before != p.state.values[name] {
			wrong = append(wrong, name)
		}
		if after == "" {
			delete(p.state.values, name)
		} else {
			p.state.values[name] = after
		}
		if number, err := jsonvalue.Integer(asNumber(members["after"])); name == string(account.MemberNumber) && err == nil {
			p.number = max(p.number, number)
		}
	}
	if wrong != nil && !p.state.unknown {
		slices.Sort(wrong)
		p.faultAt(e.Sequence, Restore, "the entry has other values of before than the entries before it left: of %s", strings.Join(wrong, ", "))
	}
}

// finish compares the account whose history has ended.
func (p *replay) finish() {
	s := &p.state
	if s.id == 0 && s.sequence == 0 {
		return // It is none.
	}
	a, there := p.accounts[s.id]
	delete(p.accounts, s.id)
	deleted := s.kind == account.ChangeDeleted
	p.compareMerged()
	switch {
	case !there && !deleted:
		p.faultAt(s.sequence, Restore, "the account is not there, and its history does not end with its deletion")
	case there && deleted:
		p.faultAt(s.sequence, Restore, "the account is there, though its history ends with its deletion")
	case there && s.sequence == 0:
		p.faultAt(0, Restore, "the account has no history")
	case there:
		p.compare(a)
	}
}

// compare compares an account with what its history has made of it.
func (p *replay) compare(a *records.CheckedAccount) {
	s := &p.state
	p.number = max(p.number, a.Number)
	if len(a.Wrong) > 0 {
		p.faultAt(0, rewrite, "the row of the account is wrong: %s", strings.Join(a.Wrong, ", "))
	}
	var differ []string
	if !s.unknown {
		differ = differences(s.values, a.Recorded())
	}
	for _, c := range []struct {
		name string
		same bool
	}{
		{"version", a.Version == s.version},
		{"createdAt", a.CreatedAt.Equal(s.createdAt)},
		{"updatedAt", a.UpdatedAt.Equal(s.updatedAt)},
		{"createdBy", isUser(a.CreatedBy, s.createdBy)},
		{"updatedBy", isUser(a.UpdatedBy, s.updatedBy)},
	} {
		if !c.same {
			differ = append(differ, c.name)
		}
	}
	if differ != nil {
		p.faultAt(s.sequence, Restore, "the account is not what its history ends in: it differs in %s", strings.Join(differ, ", "))
	}
}

// differences are the names of the members with other values than they should have.
func differences(should map[string]string, has map[string]any) (names []string) {
	for name, value := range has {
		if text(value) != should[name] {
			names = append(names, name)
		}
	}
	for name := range should {
		if _, ok := has[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func isUser(has *identity.UserRef, should *int64) bool {
	if has == nil || should == nil {
		return has == nil && should == nil
	}
	return has.ID == *should
}
