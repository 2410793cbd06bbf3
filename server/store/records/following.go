package records

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/db"
)

// A database that follows another installation gets its records as they are there,
// with their ids, and is not served until it is promoted.

// Following is the table that a database has while it follows another installation: a
// store must not serve one that has it.
const Following = "following"

// Followed is how far a database has followed another installation.
type Followed struct {
	Source    string // its URL
	CompanyID int64
	Sequence  int64 // of the last entry of history that is here
	// Lost are the contacts that accounts have by their history, where one of them was
	// gone before it could be read. The entry that unlinks it is still to come.
	Lost map[string][]int64
}

var (
	followed = db.NewTable(func(f *Followed) []any {
		return []any{"source", &f.Source, "company_id", &f.CompanyID, "sequence", &f.Sequence, "lost", (*db.Object[[]int64])(&f.Lost)}
	})
	// SQLite takes any word for a type.
	makeFollowing   = db.Statement{Thing: "follower", Text: `CREATE TABLE ` + Following + ` (source text NOT NULL, company_id bigint PRIMARY KEY, sequence bigint NOT NULL, lost text NOT NULL)`}
	dropFollowing   = db.Statement{Thing: "follower", Text: `DROP TABLE ` + Following}
	insertFollowing = db.Statement{Thing: "follower", Text: followed.Insert(Following)}
	selectFollowing = db.Statement{Thing: "follower", Text: `SELECT ` + followed.List("") + ` FROM ` + Following}
	updateFollowing = db.Statement{Thing: "follower", Text: followed.Update(Following) + ` WHERE company_id = ? AND sequence = ?`}
)

// Followed returns how far the database has followed. It must have been begun to.
func (r Reader) Followed(ctx context.Context) (Followed, error) {
	return db.First(ctx, r.Session, selectFollowing, nil, followed.Scan)
}

// BeginFollowing makes a company and its users in a database without any, to follow it.
func (t *Tx) BeginFollowing(ctx context.Context, source string, c identity.Company) error {
	known, err := t.Companies(ctx)
	if err != nil {
		return err
	}
	if len(known) > 0 {
		return fault.Errorf(fault.KindConflict, "the database has records of its own; name a new file, or an empty database")
	}
	if err := t.Session.Exec(ctx, makeFollowing); err != nil {
		return err
	}
	if err := t.Session.Exec(ctx, insertCompany, companies.At(&c)...); err != nil {
		return err
	}
	return t.Session.Exec(ctx, insertFollowing, followed.At(&Followed{Source: source, CompanyID: c.ID})...)
}

// SaveFollowed notes how far the database has followed, from a sequence on. KindConflict
// if that is not where it was: another process follows in the same database.
func (t *Tx) SaveFollowed(ctx context.Context, from int64, f Followed) error {
	err := t.Session.ChangeOne(ctx, updateFollowing, followed.At(&f, f.CompanyID, from)...)
	if fault.IsNotFound(err) {
		return fault.Errorf(fault.KindConflict, "another accountsd follow writes to this database; stop one of them")
	}
	return err
}

// EndFollowing makes the database one like any other. The number is the last one that
// the company assigned to an account.
func (t *Tx) EndFollowing(ctx context.Context, companyID, number int64) error {
	if err := t.Session.Exec(ctx, saveNumber, companyID, number); err != nil {
		return err
	}
	return t.Session.Exec(ctx, dropFollowing)
}

// PutUser writes a user with the id. One who is there keeps the password.
func (t *Tx) PutUser(ctx context.Context, u identity.User) error {
	known, err := t.User(ctx, u.CompanyID, u.ID)
	if fault.IsNotFound(err) {
		return t.countKeys(ctx, t.Session.Exec(ctx, insertUser, userRows.At(&u)...))
	}
	if err != nil {
		return err
	}
	u.PasswordHash = known.PasswordHash
	return t.UpdateUser(ctx, u)
}

// PutContact writes a contact with the id.
func (t *Tx) PutContact(ctx context.Context, c account.Contact) error {
	err := t.UpdateContact(ctx, c)
	if !fault.IsNotFound(err) {
		return err
	}
	if err := t.Session.Exec(ctx, insertContact, contacts.At(&c)...); err != nil {
		return err
	}
	if err := t.addLookup(ctx, c); err != nil {
		return err
	}
	return t.enqueue(ctx, ContactTexts, c.CompanyID, c.ID)
}

var selectContactIDs = db.Statement{Thing: "contacts", Text: `SELECT id FROM contacts WHERE company_id = ? ORDER BY id`}

// ContactIDs returns the ids of a company's contacts.
func (r Reader) ContactIDs(ctx context.Context, companyID int64) ([]int64, error) {
	return db.Collect(ctx, r.Session, selectContactIDs, []any{companyID}, db.Scan[int64])
}

// PutAccount adds an account with the id, and links it to those of its contacts that
// are there.
func (t *Tx) PutAccount(ctx context.Context, a account.Account) error {
	if err := t.Session.Lock(ctx, a.CompanyID); err != nil {
		return err
	}
	t.takeNumber(a.CompanyID, a.Number)
	row := toDBAccount(a)
	if err := t.Session.Exec(ctx, insertAccount, appendAt(nil, columnsOfAccounts, &row)...); err != nil {
		return err
	}
	if err := t.link(ctx, a.CompanyID, a.ID, a.Contacts); err != nil {
		return err
	}
	return t.enqueue(ctx, AccountTexts, a.CompanyID, a.ID)
}

// PutHistory appends an entry of history with the sequence.
func (t *Tx) PutHistory(ctx context.Context, e account.HistoryEntry) error {
	c, err := t.chainOf(ctx, e.CompanyID)
	if err != nil {
		return err
	}
	if e.Sequence <= c.sequence {
		return fmt.Errorf("the entry with the sequence %d comes behind that with %d", e.Sequence, c.sequence)
	}
	return t.appendHistory(ctx, c, &e)
}

// highest are the ids that the database knows of, by the tables of the records. Those
// of accounts and keys that are not here, their history has.
var highest = map[string]db.Statement{
	"companies":  selectHighest("id", "companies"),
	"users":      selectHighest("id", "users"),
	"contacts":   selectHighest("id", "contacts"),
	"properties": selectHighest("id", "properties"),
	"accounts":   selectHighest("account_id", "changes"),
	"api_keys":   selectHighest("key_id", "changes"),
}

func selectHighest(column, table string) db.Statement {
	return db.Statement{Thing: table, Text: `SELECT coalesce(max(` + column + `), 0) FROM ` + table}
}

// HighestIDs returns the highest ids that the database knows of, by table.
func (r Reader) HighestIDs(ctx context.Context) (map[string]int64, error) {
	ids := make(map[string]int64, len(highest))
	for table, st := range highest {
		id, err := r.Session.Number(ctx, st)
		if err != nil {
			return nil, err
		}
		ids[table] = id
	}
	return ids, nil
}
