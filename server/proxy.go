package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// callerAddress is from where a request comes: from the peer, or if that is a
// trusted proxy, from where the last one of those in X-Forwarded-For says. What
// stands before that the caller may have made up.
func (s *Server) callerAddress(r *http.Request) string {
	caller := r.RemoteAddr
	if len(s.config.TrustedProxies) == 0 {
		return caller
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		peer, err := readAddress(caller)
		if err != nil || !slices.ContainsFunc(s.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(peer) }) {
			break
		}
		hop = strings.TrimSpace(hop)
		if _, err := readAddress(hop); err != nil {
			break
		}
		caller = hop
	}
	return caller
}

// readAddress reads an address with or without a port.
func readAddress(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap().WithZone(""), err
}

// remoteAddress is the address for the limits of logins. Of IPv6 it is the
// network: who has one address has all of them (RFC 6177).
func remoteAddress(r *http.Request) string {
	address, err := readAddress(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if address.Is6() {
		address = netip.PrefixFrom(address, 64).Masked().Addr()
	}
	return address.String()
}
