package verify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/verify"
)

// What the program writes has no fault, whatever was done.
func TestSound(t *testing.T) {
	onEach(t, func(t *testing.T, d target) {
		var steps []verify.Step
		result, err := verify.Run(t.Context(), d, verify.Options{
			Found: func(f verify.Fault) { t.Error(f) },
			Progress: func(step verify.Step, _, _ int64) {
				if !slices.Contains(steps, step) {
					steps = append(steps, step)
				}
			},
		})
		must(t, err)
		if result.Accounts != 5 || result.Contacts != 2 || result.Entries != 17 || len(result.Companies) != 2 || result.Faults != 0 {
			t.Errorf("%+v", result)
		}
		if want := []verify.Step{verify.Storage, verify.Chain, verify.Replay, verify.People}; !slices.Equal(steps, want) {
			t.Errorf("steps %v, want %v", steps, want)
		}
	})
}

// altered are statements that do to a database what no program should, and what must
// be said of it. Account 1 of company 2 has the sequences 1, 3, 5 and last 12; account
// 2 has 2, 4 and 11.
var altered = map[string]struct {
	statements []string
	want       []string
}{
	"sequence":     {[]string{entry(3, "sequence = 1003")}, []string{"company 2, account 2, sequence 4: the entry with the sequence 3 is missing", "company 2, account 1, sequence 1003: the entries with the sequences", "company 2: the history ends with the sequence 1003"}},
	"company":      {[]string{entry(3, "company_id = 1")}, []string{"company 2, account 2, sequence 4: the entry with the sequence 3 is missing", "company 1, account 1, sequence 3: the entry with the sequence 2 is missing"}},
	"account":      {[]string{entry(3, "account_id = 2")}, []string{"company 2, account 2, sequence 3: the hash of the entry does not follow"}},
	"kind":         {[]string{entry(3, "kind = 'updatee'")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"version":      {[]string{entry(3, "version = version + 1")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow", "company 2, account 1, sequence 3: the entry has version 3, and the one before it, at sequence 1, has 1"}},
	"time":         {[]string{entry(3, "at = at + 1")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"user":         {[]string{entry(3, "user_id = 1")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"no user":      {[]string{entry(3, "user_id = NULL")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"key":          {[]string{entry(3, "key_id = 0")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"email":        {[]string{entry(3, "email = 'zoe@example.con'")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"reason":       {[]string{entry(3, "reason = 'told'")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"no reason":    {[]string{entry(3, "reason = NULL")}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"a reason":     {[]string{entry(4, "reason = ''")}, []string{"company 2, account 2, sequence 4: the hash of the entry does not follow"}},
	"cause":        {[]string{entry(13, "cause = replace(cause, 'undelete', 'revert')")}, []string{"company 2, account 4, sequence 13: the hash of the entry does not follow"}},
	"no cause":     {[]string{entry(13, "cause = NULL")}, []string{"company 2, account 4, sequence 13: the hash of the entry does not follow", "company 2, account 4, sequence 13: the account cannot be created after it was deleted at sequence 8"}},
	"fields":       {[]string{entry(3, `fields = replace(fields, '1.10', '1.11')`)}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow", "company 2, account 1, sequence 3: the entry has other values of before than the entries before it left: of custom.sizes"}},
	"fields' form": {[]string{entry(3, `fields = replace(fields, '{"after', '{ "after')`), entry(3, `fields = ' ' || fields`)}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"no fields":    {[]string{entry(3, `fields = 'x'`)}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow", "company 2, account 1, sequence 3: the changes of the entry are no JSON object"}},
	"hash":         {[]string{`UPDATE changes SET hash = (SELECT hash FROM changes WHERE company_id = 2 AND sequence = 4) WHERE company_id = 2 AND sequence = 3`}, []string{"company 2, account 1, sequence 3: the hash of the entry does not follow"}},
	"last hash":    {[]string{`UPDATE changes SET hash = (SELECT hash FROM changes WHERE company_id = 2 AND sequence = 4) WHERE company_id = 1`}, []string{"company 1, account 5, sequence 1: the hash of the entry does not follow"}},
	"first entry":  {[]string{`DELETE FROM changes WHERE company_id = 2 AND sequence = 1`}, []string{"company 2, account 2, sequence 2: the entry with the sequence 1 is missing", "company 2, account 1, sequence 3: the history of the account does not begin with its creation"}},
	"an entry":     {[]string{`DELETE FROM changes WHERE company_id = 2 AND sequence = 4`}, []string{"company 2, account 1, sequence 5: the entry with the sequence 4 is missing", "company 2, account 2, sequence 11: the entry has version 3"}},
	"two entries":  {[]string{`DELETE FROM changes WHERE company_id = 2 AND sequence IN (4, 5)`}, []string{"company 2, account 3, sequence 6: the entries with the sequences 4 to 5 are missing"}},
	"last entry":   {[]string{`DELETE FROM changes WHERE company_id = 1`}, []string{"company 1: the last entry of the history, with the sequence 1, is missing", "company 1, account 5: the account has no history"}},
	"swapped":      {[]string{entry(3, "sequence = -1"), entry(4, "sequence = 3"), entry(-1, "sequence = 4")}, []string{"company 2, account 2, sequence 3: the hash of the entry does not follow", "company 2, account 1, sequence 4: the hash of the entry does not follow"}},
	"added": {[]string{`INSERT INTO changes (company_id, sequence, account_id, kind, version, at, user_id, email, fields, hash)
SELECT company_id, sequence + 1, account_id, kind, version, at, user_id, email, fields, hash FROM changes WHERE company_id = 1`}, []string{"company 1, account 5, sequence 2: the hash of the entry does not follow", "company 1: the history ends with the sequence 2, and the company has counted up to 1"}},
	"all without a company": {[]string{`INSERT INTO changes (company_id, sequence, account_id, kind, version, at, user_id, email, fields, hash)
SELECT 99, sequence, account_id, kind, version, at, user_id, email, fields, hash FROM changes WHERE company_id = 1`}, []string{"company 99: there is history of a company that is not there"}},

	"sequences counted": {[]string{`UPDATE companies SET last_sequence = 18 WHERE id = 2`}, []string{"company 2: the last entries of the history, with the sequences 17 to 18, are missing"}},
	"company's hash":    {[]string{`UPDATE companies SET last_hash = (SELECT hash FROM changes WHERE company_id = 2 AND sequence = 4) WHERE id = 2`}, []string{"company 2: the company has another hash of its last entry, with the sequence 16"}},
	"numbers counted":   {[]string{`UPDATE companies SET last_number = 78 WHERE id = 2`}, []string{"company 2: the last number that was assigned to an account is 78, but none ever had more than 77"}},

	"title":      {[]string{row("title = 'Sunrise C', title_fold = 'sunrise c'")}, []string{"company 2, account 1, sequence 12: the account is not what its history ends in: it differs in title"}},
	"fold":       {[]string{row("title_fold = 'x', primary_email_key = NULL")}, []string{"company 2, account 1: the row of the account is wrong: title_fold does not fit title, primary_email_key does not fit primaryEmail"}},
	"custom":     {[]string{row(`custom = '{}'`)}, []string{"company 2, account 1: the account is not found by its value of notes, or by another one", "company 2, account 1, sequence 12: the account is not what its history ends in: it differs in custom.notes, custom.sizes"}},
	"no custom":  {[]string{row(`custom = 'x'`)}, []string{"company 2, account 1: the row of the account is wrong: custom is no object"}},
	"number":     {[]string{row("number = 1000")}, []string{"sequence 12: the account is not what its history ends in: it differs in number"}},
	"value":      {[]string{row("value = value + 1, size = NULL")}, []string{"sequence 12: the account is not what its history ends in: it differs in size, value"}},
	"the server": {[]string{row("version = 9, updated_at = updated_at + 1, created_at = created_at - 1, created_by = 1, updated_by = NULL")}, []string{"sequence 12: the account is not what its history ends in: it differs in version, createdAt, updatedAt, createdBy, updatedBy"}},
	"a deletion": {[]string{`DELETE FROM accounts WHERE id = 2`}, []string{"company 2, account 2, sequence 11: the account is not there, and its history does not end with its deletion"}},
	"a return":   {[]string{`UPDATE changes SET kind = 'deleted' WHERE company_id = 2 AND sequence = 11`}, []string{"company 2, account 2, sequence 11: the hash", "company 2, account 2, sequence 11: the account is there, though its history ends with its deletion"}},

	"merged":           {[]string{`DELETE FROM merged_accounts`}, []string{"company 2, account 6, sequence 15: the account was merged into account 3, and is not kept as such"}},
	"not merged":       {[]string{`INSERT INTO merged_accounts (company_id, account_id, into_id) VALUES (2, 1, 2)`}, []string{"company 2, account 1, sequence 12: the account is kept as merged into account 2, and its history does not say so"}},
	"merged elsewhere": {[]string{`UPDATE merged_accounts SET into_id = 1`}, []string{"company 2, account 6, sequence 15: the account was merged into account 3, and is kept as merged into account 1"}},
	"never there":      {[]string{`INSERT INTO merged_accounts (company_id, account_id, into_id) VALUES (2, 99, 3)`}, []string{"company 2, account 99: the account is kept as merged into account 3"}},
	"no merged key":    {[]string{`DELETE FROM merged_keys WHERE member = 'number'`}, []string{"company 2, account 6, sequence 15: the account is found as a merged one by other values than its history has: of number"}},
	"merged keys":      {[]string{`UPDATE merged_keys SET key = key || '1'`}, []string{"company 2, account 6, sequence 15: the account is found as a merged one by other values than its history has: of custom.ext, number"}},
	"a merged key": {[]string{`INSERT INTO merged_keys (company_id, member, key, account_id) VALUES (2, 'custom.ext', 'E 9', 6)`, `INSERT INTO merged_keys (company_id, member, key, account_id) VALUES (2, 'custom.ext', 'E 3', 3)`},
		[]string{"company 2, account 3, sequence 16: the account is found as a merged one by other values than its history has: of custom.ext", "company 2, account 6, sequence 15: the account is found as a merged one by other values than its history has: of custom.ext"}},

	"a link":   {[]string{`DELETE FROM account_contacts WHERE account_id = 1`}, []string{"company 2, account 1, sequence 12: the account is not what its history ends in: it differs in contacts"}},
	"a lookup": {[]string{`DELETE FROM contact_lookup WHERE kind = 'phone'`}, []string{"company 2: contact 2: it is found by other e-mail addresses and phone numbers than it has"}},
	"a key":    {[]string{`DELETE FROM custom_index WHERE account_id = 1 AND key LIKE 'n%'`}, []string{"company 2, account 1: the account is not found by its value of notes"}},
	"no owner": {[]string{`DELETE FROM unique_values`}, []string{"company 2, account 3: the account is not found by its value of ext, or by another one; switch unique off"}},
	"an owner": {[]string{`UPDATE unique_values SET account_id = 1`}, []string{"company 2, account 1: the account is not found by its value of ext", "company 2, account 3: the account is not found by its value of ext"}},
	"phones":   {[]string{`UPDATE contacts SET phones = 'x'`}, []string{"company 2: contact 2: phones is no list of texts"}},
	"audit":    {[]string{`DELETE FROM audit WHERE company_id = 2 AND sequence = 1`}, []string{"company 2: the audit log has not all entries up to the sequence"}},
	"a position": {[]string{`INSERT INTO webhooks (company_id, id, url, description, kinds, members, secret, former_secret, position, ahead, created_at, updated_at, pause_reason, failures)
VALUES (2, 1, '', '', '[]', '[]', '', '', 1000000, '[]', 1, 1, '', 0)`}, []string{"company 2: a webhook has delivered more than there is in the history"}},
	"a key of": {[]string{`UPDATE api_keys SET company_id = 2`}, []string{"company 2: there is an API key of a user of another company"}},
}

// entry changes an entry of the history of company 2.
func entry(sequence int, set string) string {
	return fmt.Sprintf("UPDATE changes SET %s WHERE company_id = 2 AND sequence = %d", set, sequence)
}

// row changes the row of account 1.
func row(set string) string { return "UPDATE accounts SET " + set + " WHERE id = 1" }

// Whatever is altered, left out or put elsewhere is named.
func TestAltered(t *testing.T) {
	onEach(t, func(t *testing.T, d target) {
		if found := d.after(t); len(found) > 0 {
			t.Fatal(found)
		}
		for name, c := range altered {
			wantFaults(t, name, d.after(t, c.statements...), c.want)
		}
		if found := d.after(t); len(found) > 0 {
			t.Errorf("it was not undone: %s", found)
		}
	})
}

// wantFaults wants each of the texts at the start of a fault of its own, and each fault
// on one line with what to do.
func wantFaults(t *testing.T, name string, found []verify.Fault, want []string) {
	t.Helper()
	var lines []string
	for _, f := range found {
		lines = append(lines, f.String())
		if f.Remedy == "" || strings.Contains(f.String(), "\n") {
			t.Errorf("%s: %q", name, f)
		}
	}
	for _, text := range want {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) }) {
			t.Errorf("%s: nothing says %q\n%s", name, text, strings.Join(lines, "\n"))
		}
	}
}

// What only PostgreSQL has is looked at, too.
func TestAlteredOnPostgres(t *testing.T) {
	onEach(t, func(t *testing.T, d target) {
		if !d.isPostgres {
			return
		}
		const unchecked = `SET LOCAL session_replication_role = replica`
		for name, c := range map[string]struct {
			statements []string
			want       string
		}{
			"text":       {[]string{`UPDATE search_texts SET text = 'x' WHERE kind = 'accounts' AND record_id = 1`}, "company 2: the text of the record 1 of accounts is not what is looked for words in"},
			"no part":    {[]string{`UPDATE search_texts SET text = words WHERE kind = 'accounts' AND record_id = 1`}, "company 2: the text of the record 1 of accounts is not what is looked for words in"},
			"no text":    {[]string{`DELETE FROM search_texts WHERE kind = 'contacts' AND record_id = 2`}, "company 2: the text of the record 2 of contacts is not"},
			"of nothing": {[]string{`INSERT INTO search_texts VALUES (1, 'contacts', 77, 'x', true)`}, "company 1: the text of the record 77 of contacts is not"},
			"ids":        {[]string{`UPDATE counters SET last = 4 WHERE name = 'accounts'`}, "an id of the table changes is 6, but ids are counted only up to 4"},
			"reference":  {[]string{unchecked, `DELETE FROM users WHERE id = 2`}, "the table accounts has "},
			"link":       {[]string{unchecked, `DELETE FROM contacts WHERE id = 2`}, "company 2, account 1: the link to contact 2 is not between an account and a contact of the company"},
		} {
			wantFaults(t, name, d.after(t, c.statements...), []string{c.want})
		}
	})
}

// What docs/history-hashes.md has PostgreSQL check by itself finds the same.
func TestDocumentedSQL(t *testing.T) {
	onEach(t, func(t *testing.T, d target) {
		if !d.isPostgres {
			return // It has no SHA-256.
		}
		page, err := os.ReadFile("../../../docs/history-hashes.md")
		must(t, err)
		_, text, _ := strings.Cut(string(page), "```sql\n")
		text, _, _ = strings.Cut(text, ";\n```")
		for set, want := range map[string]string{"version = version": "[]", "email = 'x'": "[3]", "key_id = 0": "[3]", "reason = ''": "[3]", "reason = NULL": "[3]"} {
			err := d.write(t.Context(), func(ctx context.Context, s db.Session) error {
				var found []int64
				err := s.Exec(ctx, db.Statement{Thing: "anything", Text: entry(3, set)})
				if err == nil {
					err = s.Each(ctx, db.Statement{Thing: "history", Text: text}, nil, func(row *db.Row) error {
						var sequence, account int64
						err := row.Scan(&sequence, &account)
						found = append(found, sequence)
						return err
					})
				}
				if got := fmt.Sprint(found); got != want {
					t.Errorf("%s: found %s, want %s", set, got, want)
				}
				return errors.Join(err, errUndo)
			})
			if !errors.Is(err, errUndo) || strings.Contains(err.Error(), "\n") {
				t.Error(err)
			}
		}
	})
}

// An entry that was altered is named, and no other one of the chain is.
func TestOnlyTheAltered(t *testing.T) {
	onEach(t, func(t *testing.T, d target) {
		for _, name := range []string{"time", "user", "no user", "key", "email", "reason", "no reason", "fields' form", "hash", "kind"} {
			var hashes []string
			for _, f := range d.after(t, altered[name].statements...) {
				if strings.Contains(f.Problem, "hash") {
					hashes = append(hashes, f.String())
				}
			}
			if len(hashes) != 1 {
				t.Errorf("%s: %s", name, strings.Join(hashes, "\n"))
			}
		}
	})
}
