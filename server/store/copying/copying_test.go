package copying_test

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	accountsd "github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/transfer"
)

// A copy of a copy, in the kind of the first database, is that to the last byte. Every
// table has rows here: one that a migration adds has to get some in fill, and a table
// or column that only one kind of database has is named.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	run(t, ways, func(t *testing.T, p *pair) {
		first := p.mustCopy(t)
		back := &pair{from: p.to, to: p.from, source: p.target, target: p.from.empty(t)}
		second := back.mustCopy(t)
		wantSame(t, p.from.dump(t, back.target), p.from.dump(t, p.source))
		for i, table := range first.Tables {
			if table.Rows == 0 {
				t.Errorf("%s has no rows to be copied", table.Name)
			}
			// PostgreSQL cuts long keys, and so both make their own.
			if second.Tables[i] != table && table.Name != records.CustomIndex {
				t.Errorf("%v was copied, and %v back", table, second.Tables[i])
			}
		}
	})
}

// What the rooms say of a copy is what they say of its source.
func TestRecordsAreTheSame(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		p.mustCopy(t)
		var want, got []any
		p.from.in(t, p.source, func(s store.Store) { want = told(t, s) })
		p.to.in(t, p.target, func(s store.Store) { got = told(t, s) })
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("answer %d: got %+v\nwant %+v", i, got[i], want[i])
			}
		}
	})
}

// told is what the rooms say of records.
func told(t *testing.T, s store.Store) (answers []any) {
	t.Helper()
	ctx, services := t.Context(), accountsd.NewServices(s, accountsd.ServiceConfig{})
	add := func(answer any, err error) {
		t.Helper()
		must(t, err)
		answers = append(answers, answer)
	}
	for companyID := int64(1); companyID <= 2; companyID++ {
		actor := identity.Actor{CompanyID: companyID}
		for _, test := range []query.Test{
			{Member: "title", Operator: query.OpContains, Value: "cafe"}, {Member: "notes", Operator: query.OpEqual, Value: long},
			{Member: "capacity", Operator: query.OpEqual, Value: "12345678901234567890.1230"}, {Member: "solar", Operator: query.OpEqual, Value: "true"},
			{Member: "roof_type", Operator: query.OpIn, Value: "thatch"}, {Member: "primaryEmail", Operator: query.OpEqual, Value: "office@büro.example"},
		} {
			filter, err := services.Accounts.SearchFilter(ctx, actor, [2]query.Test{test}, false)
			must(t, err)
			found, err := services.Accounts.List(ctx, actor, account.Query{Filter: filter, IncludeArchived: true, Page: query.Page{Limit: 100}})
			if len(found) == 0 {
				t.Errorf("%+v finds nothing", test)
			}
			add(found, err)
		}
		words := query.Filter{Conditions: []query.Condition{{Member: query.MemberText, Contains: "grosse"}}}
		add(services.Accounts.List(ctx, actor, account.Query{Filter: words, Page: query.Page{Limit: 100}}))
		add(s.Changes(ctx, companyID, 0, 100))
		add(s.Users(ctx, companyID, identity.UserFilter{}, 0, 100))
		add(s.Keys(ctx, companyID, 0, 0, 100))
		add(exported(t, s, companyID))
	}
	// A password opens what it opened.
	add(services.Logins.Login(ctx, identity.Login{Email: "zoë@sunrise.example", Password: "a long password 🏠"}))
	return answers
}

// exported is a company's file of accounts.
func exported(t *testing.T, s store.Store, companyID int64) (string, error) {
	var text bytes.Buffer
	w, err := transfer.NewWriter(&text, transfer.NDJSON, nil, func(a account.Account) any { return accountsd.ToAPIAccount(a) })
	must(t, err)
	err = accountsd.NewServices(s, accountsd.ServiceConfig{}).Accounts.Export(t.Context(), companyID, true, w.Write)
	must(t, err)
	return text.String(), w.Flush()
}

// No id is given out again, not even that of a record which was deleted.
func TestIDsGoOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *pair) {
		var last, next newest
		p.from.in(t, p.source, func(s store.Store) {
			last = addNewest(t, s, "last")
			must(t, s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, 1, last.account) }))
		})
		p.mustCopy(t)
		p.to.in(t, p.target, func(s store.Store) { next = addNewest(t, s, "next") })
		for what, ids := range map[string][2]int64{
			"account": {last.account, next.account}, "number": {last.number, next.number}, "sequence": {last.sequence, next.sequence},
			"contact": {last.contact, next.contact}, "company": {last.company, next.company},
		} {
			if ids[1] <= ids[0] {
				t.Errorf("%s %d follows %d", what, ids[1], ids[0])
			}
		}
	})
}

// newest are ids that were given out.
type newest struct{ account, number, sequence, contact, company int64 }

func addNewest(t *testing.T, s store.Store, name string) (n newest) {
	t.Helper()
	must(t, s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		a := account.Account{CompanyID: 1, Version: 1, Title: name, CreatedAt: start, UpdatedAt: start}
		if err := tx.InsertAccount(ctx, &a); err != nil {
			return err
		}
		c := account.Contact{CompanyID: 1, Name: name, CreatedAt: start, UpdatedAt: start}
		if err := tx.InsertContact(ctx, &c); err != nil {
			return err
		}
		company := identity.Company{Name: name, CreatedAt: start}
		if err := tx.InsertCompany(ctx, &company); err != nil {
			return err
		}
		entry := account.HistoryEntry{CompanyID: 1, AccountID: a.ID, Kind: account.ChangeCreated, Version: 1, At: start}
		err := tx.AddHistory(ctx, &entry)
		n = newest{a.ID, a.Number, entry.Sequence, c.ID, company.ID}
		return err
	}))
	return n
}
