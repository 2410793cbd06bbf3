package records

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/db"
)

// errTooFar is of a walk that had to read too many accounts which do not pass.
var errTooFar = errors.New("the list read too many accounts")

// place is where an account is in a list.
type place struct{ updatedAt, id int64 }

// filter returns the places on a page whose filter takes more than SQL. It reads
// of each account that may pass what the filter looks at, in the list's order
// until the page is full, or else of all. It returns errTooFar if there is another
// plan, and this one takes long.
func (r Reader) filter(ctx context.Context, companyID int64, q account.Query, p plan, w walk) ([]place, error) {
	picked := newPicker[place](w)
	take := picked.take
	var found []place
	if p.ids.Text != "" || p.scan {
		take = func(at place) error {
			found = append(found, at)
			return nil
		}
	}
	if err := r.eachMatch(ctx, companyID, q, p, w, take); err != nil {
		return nil, err
	}
	slices.SortFunc(found, w.compare)
	for _, at := range found {
		if picked.take(at) != nil {
			break
		}
	}
	return picked.items, nil
}

// sortCost is how many entries of the index of lists are read in the time in
// which the row of an account is read to sort it.
const sortCost = 12

// fewKnown are sorted at once.
const fewKnown = 100

var selectSize = db.Statement{Thing: "company", Brief: true, Text: `SELECT last_number FROM companies WHERE id = ?`}

// pickKnown returns the places on a page of which the ids are known that may be
// on it. It meets them in the list's order, without their rows. It returns
// errTooFar if it is likely to be, or turns out, quicker to sort them.
func (r Reader) pickKnown(ctx context.Context, companyID int64, q account.Query, p plan, w walk) ([]place, error) {
	n := int64(len(p.known))
	if n < fewKnown || len(p.tests) > 0 {
		return nil, errTooFar
	}
	var size int64 // of the company; some have the numbers that they want
	if err := r.Session.Get(ctx, selectSize, []any{companyID}, &size); err != nil {
		return nil, err
	}
	distance := (w.page.Offset + int64(w.page.Limit)) * max(size, n) / n // if they are spread evenly
	if distance > n*sortCost {
		return nil, errTooFar
	}
	known := make(map[int64]bool, n)
	for _, id := range p.known {
		known[id] = true
	}
	var b db.Builder
	b.Add(`SELECT a.place, a.updated_at ` + inOrder)
	plan{}.addWhere(&b, companyID, q)
	picked, left := newPicker[place](w), 4*distance
	w.addStart(&b, "a")
	w.addOrder(&b, "a")
	w.addReach(&b, left)
	var at place
	err := r.Session.Each(ctx, db.Statement{Thing: "accounts", Text: b.String(), Once: true}, b.Args, func(row *db.Row) error {
		if err := row.Scan(&at.id, &at.updatedAt); err != nil {
			return err
		}
		if known[at.id] {
			return picked.take(at)
		}
		if left--; left < 0 {
			return errTooFar
		}
		return nil
	})
	return picked.items, err
}

// load returns the accounts at places.
func load[T any](ctx context.Context, r Reader, companyID int64, at []place, w walk, f form[T]) ([]T, error) {
	if len(at) == 0 {
		return []T{}, nil
	}
	ids := make(db.List[int64], len(at))
	for i, p := range at {
		ids[i] = p.id
	}
	var b db.Builder
	b.Add(f.columns+`FROM accounts a WHERE {-}a.company_id = ? AND a.id IN ({ids ?})`, companyID, ids)
	w.addOrder(&b, "a")
	return db.Collect(ctx, r.Session, db.Statement{Thing: "accounts", Text: b.String()}, b.Args, f.scan)
}

// compare orders places as the walk does.
func (w walk) compare(a, b place) int {
	order := cmp.Or(cmp.Compare(a.updatedAt, b.updatedAt), cmp.Compare(a.id, b.id))
	if w.ascending {
		return order
	}
	return -order
}

