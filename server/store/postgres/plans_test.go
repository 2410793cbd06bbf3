package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// explainer is a runner that has its statements explained, and finds nothing.
type explainer struct {
	db.Runner
	plan strings.Builder
}

// Run adds a statement, and its plan.
func (e *explainer) Run(ctx context.Context, st db.Statement, args []any, _ func(*db.Row) error) (int64, error) {
	e.plan.WriteString(st.Text + "\n")
	st.Text, st.Once = "EXPLAIN "+st.Text, true
	return e.Runner.Run(ctx, st, args, func(row *db.Row) error {
		var line string
		err := row.Scan(&line)
		e.plan.WriteString(line + "\n")
		return err
	})
}

// Snapshot has what is read in it explained too.
func (e *explainer) Snapshot(_ context.Context, read func(db.Session) error) error {
	return read(db.Session{Runner: e})
}

// What is looked for many at once is looked up in an index, and so is the beginning of a
// list.
func TestPlansOfLookups(t *testing.T) {
	t.Parallel()
	url := database(t)
	s := open(t, url)
	company, first := addCompany(t, s)
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range 2000 {
			a := first
			a.Number, a.CompanyID, a.Title, a.Address = 0, company.ID, fmt.Sprint("Account ", i), []string{fmt.Sprint(i, " Main St")}
			email, phone := fmt.Sprintf("c%d@example.com", i), fmt.Sprint("+1415555", i)
			a.PrimaryEmail, a.PrimaryPhone = &email, &phone
			c := account.Contact{CompanyID: company.ID, Name: a.Title, Emails: []string{email}, Phones: []string{phone}, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
			if err := errors.Join(tx.InsertContact(ctx, &c), tx.InsertAccount(ctx, &a)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, url, "ANALYZE accounts", "ANALYZE contacts", "ANALYZE contact_lookup")
	wantLookups(t, s, company.ID)
}

func wantLookups(t *testing.T, s store.Store, company int64) {
	t.Helper()
	for name, c := range map[string]struct {
		look func(ctx context.Context, tx store.Tx) error
		want []string
	}{
		"numbers": {func(ctx context.Context, tx store.Tx) error {
			_, err := tx.NumberOwners(ctx, company, []int64{1, 2})
			return err
		}, []string{"Index Cond: ((company_id = ", "(number = ANY ("}},
		"contacts": {func(ctx context.Context, tx store.Tx) error {
			_, _, err := tx.FindContacts(ctx, company, []string{"a", "b"}, []string{"c"})
			return err
		}, []string{"contact_lookup_pkey", "(kind = 'email'::text) AND (value = ANY (", "(kind = 'phone'::text) AND (value = ANY ("}},
		"accounts": {func(ctx context.Context, tx store.Tx) error {
			_, err := tx.StoredAccounts(ctx, company, account.Query{Page: query.Page{Limit: 20}}, false)
			return err
		}, []string{"Index Scan Backward using accounts_updated", "Index Cond: ((company_id = a.company_id) AND (id = a.id))", "!LIMIT ?"}},
		"accounts by a word": {func(ctx context.Context, tx store.Tx) error {
			word := query.Condition{Member: query.MemberText, Contains: "a"}
			_, err := tx.StoredAccounts(ctx, company, account.Query{Filter: query.Filter{Conditions: []query.Condition{word}}, Page: query.Page{Limit: 20}}, false)
			return err
		}, []string{"Index Scan Backward using accounts_updated", "!Sort", "!LIMIT ?"}},
		"contacts by a word": {func(ctx context.Context, tx store.Tx) error {
			_, err := tx.ListContacts(ctx, company, contact.Query{Words: []string{"a"}, Page: query.Page{Limit: 20}})
			return err
		}, []string{"Index Scan Backward using contacts_updated", "!Sort", "!LIMIT ?"}},
		"title":   {findsBy(company, account.MatchTitle), []string{"accounts_title", "(title_fold = ANY ("}},
		"address": {findsBy(company, account.MatchAddress), []string{"accounts_address", "(\"left\"(address_fold, 200) = ANY ("}},
		"email":   {findsBy(company, account.MatchEmail), []string{"accounts_primary_email", "(primary_email_key = ANY ("}},
		"phone":   {findsBy(company, account.MatchPhone), []string{"accounts_primary_phone", "(primary_phone = ANY ("}},
	} {
		err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			explained := *tx.(*records.Tx)
			e := &explainer{Runner: explained.Session.Runner}
			explained.Session = db.Session{Runner: e}
			err := c.look(ctx, &explained)
			for _, want := range append(c.want, "!Seq Scan") {
				unwanted, isUnwanted := strings.CutPrefix(want, "!")
				if strings.Contains(e.plan.String(), unwanted) == isUnwanted {
					t.Errorf("%s: want %q of the plan\n%s", name, want, e.plan.String())
				}
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func findsBy(company int64, by account.MatchBy) func(context.Context, store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		_, err := tx.FindAccounts(ctx, company, by, []string{"a", "b"})
		return err
	}
}
