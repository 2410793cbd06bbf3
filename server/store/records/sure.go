package records

import (
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
)

// sure is what a transaction has found or written, and no other one can change until it
// ends: a write that cannot fail by that need be neither checked nor waited for.
type sure struct {
	numbers  set[freeNumber] // that are nobody's
	keys     set[freeKey]    // that are nobody's
	accounts set[record]     // that are there
	contacts set[record]     // that are there
}

type freeNumber struct{ companyID, number int64 }

type freeKey struct {
	companyID, propertyID int64
	key                   string
}

// record is one of a company.
type record struct{ companyID, id int64 }

func keyOfProperty(p schema.Property, key string) freeKey { return freeKey{p.CompanyID, p.ID, key} }

// hasContacts tells whether contacts are known to be there.
func (s *sure) hasContacts(companyID int64, contacts []account.Contact) bool {
	return !slices.ContainsFunc(contacts, func(c account.Contact) bool { return !s.contacts[record{companyID, c.ID}] })
}

// set is a set that is made when it is needed.
type set[K comparable] map[K]bool

func (s *set[K]) add(k K) {
	if *s == nil {
		*s = make(set[K])
	}
	(*s)[k] = true
}

// take tells whether the set had something, which it has no more.
func (s set[K]) take(k K) bool {
	had := s[k]
	delete(s, k)
	return had
}
