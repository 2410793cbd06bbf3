package identity

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
)

// ParseNetwork reads a network, as 203.0.113.0/24, or an address as that of one.
func ParseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if address, e := netip.ParseAddr(text); e == nil && address.Zone() == "" {
		network, err = address.Prefix(address.BitLen())
	}
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("must be a network such as 203.0.113.0/24, or an address; got %s", fault.Quote(text))
	}
	return network.Masked(), nil
}

// NetworkTexts writes networks, and one of a single address as that. They are never
// nil.
func NetworkTexts(networks []netip.Prefix) []string {
	texts := make([]string, len(networks))
	for i, network := range networks {
		if texts[i] = network.String(); network.IsSingleIP() {
			texts[i] = network.Addr().String()
		}
	}
	return texts
}

// readNetworks reads those that a key may be used from.
func readNetworks(r *patch.Reader, path []string, value any) ([]netip.Prefix, bool) {
	networks, ok := patch.ListOf(readNetwork)(r, path, value)
	if len(networks) > maxKeyNetworks {
		r.Offences.Add(path, "%s", fault.TooMany(maxKeyNetworks, len(networks)))
		return nil, false
	}
	return networks, ok
}

func readNetwork(r *patch.Reader, path []string, value any) (netip.Prefix, bool) {
	text, ok := patch.Text(r, path, value)
	if !ok {
		return netip.Prefix{}, false
	}
	network, err := ParseNetwork(text)
	if err != nil {
		r.Offences.Add(path, "%s", err)
	}
	return network, err == nil
}

// mayComeFrom tells whether the key may be used from an address.
func (h holder) mayComeFrom(address netip.Addr) bool {
	return len(h.allowed) == 0 ||
		slices.ContainsFunc(h.allowed, func(network netip.Prefix) bool { return network.Contains(address) })
}
