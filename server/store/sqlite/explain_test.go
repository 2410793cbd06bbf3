package sqlite_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/write"
)

// unsorted says that the ids of a page come in order. Only the page is sorted.
const unsorted = "!USE TEMP B-TREE FOR ORDER BY\nSCAN picked"

// No list may read other companies' records, nor sort more than it must.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	indexed := schema.Property{CompanyID: company, Key: "zone", Type: schema.Text, Index: schema.IndexReady}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertProperty(ctx, &indexed) })
	for name, c := range map[string]struct {
		read func(context.Context, store.Reader) error
		want []string // steps; one that starts with ! must not be there
	}{
		"all": {lists(company, account.Query{}), []string{
			"SEARCH a USING INDEX accounts_updated (company_id=?)", unsorted,
		}},
		"after": {lists(company, account.Query{Page: query.Page{After: &query.Cursor{UpdatedAt: start, ID: 7}}}), []string{
			"accounts_updated (company_id=? AND (updated_at,place)<(?,?))", unsorted,
		}},
		"before": {lists(company, account.Query{Page: query.Page{Before: &query.Cursor{UpdatedAt: start, ID: 7}}}), []string{
			"accounts_updated (company_id=? AND (updated_at,place)>(?,?))", unsorted,
		}},
		"updated": {lists(company, where(ranges(account.MemberUpdatedAt, start, nil))), []string{
			"accounts_updated (company_id=? AND updated_at>?)", unsorted,
		}},
		"count": {counts(company, account.Query{}), []string{"COVERING INDEX accounts_updated (company_id=?)"}},
		"in order": {lists(company, where(ranges(account.MemberValue, 1.0, 2.0))), []string{
			"INDEX accounts_updated (company_id=?)", unsorted,
		}},
		"title":   {lists(company, where(ranges(account.MemberTitle, "a", "a"))), []string{"accounts_title (company_id=? AND title_fold=?)"}},
		"titles":  {lists(company, where(ranges(account.MemberTitle, "a", "b"))), []string{"accounts_title (company_id=? AND title_fold>? AND title_fold<?)"}},
		"email":   {lists(company, where(ranges(account.MemberEmail, "a", "a"))), []string{"accounts_primary_email (company_id=? AND primary_email_key=?)"}},
		"phone":   {lists(company, where(ranges(account.MemberPhone, "a", "a"))), []string{"accounts_primary_phone (company_id=? AND primary_phone=?)"}},
		"number":  {lists(company, where(ranges(account.MemberNumber, int64(1), int64(1)))), []string{"(company_id=? AND number=?)"}},
		"contact": {lists(company, where(ranges(account.MemberContacts, int64(1), int64(1)))), []string{"account_contacts USING COVERING INDEX sqlite_autoindex_account_contacts_2 (contact_id=?)"}},
		"ids":     {lists(company, where(ranges(account.MemberID, int64(1), int64(1)))), []string{"SEARCH a USING INTEGER PRIMARY KEY (rowid=?)"}},
		"custom": {lists(company, where(custom(indexed, "a", "a"))), []string{
			"custom_index USING PRIMARY KEY (property_id=? AND key=?)", "!custom_index_account",
		}},
		"custom range":  {lists(company, where(custom(indexed, "a", "b"))), []string{"custom_index USING PRIMARY KEY (property_id=? AND key>? AND key<?)"}},
		"custom either": {lists(company, either(custom(indexed, "a", "a"), ranges(account.MemberTitle, "a", nil))), []string{"custom_index USING PRIMARY KEY (property_id=? AND key=?)", "accounts_title (company_id=? AND title_fold>?)"}},
		"count custom":  {counts(company, where(custom(indexed, "a", "a"))), []string{"custom_index USING PRIMARY KEY (property_id=? AND key=?)"}},
		"negated":       {lists(company, where(negate(custom(indexed, "a", "a")))), []string{"INDEX accounts_updated (company_id=?)", unsorted}},
		"unindexed": {lists(company, where(custom(schema.Property{Key: "x", Type: schema.Text}, "a", "a"))), []string{
			"INDEX accounts_updated (company_id=?)", "!USE TEMP B-TREE FOR ORDER BY\nSEARCH a USING INTEGER PRIMARY KEY",
		}},
		"with a property": {func(ctx context.Context, r store.Reader) error {
			_, err := r.AccountsWith(ctx, schema.Property{CompanyID: company, Key: "x"}, 7, 100)
			return err
		}, []string{"accounts_company (company_id=? AND id>?)", "!TEMP B-TREE FOR ORDER BY"}},
		"with an indexed property": {func(ctx context.Context, r store.Reader) error {
			_, err := r.AccountsWith(ctx, indexed, 7, 100)
			return err
		}, []string{"accounts_company (company_id=? AND id>?)", "custom_index_account (account_id=? AND property_id=? AND company_id=?)", "!TEMP B-TREE FOR ORDER BY"}},
		"keyed": {func(ctx context.Context, r store.Reader) error {
			_, err := r.KeyedAccounts(ctx, schema.Property{CompanyID: company, ID: 1}, []string{"a", "b"})
			return err
		}, []string{"custom_index USING PRIMARY KEY (property_id=? AND key=?)"}},
		"contacts": {contacts(company, contact.Query{Words: []string{"a"}, UpdatedAfter: start}), []string{
			"contacts_updated (company_id=? AND updated_at>?)", "contacts_updated (company_id=? AND updated_at>?)", "!TEMP B-TREE FOR ORDER BY",
		}},
		"contacts after": {contacts(company, contact.Query{Page: query.Page{After: &query.Cursor{UpdatedAt: start}}}), []string{
			"contacts_updated (company_id=? AND (updated_at,place)<(?,?))", "COVERING INDEX contacts_updated (company_id=?)",
		}},
		"contacts of an account": {contacts(company, contact.Query{AccountID: 1}), []string{"account_contacts USING PRIMARY KEY (account_id=?)"}},
		"history": {func(ctx context.Context, r store.Reader) error {
			_, err := r.History(ctx, company, 1, 7, 10)
			return err
		}, []string{
			"changes_account (company_id=? AND account_id=? AND sequence<?)", "!TEMP B-TREE",
		}},
		"changes": {func(ctx context.Context, r store.Reader) error {
			_, err := r.Changes(ctx, company, 7, 10)
			return err
		}, []string{
			"PRIMARY KEY (company_id=? AND sequence>?)", "!TEMP B-TREE",
		}},
		"same emails": {func(ctx context.Context, r store.Reader) error {
			_, err := r.DuplicateKeys(ctx, company, account.DuplicateEmail, "a", 10)
			return err
		}, []string{"COVERING INDEX accounts_primary_email (company_id=? AND primary_email_key>?)", "!TEMP B-TREE"}},
		"same phones": {func(ctx context.Context, r store.Reader) error {
			_, err := r.DuplicateKeys(ctx, company, account.DuplicatePhone, "a", 10)
			return err
		}, []string{"COVERING INDEX accounts_primary_phone (company_id=? AND primary_phone>?)", "!TEMP B-TREE"}},
		"same titles": {func(ctx context.Context, r store.Reader) error {
			_, err := r.DuplicateKeys(ctx, company, account.DuplicateTitle, "a", 10)
			return err
		}, []string{"COVERING INDEX accounts_title (company_id=? AND title_fold>?)", "!TEMP B-TREE"}},
		"same addresses": {func(ctx context.Context, r store.Reader) error {
			_, err := r.DuplicateKeys(ctx, company, account.DuplicateAddress, "a", 10)
			return err
		}, []string{"COVERING INDEX accounts_address (company_id=? AND address_fold>?)", "!TEMP B-TREE"}},
		"duplicates": {func(ctx context.Context, r store.Reader) error {
			_, err := r.Duplicates(ctx, company, account.DuplicateTitle, []string{"a", "b"}, false)
			return err
		}, []string{"SEARCH a USING INDEX accounts_title (company_id=? AND title_fold=?)", "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)"}},
		"users": {func(ctx context.Context, r store.Reader) error {
			_, err := r.Users(ctx, company, identity.UserFilter{}, 7, 10)
			return err
		}, []string{
			"users_company (company_id=? AND id>?)", "!TEMP B-TREE",
		}},
		"keys": {func(ctx context.Context, r store.Reader) error {
			_, err := r.Keys(ctx, company, 0, 7, 10)
			return err
		}, []string{
			"api_keys_company (company_id=? AND id>?)", "!TEMP B-TREE",
		}},
		"keys of a user": {func(ctx context.Context, r store.Reader) error {
			_, err := r.Keys(ctx, company, 1, 7, 10)
			return err
		}, []string{
			"api_keys_user (user_id=? AND id>?)", "!TEMP B-TREE",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := s.Explain(t.Context(), func(r store.Reader) error { return c.read(t.Context(), r) })
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, steps, c.want)
		})
	}
}

