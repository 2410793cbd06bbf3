package sqlite_test

import (
	"os"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// What an earlier version has folded in another way is found all the same.
func TestUpgradeFolds(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	script, err := os.ReadFile("migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	execFile(t, path, string(script), "PRAGMA user_version = 1",
		`INSERT INTO companies (name, name_fold, created_at) VALUES ('Sunrise'||char(8203), 'sunrise'||char(8203), 1)`,
		`INSERT INTO contacts (company_id, name, title, emails, phones, created_at, updated_at) VALUES (1, 'Jo', '', '["ada@münchen.example"]', '[]', 1, 1)`,
		`INSERT INTO contact_lookup VALUES (1, 'email', 'ada@münchen.example', 1)`,
		`INSERT INTO accounts (company_id, number, version, title, title_fold, address, address_fold, is_active, primary_email, custom, created_at, updated_at)
			VALUES (1, 1, 1, 'José'||char(8203), 'josé'||char(8203), '["Pier 5'||char(8203)||'"]', 'pier 5'||char(8203), 1, 'ada@münchen.example', '{}', 1, 1)`)
	for _, email := range []string{"ada@münchen.example", "jose\u0301@example.com", "bob@example.com", "ada@xn--mnchen-3ya.example"} {
		execFile(t, path, `INSERT INTO users (company_id, email, first_name, last_name, password_hash, admin, created_at) VALUES (1, '`+email+`', '', '', '', 0, 1)`)
	}
	s := open(t, path, sqlite.Limits{})
	for by, value := range map[account.MatchBy]string{
		account.MatchTitle: normal.Fold("José"), account.MatchAddress: normal.FoldLines([]string{"Pier 5"}), account.MatchEmail: normal.EmailKey("ada@xn--mnchen-3ya.example"),
	} {
		if a, err := s.FindAccount(t.Context(), 1, by, value); err != nil || a.ID != 1 {
			t.Errorf("by %s: %d, %v", by, a.ID, err)
		}
	}
	if c, err := s.FindContact(t.Context(), 1, normal.EmailKey("ada@xn--mnchen-3ya.example"), ""); err != nil || c.ID != 1 {
		t.Errorf("the contact: %d, %v", c.ID, err)
	}
	// Two users that were not the same before: the key is the one's, and the other is found as stored.
	for email, want := range map[string][]int64{
		"JOSÉ@example.com": {2}, "bob@example.com": {3}, "ada@münchen.example": {1, 4}, "ada@xn--mnchen-3ya.example": {4},
	} {
		users, err := s.UsersByEmail(t.Context(), email)
		var ids []int64
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("the users of %s: %v, %v", email, ids, err)
		}
	}
	if c, err := s.Company(t.Context(), "SUNRISE"); err != nil || c.ID != 1 {
		t.Errorf("the company: %d, %v", c.ID, err)
	}
}
