package records

import (
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
)

// sure is what a transaction has found or written, and no other one can change until it
// ends: a write that cannot fail by that need be neither checked nor waited for.
type sure struct {
	numbers  known[freeNumber, bool] // that are nobody's
	keys     known[freeKey, bool]    // that are nobody's
	accounts known[record, bool]     // that are there
	contacts known[record, *account.Contact]
}

type freeNumber struct{ companyID, number int64 }

type freeKey struct {
	companyID, propertyID int64
	key                   string
}

// record is one of a company.
type record struct{ companyID, id int64 }

func keyOfProperty(p schema.Property, key string) freeKey { return freeKey{p.CompanyID, p.ID, key} }

// seeContact keeps that a contact is there, and as it is.
func (s *sure) seeContact(c account.Contact) { s.contacts.put(record{c.CompanyID, c.ID}, &c) }

// asSeen returns contacts as they are, if all are known to be there.
func (s *sure) asSeen(companyID int64, contacts []account.Contact) (seen []account.Contact, all bool) {
	seen = make([]account.Contact, len(contacts))
	for i, c := range contacts {
		at := s.contacts[record{companyID, c.ID}]
		if at == nil {
			return nil, false
		}
		seen[i] = *at
	}
	return seen, true
}

// known is a map that is made when it is needed.
type known[K comparable, V any] map[K]V

func (m *known[K, V]) put(k K, v V) {
	if *m == nil {
		*m = make(known[K, V])
	}
	(*m)[k] = v
}

// take returns what is known, which it is no more.
func (m known[K, V]) take(k K) V {
	v := m[k]
	delete(m, k)
	return v
}