// eachMatch calls found for each account that passes the filter of a plan: as it
// lies behind the walk's start, if the plan is to read in its order.
func (r Reader) eachMatch(ctx context.Context, companyID int64, q account.Query, p plan, w walk, found func(place) error) error {
	look := lookAt(p.rest)
	var b db.Builder
	look.addSelect(&b)
	b.Add(p.from())
	p.addWhere(&b, companyID, q)
	w.addStart(&b, "a")
	if p.ids.Text == "" && !p.scan {
		w.addOrder(&b, "a")
		if p.sorted != nil {
			w.addReach(&b, int64(p.patience))
		}
	}
	missed := 0
	return r.Session.Each(ctx, p.statement(&b, q), b.Args, func(row *db.Row) error {
		at, err := look.scan(row)
		if err != nil {
			return err
		}
		passes, err := look.matches(p.rest)
		if err != nil {
			return err
		}
		if passes {
			return found(at)
		}
		if missed++; p.sorted != nil && missed > p.patience {
			return errTooFar
		}
		return nil
	})
}

// look is what a filter looks at. The most accounts are read in vain, so no more
// is read of them, and always into the same row.
type look struct {
	at      place
	row     accountRow
	record  query.Remembered // the row's account
	columns []accountColumn
	names   bool // of the contacts
	custom  []string
	values  db.Members
	dest    []any
}

func lookAt(f query.Filter) *look {
	l := &look{}
	l.record.Record = &l.row.Account
	l.row.Custom = account.Custom{}
	var members []query.Member
	for _, c := range f.Conditions {
		switch c.Member {
		case query.MemberCustom:
			l.custom = append(l.custom, c.Property.Key)
		case query.MemberText:
			members = append(members, account.TextMembers...)
		default:
			members = append(members, c.Member)
		}
	}
	l.names = slices.Contains(members, account.MemberContacts) || slices.Contains(members, account.MemberPrimaryName)
	l.columns = columnsThat(func(c accountColumn) bool { return !c.unread && slices.Contains(members, c.member) })
	l.dest = appendAt([]any{&l.at.id, &l.at.updatedAt}, l.columns, &l.row)
	if l.custom != nil {
		l.dest = append(l.dest, &l.values)
	}
	if l.names {
		l.dest = append(l.dest, (*linkedContacts)(&l.row.Account))
	}
	return l
}

func (l *look) addSelect(b *db.Builder) {
	b.Add(`SELECT a.id, a.updated_at`)
	for _, c := range l.columns {
		b.Add(`, a.` + c.name)
	}
	if l.custom != nil {
		b.Add(`, a.custom`)
	}
	if l.names {
		b.Add(`, coalesce((SELECT {array}({object}('id', c.id, 'name', c.name) ORDER BY l.position) ` + linkedContactsOf + `), '[]')`)
	}
	b.Add(` `)
}

func (l *look) scan(row *db.Row) (place, error) {
	err := row.Scan(l.dest...)
	l.record.Forget()
	if len(l.columns) > 0 {
		fromDBAccount(&l.row)
	}
	return l.at, err
}

// matches is Filter.Matches.
func (l *look) matches(f query.Filter) (bool, error) {
	for _, c := range f.Conditions {
		passes, err := l.passes(c)
		if err != nil || passes == f.Any {
			return passes, err
		}
	}
	return !f.Any, nil
}

// passes is Condition.Matches. The most values are plain texts, which need not
// become an account's.
func (l *look) passes(c query.Condition) (passes bool, err error) {
	if c.Member != query.MemberCustom {
		return c.Matches(&l.record), nil
	}
	key := c.Property.Key
	if !l.values.Has(key) {
		return c.Negate, nil
	}
	if text, ok := l.values.Plain(key); ok && c.Property.Type != schema.Date {
		return c.Passes(normal.Fold(text)) != c.Negate, nil
	}
	l.row.Custom[key], err = l.values.Value(key)
	return c.Matches(&l.row.Account), err
}
