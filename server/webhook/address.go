package webhook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
)

// checkURL returns a URL that requests can be sent to.
func checkURL(text, _ string) (string, string) {
	text = normal.Trim(text)
	if wrong := normal.CheckText(text, maxURL); wrong != "" {
		return "", wrong
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", "must be a URL such as https://hooks.example.com/accounts; got " + fault.Quote(text)
	case u.User != nil || u.Fragment != "":
		return "", "must have neither a user nor a fragment; a receiver knows requests by their signature"
	case u.Port() != "" && !isPort(u.Port()):
		return "", "must have a port from 1 to 65535; got " + fault.Quote(text)
	}
	return text, ""
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// Network is where requests may be sent: to all public addresses, and to those others
// that the operator allows.
type Network struct{ Allowed []netip.Prefix }

// special are addresses that look public and are none, beside those that netip knows:
// of carriers, of tests and benchmarks, of protocols, and those that carry an IPv4
// address which the sender cannot judge (6to4, Teredo, the local NAT64).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// nat64 is where IPv6 networks have the IPv4 addresses of others, in the last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Permits tells whether requests may be sent to an address, in clear text or not: that is
// for addresses that the operator has allowed.
func (n Network) Permits(address netip.Addr, inClear bool) bool {
	address = plain(address)
	if slices.ContainsFunc(n.Allowed, func(p netip.Prefix) bool { return p.Contains(address) }) {
		return true
	}
	return !inClear && isPublic(address)
}

// plain is an address without the forms that IPv6 has of IPv4.
func plain(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if nat64.Contains(address) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}

func isPublic(address netip.Addr) bool {
	return address.IsGlobalUnicast() && !address.IsPrivate() &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(address) })
}

// Offence is what is wrong with a URL that checkURL takes, as far as it can be told
// without looking the host up; empty: nothing.
func (n Network) Offence(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	inClear := u.Scheme == "http"
	if inClear && len(n.Allowed) == 0 {
		return "must be an https URL, since changes hold what customers have told you; got " + fault.Quote(text)
	}
	address, err := netip.ParseAddr(u.Hostname())
	if host := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		address, err = netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	if err == nil && !n.Permits(address, inClear) {
		return "must lead to a public address, or to one that the operator allows (serve --webhook-allow-private); got " + fault.Quote(text)
	}
	return ""
}
