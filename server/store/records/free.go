package records

import (
	"context"

	"github.com/accountsd/accountsd/server/schema"
)

// free is what a transaction has found to be nobody's, while no other one can give it to
// an account: what it then gives cannot be refused, and need not be waited for.
type free struct {
	numbers map[freeNumber]bool
	keys    map[freeKey]bool
}

type freeNumber struct{ companyID, number int64 }

type freeKey struct {
	companyID, propertyID int64
	key                   string
}

func keyOfProperty(p schema.Property, key string) freeKey { return freeKey{p.CompanyID, p.ID, key} }

// noteNumber keeps that a number is nobody's.
func (f *free) noteNumber(n freeNumber) {
	if f.numbers == nil {
		f.numbers = make(map[freeNumber]bool)
	}
	f.numbers[n] = true
}

// noteKey keeps that a key is nobody's.
func (f *free) noteKey(k freeKey) {
	if f.keys == nil {
		f.keys = make(map[freeKey]bool)
	}
	f.keys[k] = true
}

// takeNumber tells whether the number was nobody's, which it is no more.
func (f *free) takeNumber(n freeNumber) bool {
	was := f.numbers[n]
	delete(f.numbers, n)
	return was
}

// takeKey tells whether the key was nobody's, which it is no more.
func (f *free) takeKey(k freeKey) bool {
	was := f.keys[k]
	delete(f.keys, k)
	return was
}

// NumberOwner is that of Reader, while no other transaction gives the number to an account.
func (t *Tx) NumberOwner(ctx context.Context, companyID, number int64) (int64, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return 0, err
	}
	owner, err := t.Reader.NumberOwner(ctx, companyID, number)
	if err == nil && owner == 0 {
		t.free.noteNumber(freeNumber{companyID, number})
	}
	return owner, err
}

// Owners is that of Reader, while no other transaction gives a value to an account.
func (t *Tx) Owners(ctx context.Context, p schema.Property, keys []string) (map[string]int64, error) {
	if err := t.Session.Lock(ctx, p.CompanyID); err != nil {
		return nil, err
	}
	owners, err := t.Reader.Owners(ctx, p, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if owners[key] == 0 {
			t.free.noteKey(keyOfProperty(p, key))
		}
	}
	return owners, nil
}
