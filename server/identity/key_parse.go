package identity

import (
	"net/netip"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/lenient"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
)

// NewKey is a key to make.
type NewKey struct {
	Name        string
	Description string
	Scopes      []Scope   // none: all that the actor may
	ExpiresAt   time.Time // zero: never
	Handling    lenient.Handling
	AllowedIPs  []netip.Prefix // none: from anywhere
	fault.Findings
}

// ParseNewKey reads the body of a request for a key; none was sent if it is nil.
func ParseNewKey(body any) NewKey {
	if body == nil {
		return NewKey{}
	}
	r := patch.NewReader(body, "")
	n := NewKey{
		Name:        patch.Checked(r, "name", patch.Text, atMost(maxKeyTitle)).Value,
		Description: patch.Checked(r, "description", patch.Text, atMost(maxKeyDescription)).Value,
		Scopes:      patch.Value(r, "scopes", patch.ListOf(patch.OneOf(Scopes))),
		ExpiresAt:   patch.Member(r, "expiresAt", patch.Time).Value,
		Handling:    patch.Value(r, "handling", patch.OneOf(lenient.Handlings)),
		AllowedIPs:  patch.Value(r, "allowedIps", readNetworks),
	}
	n.Found = r.Offences
	return n
}

// atMost trims a text, and checks its length.
func atMost(limit int) patch.Checker[string] {
	return func(text, _ string) (string, string) {
		text = normal.Trim(text)
		return text, normal.CheckText(text, limit)
	}
}