// A write must take as long in a large company as in a small one.
func TestPlansOfWrites(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	l := newLoad(t, s, 2, "none")
	zone := schema.Property{CompanyID: l.company, Key: "zone", Options: []string{"a"}}
	key := identity.Key{CompanyID: l.company, UserID: l.user.ID, Hash: identity.KeyHash{1}}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(tx.InsertProperty(ctx, &zone), tx.InsertKey(ctx, &key))
	})
	steps, err := s.ExplainWrite(t.Context(), func(ctx context.Context, tx store.Tx) error {
		a, err := tx.AccountForUpdate(ctx, l.company, l.ids[0])
		if err != nil {
			return err
		}
		a.Version++
		_, err = tx.FindAccount(ctx, l.company, account.MatchTitle, normal.Fold(a.Title))
		_, contactsErr := tx.Contacts(ctx, l.company, []int64{a.Contacts[0].ID})
		_, findErr := tx.FindContact(ctx, l.company, "jo@sunrise.example", "")
		answer := write.Answer{ID: write.AnswerID{CompanyID: l.company, KeyID: key.ID, Name: "x"}, At: start}
		_, owner := tx.NumberOwner(ctx, l.company, 1)
		owner = errors.Join(owner, lookups(ctx, tx, l.company))
		added := newAccount(l.company, "Added")
		return errors.Join(err, contactsErr, findErr, owner,
			tx.UpdateAccount(ctx, a, patch.Changes{"contacts": {}, "title": {}}),
			tx.InsertAccount(ctx, &added),
			tx.IndexCustom(ctx, zone, a.ID, []string{"a"}),
			tx.AddOption(ctx, l.company, schema.NewOption{Key: "zone", Label: "b"}),
			tx.SetOptions(ctx, zone, []string{"b"}),
			tx.UpdateContact(ctx, a.Contacts[0]),
			tx.SaveAnswer(ctx, answer, start),
			tx.RevokeKey(ctx, l.company, key.ID, start),
			tx.DeleteContact(ctx, l.company, a.Contacts[1].ID),
			tx.DeleteAccount(ctx, l.company, a.ID),
			tx.DeleteProperty(ctx, zone),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantSteps(t, steps, []string{
		"SEARCH c USING INTEGER PRIMARY KEY (rowid=?)", "!contacts_updated", "!accounts_updated", "!accounts_company",
		"custom_index_account (account_id=? AND property_id=?", "answers_at (company_id=? AND at<?)",
		"INDEX accounts_title (company_id=? AND title_fold=?)", "INDEX accounts_address (company_id=? AND address_fold=?)",
		"INDEX accounts_primary_email (company_id=? AND primary_email_key=?)", "INDEX accounts_primary_phone (company_id=? AND primary_phone=?)",
		"(company_id=? AND number=?)", "contact_lookup USING PRIMARY KEY (company_id=? AND kind=? AND value=?)", "!TEMP B-TREE FOR GROUP BY",
	})
}

// lookups finds out something for many records.
func lookups(ctx context.Context, tx store.Tx, company int64) error {
	_, err := tx.NumberOwners(ctx, company, []int64{1, 2})
	_, _, found := tx.FindContacts(ctx, company, []string{"a", "b"}, []string{"c", "d"})
	err = errors.Join(err, found)
	for _, by := range []account.MatchBy{account.MatchTitle, account.MatchAddress, account.MatchEmail, account.MatchPhone} {
		_, found := tx.FindAccounts(ctx, company, by, []string{"a", "b"})
		err = errors.Join(err, found)
	}
	return err
}

// wantSteps checks a plan, which may scan only what the statement itself makes, and
// the one row of key_version.
func wantSteps(t *testing.T, steps, want []string) {
	t.Helper()
	plan := strings.Join(steps, "\n")
	for _, step := range steps {
		scan, isScan := strings.CutPrefix(step, "SCAN ")
		if isScan && scan != "picked" && scan != "found" && !strings.HasSuffix(scan, "VALUES CLAUSE") && scan != "key_version" && scan != "CONSTANT ROW" && !strings.HasPrefix(scan, "(subquery") && !strings.Contains(scan, "VIRTUAL TABLE") {
			t.Errorf("the plan scans %s:\n%s", scan, plan)
		}
	}
	for _, step := range want {
		unwanted, isUnwanted := strings.CutPrefix(step, "!")
		if strings.Contains(plan, unwanted) == isUnwanted {
			t.Errorf("want %q of the plan:\n%s", step, plan)
		}
	}
}

func lists(company int64, q account.Query) func(context.Context, store.Reader) error {
	q.Page.Limit = 20
	return func(ctx context.Context, r store.Reader) error { _, err := r.Accounts(ctx, company, q); return err }
}

func counts(company int64, q account.Query) func(context.Context, store.Reader) error {
	return func(ctx context.Context, r store.Reader) error {
		_, err := r.CountAccounts(ctx, company, q)
		return err
	}
}

func contacts(company int64, q contact.Query) func(context.Context, store.Reader) error {
	q.Page.Limit = 20
	return func(ctx context.Context, r store.Reader) error {
		if _, err := r.ListContacts(ctx, company, q); err != nil {
			return err
		}
		q.Page = query.Page{}
		_, err := r.CountContacts(ctx, company, q)
		return err
	}
}

func where(conditions ...query.Condition) account.Query {
	return account.Query{Filter: query.Filter{Conditions: conditions}}
}

func either(conditions ...query.Condition) account.Query {
	q := where(conditions...)
	q.Filter.Any = true
	return q
}

func ranges(member query.Member, from, to any) query.Condition {
	return query.Condition{Member: member, Ranges: []query.Range{{From: from, FromOpen: from != to, To: to, ToOpen: from != to}}}
}

func custom(p schema.Property, from, to string) query.Condition {
	c := ranges(query.MemberCustom, from, to)
	c.Property = p
	return c
}

func negate(c query.Condition) query.Condition {
	c.Negate = true
	return c
}
